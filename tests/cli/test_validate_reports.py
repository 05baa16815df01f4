"""`validate -o …`: what each kind of reader makes of a report."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from controller import __version__
from tests.cli.conftest import Shell

FIXTURES = Path(__file__).parents[1] / "fixtures"
GOOD = "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: good}\nspec: {command: [app]}\n"
BAD = """\
apiVersion: workerset.dev/v1
kind: WorkerSet
metadata: {name: web}
spec:
  command: [app]
  replicas: 2
  env: {A: no}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "a # b"}
---
text
"""
ODD = "c, d:100% é#.yaml"
FORMATS = ("text", "json", "junit", "sarif", "github", "tap")


@pytest.fixture
def project(shell: Shell) -> Shell:
    """Good, bad and strange files in a folder of a repository."""
    (shell.folder / ".git").mkdir()
    shell.write("manifests/a.yaml", BAD)
    shell.write("manifests/b.yaml", "a: [\n")
    shell.write(f"manifests/{ODD}", BAD.partition("---")[0])
    shell.write("manifests/good.yaml", GOOD)
    (shell.folder / "manifests" / "gone.yaml").symlink_to("nowhere.yaml")
    return shell


@pytest.mark.parametrize("form", FORMATS)
def test_the_exit_code_is_the_same_in_every_format(project: Shell, form: str) -> None:
    assert project("validate", "manifests/good.yaml", "-o", form).code == 0
    assert project("validate", "manifests/a.yaml", "-o", form).code == 1
    assert project("validate", "-o", form).code == 2
    assert project("validate", "nope.yaml", "-o", form).code == 2


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfea", b"a: \xff", b"\x7fELF\0", b'spec: {command: ["\\ud800", "\\e[1m"]}', b"]]>: &a *a"],
)
def test_every_format_can_tell_of_any_bytes(shell: Shell, form: str, data: bytes) -> None:
    name = os.fsdecode(b"\xffodd\x1b\n.yaml")
    (shell.folder / name).write_bytes(data)
    outcome = shell("validate", ".", "-o", form)
    assert outcome.code == 1
    if form != "text":
        outcome.out.encode()
    if form == "junit":
        ElementTree.fromstring(outcome.out)
    if form in ("sarif", "json"):
        json.loads(outcome.out)


# ---------------------------------------------------------------------------------------------- SARIF


SARIF: Any = jsonschema.Draft202012Validator(json.loads((FIXTURES / "sarif-2.1.0.json").read_text()))


def sarif(shell: Shell, *words: str, cwd: Path | None = None) -> Any:
    log = json.loads(shell("validate", "-o", "sarif", *words, cwd=cwd).out)
    SARIF.validate(log)
    return log["runs"][0]


def test_the_schema_of_sarif_refuses_what_is_wrong(project: Shell) -> None:
    log = json.loads(project("validate", "manifests", "-o", "sarif").out)
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not SARIF.is_valid(log)


def test_sarif_is_valid_and_says_who_speaks(project: Shell) -> None:
    run = sarif(project, "manifests")
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("workerctl", __version__)
    assert [driver["rules"][one["ruleIndex"]]["id"] for one in run["results"]] == [
        one["ruleId"] for one in run["results"]
    ]
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    assert run["invocations"] == [{"executionSuccessful": False}]


def test_sarif_lines_and_columns_are_positive_and_name_the_piece(project: Shell) -> None:
    for result in sarif(project, "manifests")["results"]:
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
        assert region.get("endColumn", 2) > region["startColumn"]
    unknown = sarif(project, "manifests/a.yaml")["results"][0]
    assert unknown["level"] == "error"
    assert unknown["message"]["text"] == "spec.replicas: unknown field: replicas (fix: write num: 2)"
    assert unknown["properties"] == {"fix": "write num: 2"}
    place = unknown["locations"][0]["physicalLocation"]
    region = place["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (6, 3, 11)
    assert region["snippet"] == {"text": "replicas"}
    assert place["contextRegion"] == {"startLine": 6, "snippet": {"text": "  replicas: 2"}}
    assert place["artifactLocation"] == {"uri": "manifests/a.yaml", "uriBaseId": "%SRCROOT%"}


def test_sarif_names_are_uris_from_the_root_of_the_repository(project: Shell) -> None:
    run = sarif(project, ".", cwd=project.folder / "manifests")
    uris = {
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: one["ruleId"]
        for one in run["results"]
    }
    assert {unquote(uri) for uri in uris} >= {"manifests/a.yaml", f"manifests/{ODD}"}
    assert all(re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri) for uri in uris)
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"].endswith("/shop/")


def test_sarif_of_what_is_right_has_no_results(project: Shell) -> None:
    run = sarif(project, "manifests/good.yaml")
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


# ---------------------------------------------------------------------------------------------- JUnit


def test_junit_has_a_suite_a_file_and_a_case_a_document(project: Shell) -> None:
    outcome = project("validate", "manifests", "-o", "junit")
    root = ElementTree.fromstring(outcome.out)
    assert root.tag == "testsuites"
    cases = {(one.get("classname"), one.get("name")): one for one in root.iter("testcase")}
    assert len(cases) == len(list(root.iter("testcase"))) == int(root.get("tests", "0"))
    web = cases["manifests/a.yaml", "WorkerSet web"]
    (failure,) = web.findall("failure")
    assert failure.get("type") == "UnknownField"
    assert failure.get("message") == "spec.replicas: unknown field: replicas (fix: write num: 2)"
    assert (failure.text or "").startswith("manifests/a.yaml:6:3: error: spec.replicas: unknown field")
    assert "quote it" in (web.findtext("system-out") or "")
    skipped = cases["manifests/a.yaml", "Deployment a # b"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not a WorkerSet: Deployment"
    assert cases["manifests/gone.yaml", "document"].find("error") is not None
    assert list(cases["manifests/good.yaml", "WorkerSet good"]) == []


def test_junit_counts_add_up(project: Shell) -> None:
    root = ElementTree.fromstring(project("validate", "manifests", "-o", "junit").out)
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        for suite in root.iter("testsuite"):
            assert int(suite.get(attribute, "")) == len(list(suite.iter(tag)))
        total = sum(int(suite.get(attribute, "")) for suite in root.iter("testsuite"))
        assert attribute == "skipped" or int(root.get(attribute, "")) == total


STRICT = {  # element: attributes it may have, elements it may hold, as the xUnit plugin of Jenkins has it
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": ("name tests failures errors time skipped", "testcase"),
    "testcase": ("name classname time", "skipped error failure system-out"),
    "failure": ("type message", ""),
    "error": ("type message", ""),
    "skipped": ("type message", ""),
    "system-out": ("", ""),
}


def test_junit_has_only_what_strict_readers_know(project: Shell) -> None:
    root = ElementTree.fromstring(project("validate", "manifests", "-o", "junit").out)
    seen = {element.tag for element in root.iter()}
    assert seen == set(STRICT)
    for element in root.iter():
        attributes, children = (words.split() for words in STRICT[element.tag])
        assert set(element.attrib) <= set(attributes)
        assert {child.tag for child in element} <= set(children)
        assert element.get("time", "0") == "0"


def test_junit_names_are_the_documents_own_and_never_twice(shell: Shell) -> None:
    shell.write("a.yaml", "---\n".join([GOOD, GOOD, "x: 1\n", "y: 1\n"]))
    root = ElementTree.fromstring(shell("validate", "a.yaml", "-o", "junit").out)
    names = [one.get("name") for one in root.iter("testcase")]
    assert names == ["WorkerSet good", "WorkerSet good (2)", "document", "document (2)"]


# ---------------------------------------------------------------------------------------------- GitHub

COMMAND = re.compile(r"::(error|warning) (?P<facts>[^:]*)::(?P<message>.*)")


def annotations(text: str) -> list[dict[str, str]]:
    """As the runner reads them."""
    found = []
    for line in text.splitlines():
        if match := COMMAND.fullmatch(line):
            facts = dict(fact.split("=", 1) for fact in match["facts"].split(","))
            found.append(
                {key: unquote(value) for key, value in facts.items()} | {"message": unquote(match["message"])}
            )
    return found


def test_github_annotations_land_on_the_line(project: Shell) -> None:
    outcome = project("validate", "manifests", "-o", "github")
    found = annotations(outcome.out)
    assert found[0] == {
        "file": "manifests/a.yaml",
        "line": "6",
        "endLine": "6",
        "col": "3",
        "endColumn": "11",
        "title": "UnknownField",
        "message": "spec.replicas: unknown field: replicas (fix: write num: 2)",
    }
    for one in found:
        if "line" in one:
            line = (project.folder / one["file"]).read_text().splitlines()[int(one["line"]) - 1]
            assert len(line) >= int(one["endColumn"]) - 1
    assert outcome.out.splitlines()[-1].startswith("6 documents in 4 files: 1 valid, ")


def test_github_names_are_escaped_and_from_the_root_of_the_repository(project: Shell) -> None:
    inside = project("validate", ".", "-o", "github", cwd=project.folder / "manifests").out
    assert f"manifests/{ODD}" in {one.get("file") for one in annotations(inside)}
    project.environ["GITHUB_WORKSPACE"] = str(project.folder.parent)
    found = annotations(project("validate", "manifests", "-o", "github").out)
    assert found[0]["file"] == "shop/manifests/a.yaml"


def places(shell: Shell, *words: str, cwd: Path | None = None) -> set[str | None]:
    return {one.get("file") for one in annotations(shell("validate", "-o", "github", *words, cwd=cwd).out)}


def test_places_are_the_hosts_where_it_says_so_and_real_ones(shell: Shell, tmp_path: Path) -> None:
    shell.write("deploy/a.yaml", BAD.partition("---")[0])
    (shell.folder / "link").symlink_to("deploy")
    assert places(shell, "a.yaml", cwd=shell.folder / "deploy") == {"a.yaml"}, "no repository, no host"
    shell.environ["GITHUB_WORKSPACE"] = str(shell.folder)
    assert places(shell, "deploy", cwd=shell.folder) == {"deploy/a.yaml"}
    assert places(shell, "link") == {"deploy/a.yaml"}
    assert places(shell, "../deploy/../deploy/a.yaml", cwd=shell.folder / "link") == {"deploy/a.yaml"}
    shell.environ["GITHUB_WORKSPACE"] = str(shell.folder / "deploy")
    outside = shell.write("b.yaml", BAD.partition("---")[0])
    assert places(shell, "../b.yaml", cwd=shell.folder / "deploy") == {str(outside)}
    (shell.folder / ".git").mkdir()
    assert places(shell, ".", cwd=shell.folder / "deploy") == {"a.yaml"}
    del shell.environ["GITHUB_WORKSPACE"]
    assert places(shell, ".", cwd=shell.folder / "deploy") == {"deploy/a.yaml"}


def test_github_values_cannot_begin_a_command_of_their_own(shell: Shell) -> None:
    shell.write("a.yaml", GOOD.replace("[app]", '[app], "x\\n::set-output name=a::b%0A": 1'))
    lines = shell("validate", "a.yaml", "-o", "github").out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "1"]


def test_github_of_standard_input_names_no_file(shell: Shell) -> None:
    (one,) = annotations(shell("validate", "-", "-o", "github", stdin="a: [").out)
    assert "file" not in one
    assert one["message"].startswith("stdin:1:4: ")


# ------------------------------------------------------------------------------------------------- TAP


def test_tap_is_a_test_a_document(project: Shell) -> None:
    lines = project("validate", "manifests", "-o", "tap").out.splitlines()
    assert lines[:2] == ["TAP version 13", "1..7"]
    tests = [line for line in lines if re.match(r"(not )?ok ", line)]
    assert [int(re.findall(r"ok (\d+)", line)[0]) for line in tests] == [1, 2, 3, 4, 5, 6, 7]
    assert tests[0] == "not ok 1 - manifests/a.yaml: WorkerSet web"
    assert tests[1] == r"ok 2 - manifests/a.yaml: Deployment a \# b # SKIP not a WorkerSet: Deployment"
    blocks = "\n".join(lines).split("\n  ---\n")[1:]
    first = yaml.safe_load(blocks[0].partition("\n  ...")[0])
    assert first["severity"] == "fail"
    assert [one["at"] for one in first["diagnostics"]] == ["manifests/a.yaml:6:3", "manifests/a.yaml:7:12"]
    assert first["diagnostics"][0]["fix"] == "write num: 2"


@pytest.mark.skipif(shutil.which("prove") is None, reason="needs prove")
def test_tap_is_understood_by_prove(project: Shell, tmp_path: Path) -> None:
    stream = tmp_path / "report.tap"
    stream.write_text(project("validate", "manifests", "-o", "tap").out)
    done = subprocess.run(
        ["prove", "--exec", "cat", str(stream)], capture_output=True, text=True, check=False
    )
    assert "Failed tests:  1, 3-6" in done.stdout
    assert "Parse errors" not in done.stdout


def test_tap_of_nothing_has_a_plan(shell: Shell) -> None:
    shell.write("a.yaml", "---\n")
    assert shell("validate", "a.yaml", "-o", "tap").out == "TAP version 13\n1..0 # SKIP no documents\n"


# -------------------------------------------------------------------------------------------- the verb


def test_the_summary_goes_where_it_does_not_disturb(project: Shell) -> None:
    for form in ("junit", "sarif", "tap"):
        outcome = project("validate", "manifests/good.yaml", "-o", form)
        assert outcome.err == "1 document in 1 file: 1 valid, 0 invalid\n"
        refused = project("validate", "manifests/good.yaml", "-o", form, "--summary")
        assert (refused.code, "--summary is about text and json" in refused.err) == (2, True)
    assert json.loads(project("validate", "manifests/good.yaml", "-o", "json", "--summary").out) == {
        "summary": {"valid": 1, "invalid": 0, "skipped": 0, "warnings": 0, "files": 1, "ignored": 0}
    }


def test_ignored_files_are_not_looked_at(project: Shell) -> None:
    words = ("--ignore-filename", "[abc]*.yaml", "--ignore-filename", "manifests/gone.*")
    outcome = project("validate", "manifests", *words)
    assert (outcome.code, outcome.out) == (0, "1 document in 1 file: 1 valid, 0 invalid; 4 files ignored\n")
    assert project("validate", ".", "-R", *words).out == outcome.out
    assert project("validate", "manifests", "--ignore-filename", "anifests/*").code == 2


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "²"])
def test_jobs_is_a_number_of_processes(project: Shell, jobs: str) -> None:
    outcome = project("validate", "manifests", f"--jobs={jobs}")
    assert (outcome.code, "not a number of processes" in outcome.err) == (2, True)


def test_colours_are_for_terminals(project: Shell) -> None:
    assert "\x1b" not in project("validate", "manifests").out
    project.environ["CLICOLOR_FORCE"] = "1"
    outcome = project("validate", "manifests/a.yaml").out
    assert "\x1b[1mmanifests/a.yaml:6:3:\x1b[0m \x1b[1;31merror:\x1b[0m spec.replicas" in outcome
    assert "\x1b" not in project("validate", "manifests", "-o", "tap").out


def test_names_of_any_bytes_are_printed_as_they_are(shell: Shell) -> None:
    (shell.folder / os.fsdecode(b"\xff.yaml")).write_text("a: [")
    done = subprocess.run(
        [sys.executable, "-m", "controller", "validate", "."],
        cwd=shell.folder,
        env={**shell.environ, "PYTHONPATH": str(FIXTURES.parents[1]), "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(b"./\xff.yaml:1:4: error: ")
