"""No input crashes the reader or the check: there is a report, and it can be printed."""

from __future__ import annotations

import io
import json

from hypothesis import example, given
from hypothesis import strategies as st

from controller.manifest import diagnostics, files, validate

LINES = """\
apiVersion: workerset.dev/v1
kind: WorkerSet
kind: List
items:
metadata: {name: a}
spec:
  command: [a, 1, no]
  command: 'a | b'
  env: {A: no, B: }
  num: 5
  restart: OnFailure
  background: true
  <<: *a
---
...
%YAML 1.1
# x
|
""".splitlines(keepends=True)
MARKS = ["- ", "&a ", "*a ", *"{}[]'\"	", ": ", "? ", "!t ", "!!int ", ">-\n", "\r\n", *"\ufeffé\x85\x00"]
PIECES = st.sampled_from([*LINES, *MARKS])
KEYS = st.sampled_from(["kind", "apiVersion", "metadata", "spec", "items", "env", "command", "x"])


def _validates(data: bytes) -> None:
    report = validate.validate(["-"], stdin=io.TextIOWrapper(io.BytesIO(data)))
    text = diagnostics.render(report.diagnostics)
    assert text or report.ok
    assert report.summary()
    for one in report.diagnostics:
        diagnostics.as_json(one)
        assert one.line >= 0
        assert one.message


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    _validates(data)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    _validates(text.encode("utf-8", "surrogatepass"))


@given(st.lists(PIECES, max_size=30))
@example(["&a ", "{", "kind: List, items: [", "*a ", "]", "}"])
@example(["kind: List\n", "items:\n", "- ", "&a ", "[", "*a ", "]"])
def test_pieces_of_manifests(pieces: list[str]) -> None:
    _validates("".join(pieces).encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["kind", "apiVersion", "metadata", "spec", "items", "env", "command", "x"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json(value: object) -> None:
    for name in ("a.json", "a.yaml"):
        report = validate.validate_text(json.dumps(value), name)
        assert diagnostics.render(report.diagnostics) or report.ok


@given(st.binary(max_size=50))
def test_any_bytes_decode_or_say_why_not(data: bytes) -> None:
    found = files.decode("a", data)
    assert found.message or isinstance(found.text, str)
