"""`explain` and the reference page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.manifest import explain
from tests.manifest import samples

GOLDEN = Path(__file__).parents[1] / "golden" / "diagnostics" / "explain"


@pytest.mark.parametrize(
    ("name", "fields", "recursive"),
    [
        ("workerset", (), False),
        ("restart", ("spec", "restart"), False),
        ("command", ("spec", "command"), False),
        ("ready_when", ("spec", "ready_when"), False),
        ("log", ("spec", "log"), False),
        ("readiness_probe", ("spec", "readiness_probe"), False),
        ("spec-recursive", ("spec",), True),
    ],
)
def test_layout(
    name: str, fields: tuple[str, ...], recursive: bool, golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDEN / f"{name}.txt", explain.explain(fields, recursive=recursive) + "\n")


@pytest.mark.parametrize("path", [path for path, _ in samples.leaves()], ids=lambda path: ".".join(path))
def test_every_field_can_be_explained(path: tuple[str, ...]) -> None:
    text = explain.explain(path)
    assert f"FIELD: {path[-1]} <" in text
    assert "DESCRIPTION:" in text


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        (("spec", "restrat"), "no such field: spec.restrat", "did you mean restart"),
        (("spec", "log", "xyzzy"), "no such field: spec.log.xyzzy", "fields: max_size, keep"),
        (("spec", "num", "x"), "no such field: spec.num.x", "fields: none"),
    ],
)
def test_an_unknown_field(fields: tuple[str, ...], message: str, hint: str) -> None:
    with pytest.raises(explain.UnknownField, match=message) as caught:
        explain.explain(fields)
    assert caught.value.hint == hint
