"""The workers that docs/worker-contract.md shows, as they are printed there, under the real controller."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.project import Project, wait_gone

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "worker-contract.md"
SECTION = re.compile(r"^## A worker in (\w+)[^\n]*\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown() -> dict[str, str]:
    """The first program of each section, by the name of its language."""
    found = {}
    for language, text in SECTION.findall(PAGE.read_text(encoding="utf-8")):
        block = FENCE.search(text)
        assert block is not None, f"no program in the section of {language}"
        found[language] = block[2]
    return found


def calling_others() -> str:
    """The second program in sh."""
    return [body for language, body in FENCE.findall(PAGE.read_text(encoding="utf-8")) if language == "sh"][1]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"there is no {program} on PATH")


LANGUAGES = {"Python": "worker.py", "sh": "worker.sh", "Node": "worker.js"}


def test_every_language_that_is_shown_is_run_here() -> None:
    assert shown().keys() == LANGUAGES.keys()


@pytest.mark.parametrize("language", ["Python", "sh", pytest.param("Node", marks=needs("node"))])
def test_s8_3_it_takes_its_handle_and_stops_by_it(project: Project, language: str) -> None:
    """Nothing else would stop it: the signal does not come, and the grace is longer than this test waits."""
    file = LANGUAGES[language]
    project.write(file, shown()[language])
    project.declare(
        "job", background=True, name="job", num=1, file=file, ready_when="handle", stop_grace="90s"
    )
    project.apply()
    project.wait_state("job", "Ready")
    pid = project.wait_pid("job-0")
    project.ctl("stop", "job")
    wait_gone(pid)


@needs("node")
def test_node_ensures_a_worker_and_reads_what_it_publishes(project: Project) -> None:
    project.write(
        "facts.py",
        "import workerset\n"
        "handle = workerset.handle()\n"
        "workerset.set_vars({'host': 'a', 'ports': [1, 2]})\n"
        "handle.wait()\n",
    )
    project.declare("facts", background=True, name="facts", file="facts.py", ready_when="vars")
    project.write("worker.js", shown()["Node"])
    project.declare(
        "job", background=True, name="job", num=1, file="worker.js", args=["facts"], ready_when="handle"
    )
    project.apply()
    project.wait_state("facts", "Ready")
    with project.lines(*project.command("logs", "-f", "job")) as lines:
        assert any('facts {"host":"a","ports":[1,2]}' in line for line in lines)


def test_a_script_calls_up_others_with_workerctl(project: Project) -> None:
    project.write(
        "facts.py", "import workerset\nfor n in workerset.ticks(0.5): workerset.set_vars({'n': n})\n"
    )
    project.write("bin/workerctl", f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m controller "$@"\n')
    (project.root / "bin/workerctl").chmod(0o755)
    project.write("job.sh", calling_others())
    path = f"{project.root}/bin:{project.environ['PATH']}"
    project.declare("job", command=["sh", "job.sh"], env={"PATH": path})
    project.apply()
    project.wait_pid("job-0")
    with project.lines(*project.command("logs", "-f", "job")) as heard:
        assert "nobody declares facts, going on without\n" in heard
        project.declare("facts", background=True, name="facts", file="facts.py", ready_when="vars")
        project.apply()
        project.ctl("restart", "job")
        assert any(line.startswith('facts: {"n":') for line in heard)
        assert any(line.startswith('{"generation": ') for line in heard)
    assert "ensured facts by default/job" in project.ctl("describe", "ws", "facts").stdout
