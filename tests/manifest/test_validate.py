"""The whole check: files in, report out (S1.1, S1.2, S1.5, S1.6)."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from controller.manifest import diagnostics, validate


def document(name: str, spec: str = "{command: [app]}") -> str:
    return f"apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def check(tmp_path: Path, text: str, *, strict: bool = False, name: str = "m/a.yaml") -> validate.Report:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return validate.validate([name], strict=strict, root=str(tmp_path), around=validate.Around(str(tmp_path)))


def lines(report: validate.Report) -> list[str]:
    return [diagnostics.summary(one) for one in report.diagnostics]


def test_s1_1_all_problems_of_all_documents_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        document("Bad", "{command: [app], num: -1}") + "---\n" + document("good")
    )
    (tmp_path / "c.yaml").write_text("a: [\n---\n" + document("other", "{}"))
    report = validate.validate(["."], around=validate.Around(str(tmp_path)))
    assert [(one.file, one.line, one.path) for one in report.diagnostics] == [
        ("./b.yaml", 3, "metadata.name"),
        ("./b.yaml", 4, "spec.num"),
        ("./c.yaml", 1, ""),
        ("./c.yaml", 6, "spec"),
    ]
    assert report.summary() == "4 documents in 2 files: 1 valid, 3 invalid"
    assert not report.ok
    assert not report.unreadable


def test_s1_2_collisions_name_the_other_place(tmp_path: Path) -> None:
    text = document("a", "{background: true, name: j, command: [app]}")
    report = check(tmp_path, text + "---\n" + text.replace("name: a", "name: b"))
    assert lines(report) == [
        "m/a.yaml:9:32: error: spec.name: a already answers to this name in the global scope: j (m/a.yaml:1)"
    ]
    assert report.summary() == "2 documents in 1 file: 1 valid, 1 invalid"


def test_s1_2_a_document_with_a_problem_still_takes_part_in_the_comparison(tmp_path: Path) -> None:
    report = check(tmp_path, document("a") + "---\n" + document("a", "{command: [app], num: -1}"))
    assert [one.path for one in report.diagnostics] == ["metadata.name", "spec.num"]


def test_s1_5_a_path_that_exists_only_beside_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "app.py").touch()
    (tmp_path / "m" / ".env").touch()
    report = check(tmp_path, document("a", "{file: app.py, env_files: [.env]}"))
    assert [(one.severity, one.path, one.fix) for one in report.diagnostics] == [
        ("error", "spec.file", "write file: m/app.py"),
        ("error", "spec.env_files[0]", "write m/.env"),
    ]


def test_s1_5_a_path_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    text = document("a", "{file: later.py, working_dir: build, interpreter: python3}")
    report = check(tmp_path, text)
    assert [(one.severity, one.path) for one in report.diagnostics] == [
        ("warning", "spec.file"),
        ("warning", "spec.working_dir"),
    ]
    assert report.ok
    assert report.summary() == "1 document in 1 file: 1 valid, 0 invalid, 2 warnings"
    strict = check(tmp_path, text, strict=True)
    assert not strict.ok
    assert strict.summary() == "1 document in 1 file: 0 valid, 1 invalid"


def test_s1_5_without_a_project_no_path_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(document("a", "{file: later.py}"))
    assert validate.validate(["a.yaml"], around=validate.Around(str(tmp_path))).diagnostics == ()


def test_s1_6_a_plain_scalar_that_others_change_is_a_warning(tmp_path: Path) -> None:
    text = document("a", "{command: [app], env: {A: no, B: 'no', C: 1.10}}")
    report = check(tmp_path, text)
    assert [(one.severity, one.code, one.fix) for one in report.diagnostics] == [
        ("warning", "PlainScalar", 'quote it: "no"'),
        ("warning", "PlainScalar", 'quote it: "1.10"'),
    ]
    assert report.documents[0].object["spec"]["env"] == {"A": "no", "B": "no", "C": "1.10"}
    assert not check(tmp_path, text, strict=True).ok


def test_a_generated_name_cannot_be_applied(tmp_path: Path) -> None:
    report = check(tmp_path, document("a").replace("name: a", "generateName: a-"))
    assert [(one.path, one.code) for one in report.diagnostics] == [("metadata.generateName", "Invalid")]


def test_what_get_prints_can_be_validated_again() -> None:
    text = document("a").replace(
        "{name: a}",
        "{name: a, namespace: default, uid: x, resourceVersion: '5', generation: 1, creationTimestamp: "
        "2026-01-01T00:00:00Z, managedFields: [{manager: workerctl}]}",
    )
    report = validate.validate_text(text + "status: {replicas: 1, conditions: [{type: Ready}]}\n")
    assert report.diagnostics == ()


def test_files_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    report = validate.validate(["nope.yaml"], around=validate.Around(str(tmp_path)))
    assert lines(report) == ["nope.yaml: error: cannot be read: no such file or directory"]
    assert report.unreadable


def test_standard_input() -> None:
    report = validate.validate(["-"], stdin=io.StringIO(document("a")))
    assert report.ok
    assert report.documents[0].source == "stdin:1"


@pytest.mark.parametrize("text", ["", document("a")[:-20], document("a")[:60], document("a") + "spec: {"])
def test_half_saved_files_are_invalid(tmp_path: Path, text: str) -> None:
    assert not check(tmp_path, text).ok


def test_valid_documents_do_not_import_the_validator(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(document("a"))
    code = (
        "import sys; from controller.manifest import validate\n"
        f"assert validate.validate([{str(tmp_path / 'a.yaml')!r}]).ok\n"
        "assert 'jsonschema' not in sys.modules and 'difflib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
