"""The whole check: files in, report out (S1.1, S1.2, S1.5, S1.6)."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from controller.manifest import codes, diagnostics, onwatch, validate
from tests import source_code

ROOT = Path(__file__).parents[2]


def document(name: str, spec: str = "{command: [app]}") -> str:
    return f"apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def check(tmp_path: Path, text: str, *, strict: bool = False, name: str = "m/a.yaml") -> validate.Report:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return validate.validate([name], validate.Options(strict=strict, root=str(tmp_path), cwd=str(tmp_path)))


def lines(report: validate.Report) -> list[str]:
    return [diagnostics.summary(one) for one in report.diagnostics]


def test_s1_1_all_problems_of_all_documents_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(
        document("Bad", "{command: [app], num: -1}") + "---\n" + document("good")
    )
    (tmp_path / "c.yaml").write_text("a: [\n---\n" + document("other", "{}"))
    report = validate.validate(["."], validate.Options(cwd=str(tmp_path)))
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
    assert validate.validate(["a.yaml"], validate.Options(cwd=str(tmp_path))).diagnostics == ()


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
    report = validate.validate(["nope.yaml"], validate.Options(cwd=str(tmp_path)))
    assert lines(report) == ["nope.yaml: error: cannot be read: no such file or directory"]
    assert report.unreadable


def test_standard_input() -> None:
    report = validate.validate(["-"], stdin=io.StringIO(document("a")))
    assert report.ok
    assert report.documents[0].source == "stdin:1"


@pytest.mark.parametrize("text", ["", document("a")[:-20], document("a")[:60], document("a") + "spec: {"])
def test_half_saved_files_are_invalid(tmp_path: Path, text: str) -> None:
    assert not check(tmp_path, text).ok


OTHER = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n"


def test_documents_of_other_kinds_are_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(document("a") + "---\n" + OTHER)
    (tmp_path / "b.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret"}]}'
    )
    report = validate.validate(["."], validate.Options(cwd=str(tmp_path), skip_others=True))
    assert report.diagnostics == ()
    assert report.summary() == "3 documents in 2 files: 1 valid, 0 invalid, 2 skipped"
    assert [(one.status, one.title, one.line) for one in report.verdicts] == [
        ("valid", "WorkerSet a", 1),
        ("skipped", "Deployment web", 6),
        ("skipped", "Secret", 1),
    ]


def test_of_other_kinds_nothing_else_is_said(tmp_path: Path) -> None:
    text = "apiVersion: x.io/v1\nkind: Task\nspec: {args: [5, !tag x], env: {A: no, A: 1}}\n"
    (tmp_path / "a.yaml").write_text(text)
    report = validate.validate([str(tmp_path / "a.yaml")], validate.Options(skip_others=True))
    assert (report.ok, report.counts["skipped"], report.diagnostics) == (True, 1, ())
    strict = validate.validate([str(tmp_path / "a.yaml")], validate.Options(strict=True))
    assert [one.code for one in strict.diagnostics] == ["OtherKind"]


@pytest.mark.parametrize("options", [validate.Options(), validate.Options(skip_others=True, strict=True)])
def test_documents_of_other_kinds_are_refused_where_asked(tmp_path: Path, options: validate.Options) -> None:
    (tmp_path / "a.yaml").write_text(OTHER)
    report = validate.validate([str(tmp_path / "a.yaml")], options)
    assert [(one.code, one.line, one.message) for one in report.diagnostics] == [
        ("OtherKind", 2, "not a WorkerSet: Deployment")
    ]
    assert not report.ok


@pytest.mark.parametrize(
    "text",
    [
        OTHER.replace("apps/v1", "workerset.dev/v1"),
        OTHER.replace("apps/v1", "workerset.dev/v2"),
        OTHER.replace("Deployment", "Workerset"),
        OTHER.replace("Deployment", "worker_set"),
        OTHER.replace("apiVersion: apps/v1\n", ""),
        OTHER.replace("kind: Deployment\n", ""),
        OTHER.replace("Deployment", "7"),
        "a: 1",
    ],
)
def test_what_may_be_meant_for_us_is_never_skipped(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    report = validate.validate([str(tmp_path / "a.yaml")], validate.Options(skip_others=True))
    assert report.counts["invalid"] == 1


@pytest.mark.parametrize(
    "data", [b"# Title: of: this\n\ttext", b"import os\n", b"\x7fELF\0", b"", b"- a\n- b: [\n"]
)
def test_a_named_file_that_is_no_yaml_is_skipped_and_counted(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.yaml").write_text(document("a"))
    (tmp_path / "README.md").write_bytes(data)
    paths = [str(tmp_path / name) for name in ("a.yaml", "README.md")]
    report = validate.validate(paths, validate.Options(skip_others=True))
    assert (report.ok, report.summary()) == (True, "2 documents in 2 files: 1 valid, 0 invalid, 1 skipped")
    strict = validate.validate(paths, validate.Options(skip_others=True, strict=True))
    assert [(one.code, one.line) for one in strict.diagnostics] == [("OtherFile", 0)]
    assert not validate.validate(paths).ok


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.json"])
def test_a_file_that_is_called_yaml_and_is_none_is_invalid(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# Title: of: this\n\ttext: [")
    report = validate.validate([str(tmp_path / name)], validate.Options(skip_others=True))
    assert (report.ok, report.counts["invalid"]) == (False, 1)


def test_a_manifest_of_another_suffix_is_read_even_if_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "a.manifest").write_text(document("a"))
    (tmp_path / "b.bak").write_text(document("b") + "x: [")
    report = validate.validate(
        [str(tmp_path / "a.manifest"), str(tmp_path / "b.bak")], validate.Options(skip_others=True)
    )
    assert report.summary() == "2 documents in 2 files: 1 valid, 1 invalid"


def test_no_files(tmp_path: Path) -> None:
    assert validate.validate([]).summary() == "0 documents in 0 files: 0 valid, 0 invalid"
    report = validate.validate(["."], validate.Options(cwd=str(tmp_path)))
    assert lines(report) == [".: error: no manifests in this folder (*.yaml, *.yml, *.json)"]
    assert report.unreadable


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(document("a"))
    os.mkfifo(tmp_path / "b.yaml")
    (tmp_path / "c.yaml").mkdir()
    report = validate.validate(["."], validate.Options(cwd=str(tmp_path)))
    assert lines(report) == ["./b.yaml: error: not a file but a pipe, a socket or a device"]
    assert report.counts["valid"] == 1


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as pipe:
        pipe.write(document("a"))
    assert validate.validate([f"/dev/fd/{reading}"], validate.Options(skip_others=True)).counts["valid"] == 1
    os.close(reading)


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.yaml", 0),
        ("b.yaml", 1),
        ("t/*", 1),
        ("m/t/*", 1),
        ("./m/t/b.yaml", 1),
        ("t", 2),
        ("x*", 2),
    ],
)
def test_patterns_of_ignored_files(tmp_path: Path, pattern: str, left: int) -> None:
    for name in ("m/a.yaml", "m/t/b.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(document(Path(name).stem))
    options = validate.Options(cwd=str(tmp_path), recursive=True, ignore=[pattern])
    report = validate.validate(["./m"], options)
    assert (report.counts["valid"], report.ignored) == (left, 2 - left)


MAKERS = ("FieldProblem", "NodeProblem", "Diagnostic", "diagnostic", "FileText")


def _reached() -> list[source_code.Module]:
    """What takes part in validation: `manifest`, and all of `core` that it imports."""
    found = {path.stem: source_code.Module(path) for path in (ROOT / "controller/manifest").glob("*.py")}
    pending = list(found.values())
    while pending:
        for name, _ in pending.pop().imports:
            part = name.removeprefix("controller.core.")
            path = ROOT / "controller/core" / f"{part}.py"
            if f"core.{part}" not in found and name.startswith("controller.core.") and path.exists():
                found[f"core.{part}"] = source_code.Module(path)
                pending.append(found[f"core.{part}"])
    return [module for name, module in found.items() if name != "codes"]


def _named(modules: list[source_code.Module]) -> dict[str, ast.expr]:
    """The constants of modules: a code may be given by its name."""
    return {
        name.id: node.value
        for module in modules
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        for name in node.targets
        if isinstance(name, ast.Name)
    }


def test_every_code_is_in_the_list() -> None:
    modules = _reached()
    named = _named(modules)
    given = (
        named.get(ast.unparse(argument).rpartition(".")[2], argument)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(MAKERS)
        for argument in (*node.args, *(one.value for one in node.keywords))
    )
    said = {
        one.value
        for one in given
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
        if re.fullmatch("[A-Z][A-Za-z]+", one.value)
    }
    assert said <= set(codes.CODES)
    assert len(said) > 12
    assert all(any(f'"{code}"' in module.text for module in modules) for code in codes.CODES)


def test_valid_documents_do_not_import_the_validator(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(document("a"))
    code = (
        "import sys; from controller.manifest import validate\n"
        f"assert validate.validate([{str(tmp_path / 'a.yaml')!r}]).ok\n"
        "assert 'jsonschema' not in sys.modules and 'difflib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (
            "scr/**/*.py",
            "no file matches scr/**/*.py; the nearest folder there is: the project root: did you mean src/?",
        ),
        ("src/jobs/*.py", "no file matches src/jobs/*.py; the nearest folder there is: src/"),
        ("*.rb", "no file matches *.rb; the nearest folder there is: the project root"),
        ("**", "every file of the project matches, what workers write too: **"),
        (".", "every file of the project matches, what workers write too: ."),
    ],
)
def test_s4_10_patterns_of_watch_that_mean_nothing_or_everything(
    tmp_path: Path, pattern: str, message: str
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").touch()
    text = document("a", f'{{command: [app], watch: ["{pattern}"]}}')
    report = check(tmp_path, text)
    assert report.ok
    assert [(one.path, one.message) for one in report.diagnostics] == [("spec.watch[0]", f"watch: {message}")]
    assert not check(tmp_path, text, strict=True).ok


@pytest.mark.parametrize(
    "pattern", ["*.py", "src", "src/", "!docs", "./src/*.py", "src/**/*.py", "/src/a.py"]
)
def test_s4_10_patterns_of_watch_that_mean_something(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").touch()
    assert not check(tmp_path, document("a", f'{{command: [app], watch: ["{pattern}"]}}')).diagnostics


def test_s4_10_a_large_folder_is_not_searched_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onwatch, "MOST_ENTRIES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()
    assert not check(tmp_path, document("a", '{command: [app], watch: ["*.py"]}')).diagnostics
