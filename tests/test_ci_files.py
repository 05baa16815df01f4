"""What other projects take from this repository: hooks for pre-commit, an action for GitHub."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "docs/action/action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
GOOD = "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: a}\nspec: {command: [app]}\n"
BAD = GOOD.replace("[app]", "[app], replicas: 2").replace("name: a", "name: b")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with a manifest, and an installed command where the action puts it."""
    folder = tmp_path / "shop"
    (folder / "manifests" / "sub dir").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "manifests" / "good.yaml").write_text(GOOD)
    command = tmp_path / "workerset" / "bin" / "workerctl"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m controller "$@"\n')
    command.chmod(0o755)
    return folder


def run_hook(hook: dict[str, Any], project: Path, files: list[str]) -> subprocess.CompletedProcess[str]:
    command, *words = shlex.split(hook["entry"])
    assert command == "workerctl"
    chosen = [name for name in files if re.search(hook["files"], name)]
    names = chosen if hook.get("pass_filenames", True) else []
    return subprocess.run(
        [str(project.parent / "workerset/bin/workerctl"), *words, *names],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(project.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_check_manifests(hook: dict[str, Any], project: Path) -> None:
    assert set(hook) <= {
        "id",
        "name",
        "description",
        "entry",
        "language",
        "files",
        "require_serial",
        "pass_filenames",
    }
    assert hook["language"] == "python"
    files = ["README.md", "compose.yaml", "manifests/good.yaml", "manifests/sub dir/bad.yaml"]
    done = run_hook(hook, project, files[:-1])
    assert (done.returncode, done.stdout) == (0, "1 document in 1 file: 1 valid, 0 invalid\n")
    (project / files[-1]).write_text(BAD)
    done = run_hook(hook, project, files)
    assert done.returncode == 1
    assert "manifests/sub dir/bad.yaml:4:24: error: spec.replicas" in done.stdout


def test_hooks_see_all_files_at_once() -> None:
    assert all(hook.get("require_serial") or hook.get("pass_filenames") is False for hook in HOOKS)


def test_the_action_is_a_composite_one_whose_inputs_are_all_used() -> None:
    assert ACTION["runs"]["using"] == "composite"
    steps = ACTION["runs"]["steps"]
    used = set(re.findall(r"\${{ inputs\.([\w-]+) }}", yaml.safe_dump(steps)))
    assert used == set(ACTION["inputs"])
    for step in steps:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], (
            "values come by the environment, where a shell cannot read them as code"
        )
    for value in ACTION["inputs"].values():
        assert set(value) == {"description", "default"}
        assert isinstance(value["default"], str)


def run_step(step: dict[str, Any], project: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As the runner would start it: its shell, its variables, expressions filled in."""
    inputs = {name: value["default"] for name, value in ACTION["inputs"].items()} | given
    known = {f"inputs.{name}": value for name, value in inputs.items()}
    known["github.action_path"] = str(ROOT / "docs/action")

    def filled(text: str) -> str:
        return re.sub(r"\${{ ([\w.-]+) }}", lambda match: known[match[1]], text)

    written = {
        name: str(project.parent / name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
    }
    for name in written.values():
        Path(name).touch()
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project / filled(step.get("working-directory", ".")),
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(project.parent),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "RUNNER_TEMP": str(project.parent),
            "GITHUB_WORKSPACE": str(project),
            **written,
            **{name: filled(value) for name, value in step["env"].items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )


def run_action(project: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """The step that validates."""
    return run_step(ACTION["runs"]["steps"][-1], project, given)


def test_the_action_installs_the_version_that_it_is_part_of(project: Path) -> None:
    """With a Python that only writes down what it is asked for."""
    python, log = project.parent / "my python", project.parent / "log"
    python.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" >> "{log}"\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi\n'
    )
    python.chmod(0o755)
    done = run_step(ACTION["runs"]["steps"][0], project, {"python": str(python)})
    assert (done.returncode, done.stderr) == (0, "")
    asked = log.read_text().splitlines()
    assert asked[:-1] == ["-m", "venv", f"{project.parent}/workerset", "-m", "pip", "install", "--quiet"]
    assert 'workerctl = "_workerctl:main"' in (Path(asked[-1]) / "pyproject.toml").read_text()


def test_the_action_names_files_from_the_workspace_wherever_it_works(project: Path) -> None:
    (project / "services" / "web").mkdir(parents=True)
    (project / "services" / "web" / "workerset.yaml").write_text(BAD)
    done = run_action(project, **{"working-directory": "services/web", "sarif-file": "report.sarif"})
    assert done.returncode == 1
    assert "::error file=services/web/workerset.yaml,line=4," in done.stdout
    report = json.loads((project / "services/web/report.sarif").read_text())
    place = report["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == "services/web/workerset.yaml"


def test_the_action_passes_and_fails(project: Path) -> None:
    done = run_action(project)
    assert (done.returncode, done.stdout) == (0, "1 document in 1 file: 1 valid, 0 invalid\n")
    (project / "manifests/sub dir/bad.yaml").write_text(BAD)
    done = run_action(project)
    assert done.returncode == 1
    assert (
        "::error file=manifests/sub dir/bad.yaml,line=4,endLine=4,col=24,endColumn=32,title=UnknownField::"
        in done.stdout
    )


def test_the_action_passes_its_inputs_on(project: Path) -> None:
    (project / "manifests/sub dir/bad.yaml").write_text(BAD)
    (project / "plain.yaml").write_text(GOOD.replace("[app]", "[app, 5]"))
    paths = {"paths": "manifests/sub dir\nplain.yaml\n"}
    done = run_action(project, **paths, **{"sarif-file": "a report.sarif", "junit-file": "r.xml"})
    assert done.returncode == 1
    assert "2 documents in 2 files: 1 valid, 1 invalid, 1 warning" in done.stdout
    assert '"version": "2.1.0"' in (project / "a report.sarif").read_text()
    assert ElementTree.parse(project / "r.xml").getroot().get("failures") == "1"
    ignoring = {"ignore-filename": "sub dir/*\nnothing*"}
    assert run_action(project, paths="manifests", **ignoring).returncode == 0
    assert run_action(project, paths="manifests", recursive="false").returncode == 0
    assert run_action(project, paths="plain.yaml").returncode == 0
    assert run_action(project, paths="plain.yaml", strict="true").returncode == 1
    hostile = run_action(project, paths="$(touch owned)\n`touch owned`\n--help")
    assert hostile.returncode == 2
    assert not (project / "owned").exists()
