"""The demo as it is typed: every set gets where it should be, files appear, and it ends without a trace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from controller.client import resources
from tests.e2e.project import DEADLINE_SECONDS, Project

ROOT = Path(__file__).parents[2]
STATES = {
    "hello": "Ready",
    "prepare": "Completed",
    "indexer": "Ready",
    "scheduler": "Ready",
    "consumer": "Ready",
    "flaky": "Ready",
    "report": "Lazy",
    "mailbox": "CatchAll",
}


@pytest.fixture
def demo(project: Project) -> Project:
    shutil.copytree(ROOT / "manifests", project.root / "manifests")
    return project


def test_every_set_of_the_demo_gets_where_it_should_be(demo: Project) -> None:
    demo.ctl("apply", "-f", "manifests/")
    for name, state in STATES.items():
        demo.wait_state(name, state)
    assert [len(demo.pids(name)) for name in ("hello", "consumer", "report", "mailbox")] == [2, 3, 0, 0]
    index = json.loads((demo.root / ".workerset/demo/index.json").read_text())
    assert "hello.py.txt" in index


def test_the_lazy_worker_runs_when_it_is_wanted(demo: Project) -> None:
    demo.ctl("apply", "-f", "manifests/")
    demo.ctl("scale", "report", "--num", "1")
    demo.wait_state("report", "Ready")
    demo.ctl("scale", "report", "--num", "0")
    demo.wait(resources.WORKERSETS, "report", lambda obj: obj["status"]["replicas"] == 0)
    assert demo.pids("report") == []


def test_a_mailbox_runs_when_it_is_asked_for(demo: Project) -> None:
    demo.ctl("apply", "-f", "manifests/50-lazy.yaml")
    demo.ctl("ensure", "ada", "bob", "--scope", "mail")
    assert len(demo.pids("mailbox")) == 2
    found = json.loads(demo.ctl("vars", "get", "ada", "--scope", "mail", "-o", "json").stdout)
    assert (found["owner"], found["letters"]) == ("ada", 0)


def test_applying_the_demo_again_restarts_nothing(demo: Project) -> None:
    demo.ctl("apply", "-f", "manifests/")
    steady = ("hello", "indexer", "scheduler", "consumer")
    for name in steady:
        demo.wait_state(name, "Ready")
    before = [demo.pids(name) for name in steady]
    said = demo.ctl("apply", "-f", "manifests/").stdout
    assert said.count("unchanged") == len(STATES)
    assert [demo.pids(name) for name in steady] == before


@pytest.mark.skipif(not (ROOT / ".venv/installed-from").exists(), reason="not set up by make")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_make_demo_ends_cleanly_on_a_signal(demo: Project, sent: signal.Signals) -> None:
    """Sent to the whole process group, as a terminal's Ctrl-C and `timeout` do."""
    made = subprocess.Popen(
        ["make", "--no-print-directory", "-C", str(ROOT), "demo", f"ARGS=-C {demo.root}"],
        env=demo.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert made.stdout is not None
    shown = []
    for line in made.stdout:
        shown.append(line)
        if "hello, world (1)" in line:
            break
    demo.wait(resources.WORKERSETS, "indexer", lambda obj: obj["status"].get("readyReplicas") == 1)
    os.killpg(made.pid, sent)
    rest, _ = made.communicate(timeout=DEADLINE_SECONDS)
    text = "".join(shown) + rest
    assert "\x1b" not in text, "plain lines without a terminal"
    assert "stopped" in rest
    if sent == signal.SIGINT:
        assert "***" not in text, "Ctrl-C is how a demo ends, so make has nothing to complain about"
    own = [line for line in text.splitlines() if " | " not in line]
    assert not [line for line in own if line.startswith("Traceback")], "a worker's own is shown, none of ours"
    assert demo.leftovers() == []
