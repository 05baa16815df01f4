"""What other projects take from this repository: hooks for pre-commit, an action for GitHub."""

from __future__ import annotations

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


def run_action(project: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """The step that validates, as the runner would start it."""
    step = ACTION["runs"]["steps"][-1]
    inputs = {name: value["default"] for name, value in ACTION["inputs"].items()} | given
    environ = {
        name: re.sub(r"\${{ inputs\.([\w-]+) }}", lambda match: inputs[match[1]], value)
        for name, value in step["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(project.parent),
            "RUNNER_TEMP": str(project.parent),
            "GITHUB_WORKSPACE": str(project),
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )


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
