"""Everything docs/background-workers.md shows runs as it stands there, in one project."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.client import resources
from tests.e2e.project import DEADLINE_SECONDS, Project

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "background-workers.md"
FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMELESS = re.compile(r"^```\w+\n", re.MULTILINE)


def files() -> dict[str, str]:
    return dict(FILE.findall(GUIDE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("guide")
    for name in ("shop", "home"):
        (folder / name).mkdir()
    project = Project(folder / "shop", folder / "home")
    for name, text in files().items():
        project.write(name, text)
    project.write("flags.json", json.dumps({"checkout": True}))
    try:
        project.apply()
        yield project
    finally:
        project.close()


def says(project: Project, name: str, *words: str) -> None:
    """Follow the log of a set until each of the words was printed."""
    missing = list(words)
    with project.lines(*project.command("logs", "-f", name)) as lines:
        for line in lines:
            missing = [word for word in missing if word not in line]
            if not missing:
                break
    assert not missing, project.ctl("logs", name).stdout


def test_every_program_belongs_to_a_manifest_and_has_a_name() -> None:
    assert not NAMELESS.findall(GUIDE.read_text(encoding="utf-8")), "a snippet that no test runs"
    manifests = "".join(text for name, text in files().items() if name.startswith("manifests/"))
    programs = {name for name in files() if name.startswith("bin/")}
    assert {name for name in programs if name not in manifests} == {"bin/alone.py"}


def test_the_first_one_publishes_and_the_page_follows(running: Project) -> None:
    running.wait_state("flags", "Ready")
    says(running, "page", "new checkout", "checkout is on")
    running.write("flags.json", json.dumps({"checkout": False}))
    says(running, "page", "checkout is off")
    running.write("flags.json", json.dumps({"checkout": True}))


def test_the_database_follows_its_credentials(running: Project) -> None:
    running.wait_state("database", "Ready")
    says(running, "database", "connecting as shop with a password of 16")


def test_one_entrypoint_serves_many_names(running: Project) -> None:
    says(running, "shop", "pages in the cache: 12", "no such command: 'cache:wram' at line")
    said = running.ctl("describe", "ws", "console").stdout
    assert "cache:warm" in said
    assert "mail:watch" in said


def test_requests_are_served_once_the_dependencies_are_there(running: Project) -> None:
    running.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("readyReplicas") == 1)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE_SECONDS)
        client.connect(str(running.root / "web.sock"))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.endswith((b"new\n", b"old\n"))


def test_scopes_have_names_of_their_own(running: Project) -> None:
    says(running, "sites", "green blue")


def test_in_asyncio(running: Project) -> None:
    says(running, "async-page", "async checkout is on")


def test_without_workerset(running: Project) -> None:
    done = subprocess.run(
        [sys.executable, "bin/alone.py"],
        cwd=running.root,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("checkout is o"), done.stderr
