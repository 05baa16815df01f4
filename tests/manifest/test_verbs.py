"""The verbs that need no controller: validate and explain."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.cli import context, main

GOOD = "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: a}\nspec: {command: [app]}\n"
BAD = GOOD.replace("[app]", "[app], replicas: 2")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".workerset").mkdir()
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    return tmp_path


def run(folder: Path, *words: str, stdin: str = "") -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    environ = {"HOME": str(folder.parent), "XDG_RUNTIME_DIR": str(folder)}
    code = main.execute(words, context.Context(io.StringIO(stdin), out, err, environ, str(folder)))
    return Outcome(code, out.getvalue(), err.getvalue())


def test_valid(folder: Path) -> None:
    assert run(folder, "validate", "-f", "good.yaml") == Outcome(
        0, "1 document in 1 file: 1 valid, 0 invalid\n", ""
    )


def test_invalid(folder: Path) -> None:
    outcome = run(folder, "validate", "-f", "good.yaml", "-f", "bad.yaml")
    assert outcome.code == 1
    assert outcome.out.startswith("bad.yaml:3:18: error: metadata.name: declared twice")
    assert "bad.yaml:4:24: error: spec.replicas: unknown field: replicas\n" in outcome.out
    assert outcome.out.endswith("\n  fix: write num: 2\n2 documents in 2 files: 1 valid, 1 invalid\n")


def test_only_the_summary(folder: Path) -> None:
    assert (
        run(folder, "validate", "bad.yaml", "--summary").out == "1 document in 1 file: 0 valid, 1 invalid\n"
    )


def test_as_json(folder: Path) -> None:
    outcome = run(folder, "validate", "bad.yaml", "-o", "json")
    assert outcome.code == 1
    assert json.loads(outcome.out) == {
        "summary": {"valid": 0, "invalid": 1, "skipped": 0, "warnings": 0, "files": 1, "ignored": 0},
        "documents": [
            {
                "file": "bad.yaml",
                "line": 1,
                "kind": "WorkerSet",
                "namespace": "",
                "name": "a",
                "status": "invalid",
            }
        ],
        "diagnostics": [
            {
                "file": "bad.yaml",
                "line": 4,
                "column": 24,
                "path": "spec.replicas",
                "severity": "error",
                "code": "UnknownField",
                "message": "unknown field: replicas",
                "fix": "write num: 2",
            }
        ],
    }


def test_strict(folder: Path) -> None:
    (folder / "plain.yaml").write_text(GOOD.replace("[app]", "[app, 5]"))
    assert run(folder, "validate", "plain.yaml").code == 0
    assert run(folder, "validate", "plain.yaml", "--strict").code == 1


def test_paths_of_manifests_start_at_the_project(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "app.py").touch()
    (folder / "sub" / "a.yaml").write_text(GOOD.replace("command: [app]", "file: app.py"))
    assert "fix: write file: sub/app.py\n" in run(folder, "validate", "-f", "sub").out


def test_standard_input(folder: Path) -> None:
    assert run(folder, "validate", "-f", "-", stdin=GOOD).code == 0
    assert run(folder, "validate", "-f", "-", stdin=BAD).out.startswith("stdin:4:24: error: spec.replicas")


@pytest.mark.parametrize("words", [("-f", "nope.yaml"), ("-o", "xml"), ("--bogus",)])
def test_usage_and_files_that_cannot_be_read(folder: Path, words: tuple[str, ...]) -> None:
    assert run(folder, "validate", *words).code == 2


def test_without_a_path_it_reads_what_up_would(folder: Path) -> None:
    nothing = run(folder, "validate")
    assert nothing.code == 2
    assert "nothing to validate" in nothing.err
    (folder / "manifests" / "sub").mkdir(parents=True)
    (folder / "manifests" / "sub" / "a.yaml").write_text(GOOD)
    assert run(folder, "validate").out == "1 document in 1 file: 1 valid, 0 invalid\n"
    (folder / "workerset.yaml").write_text(BAD)
    assert run(folder, "validate").out.startswith("workerset.yaml:4:24: error")


WORDS = "ws workerset workersets.workerset.dev WS"


@pytest.mark.parametrize("word", [f"{kind}.spec.restart" for kind in WORDS.split()] + ["spec.restart"])
def test_explain(folder: Path, word: str) -> None:
    outcome = run(folder, "explain", word)
    assert outcome.code == 0
    assert "FIELD: restart <string>\nENUM: always, on_failure, never\nDEFAULT: always\n" in outcome.out


def test_explain_without_a_field_and_with_all(folder: Path) -> None:
    assert "FIELDS:\n  apiVersion\t<string> -required-\n" in run(folder, "explain", "workerset").out
    assert "\n  restart\t<string>\n" in run(folder, "explain", "ws.spec", "--recursive").out


@pytest.mark.parametrize(
    ("word", "code", "text"), [("ws.spec.restrat", 1, "did you mean restart"), ("pods", 2, "only")]
)
def test_explain_of_what_is_not_there(folder: Path, word: str, code: int, text: str) -> None:
    outcome = run(folder, "explain", word)
    assert (outcome.code, text in outcome.err) == (code, True)
