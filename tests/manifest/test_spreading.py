"""Files examined in shares say what they say examined one by one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli import programs
from controller.core import rules
from controller.manifest import files, spreading, validate
from tests.manifest import samples


def document(name: str, spec: str) -> str:
    return f"apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {{name: {name}}}\nspec: {spec}\n"


SPECS = (
    "{command: [app]}",
    "{command: [app], replicas: 2, env: {A: no}}",
    "{background: true, name: j, command: [app]}",
    "{background: true, command: [app]}",
    "{command: [app], port: 8000}",
    "{command: [app], listen: ['127.0.0.1:8001', 'unix:a.sock']}",
    "{command: [app], depends_on: [w-3, nobody]}",
    "{file: later.py}",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(240):
        spec = SPECS[number % len(SPECS)]
        (tmp_path / f"{number:03}.yaml").write_text(document(f"w-{number % 100}", spec) * (1 + number % 2))
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.json").write_text('{"kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret"}, 5]}')
    (tmp_path / "c.yaml").write_bytes(b"\xff")
    (tmp_path / "d.yaml").symlink_to("d.yaml")
    (tmp_path / os.fsdecode(b"e\xff.yaml")).write_text(document("e", "{}"))
    (tmp_path / "big.yaml").write_text("---\n".join(document(f"big-{n}", SPECS[0]) for n in range(900)))
    return tmp_path


def in_turn(works: Sequence[spreading.Work]) -> list[bytes]:
    return [work() for work in works]


@pytest.mark.parametrize("run", [in_turn, programs.side_by_side], ids=["in turn", "side by side"])
@pytest.mark.parametrize("strict", [False, True])
def test_the_report_is_the_same(folder: Path, run: object, strict: bool) -> None:
    alone = validate.validate(
        ["."], validate.Options(cwd=str(folder), root=str(folder), strict=strict, skip_others=True)
    )
    spread = spreading.Spread(3, run)  # type: ignore[arg-type]
    options = validate.Options(
        cwd=str(folder), root=str(folder), strict=strict, skip_others=True, spread=spread
    )
    assert len(spreading.shares(list(files.find(["."], recursive=False, cwd=str(folder))), 3)) == 3
    shared = validate.validate(["."], options)
    assert shared.diagnostics == alone.diagnostics
    assert shared.verdicts == alone.verdicts
    assert (shared.files, shared.counts) == (alone.files, alone.counts)


def test_a_file_that_changes_meanwhile_is_still_pointed_at(folder: Path) -> None:
    def run(works: Sequence[spreading.Work]) -> list[bytes]:
        answers = in_turn(works)
        for path in folder.glob("*.yaml"):
            if path.is_file():
                path.write_text("")
        return answers

    report = validate.validate(["."], validate.Options(cwd=str(folder), spread=spreading.Spread(2, run)))
    twice = [one for one in report.diagnostics if one.code == "Duplicate"]
    assert twice
    assert all(one.line >= 1 and one.column == 1 for one in twice)


def test_a_process_that_dies_is_made_up_for() -> None:
    here = os.getpid()

    def die() -> bytes:
        if os.getpid() != here:
            os._exit(9)
        return b"late"

    def fail() -> bytes:
        raise SystemExit("never seen") if os.getpid() != here else RuntimeError("seen")

    assert programs.side_by_side([lambda: b"a", die, lambda: b"c" * 200_000]) == [
        b"a",
        b"late",
        b"c" * 200_000,
    ]
    with pytest.raises(RuntimeError, match="seen"):
        programs.side_by_side([lambda: b"a", fail])
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_process_must_have_enough_to_do() -> None:
    few = [files.Place(str(number), f"/{number}", 300) for number in range(40)]
    assert spreading.shares(few, 8) == []
    many = few * 20
    assert len(spreading.shares(many, 1)) == 0
    assert 2 <= len(spreading.shares(many, 64)) <= 64 * 1000 // 60


@given(st.lists(st.integers(0, 1_000_000), max_size=40), st.integers(1, 9))
def test_shares_hold_every_file_once_and_weigh_alike(sizes: list[int], most: int) -> None:
    found: list[files.Found] = [
        files.Place(str(place), f"/{place}", size) for place, size in enumerate(sizes)
    ]
    found += [files.Place("stdin", "-", 0), files.FileText("x", message="no")]
    shares = spreading.shares(found, most)
    assert len(shares) <= most
    if shares:
        assert sorted(place for share in shares for place in share) == list(range(len(sizes)))
        weights = [sum(sizes[place] + spreading.PER_FILE for place in share) for share in shares]
        assert max(weights) - min(weights) <= max(sizes) + spreading.PER_FILE


NAMES = st.sampled_from(["a", "b", "c"])
OBJECTS = st.builds(
    lambda name, spec: {**samples.MINIMAL, "metadata": {"name": name}, "spec": spec},
    NAMES,
    st.fixed_dictionaries(
        {"command": st.just(["x"])},
        optional={
            "background": st.booleans(),
            "name": NAMES,
            "scope": NAMES,
            "port": st.sampled_from([1, 2]),
            "listen": st.lists(st.sampled_from(["1", "unix:x", "bad:bad:"]), max_size=2),
            "depends_on": st.lists(NAMES, max_size=2),
            "num": st.integers(0, 3),
        },
    ),
)


@given(st.lists(OBJECTS, max_size=6))
def test_s1_2_an_outline_is_all_that_rules_between_documents_look_at(docs: list[dict[str, object]]) -> None:
    outlines = [rules.outline(doc) for doc in docs]
    assert rules.document_set_problems(outlines) == rules.document_set_problems(docs)
    assert rules.document_set_warnings(outlines) == rules.document_set_warnings(docs)
