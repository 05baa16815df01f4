"""S8.4: a worker of another user ensures, publishes, reads and is counted; nobody else can."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.runtime import environment
from controller.sdk.workerset import counts
from tests.e2e.project import Project
from tests.e2e.test_guide import says

OTHERS = os.environ.get("WORKERSET_TEST_USERS", "nobody daemon").split()
NOBODY = OTHERS[0]
PYTHON = "/usr/bin/python3"


def cannot() -> str:
    """Why these tests cannot run here; empty where they can."""
    if os.geteuid() != 0:
        return "only root may run processes of another user"
    if shutil.which("setpriv") is None or not os.access(PYTHON, os.X_OK):
        return f"needs setpriv and {PYTHON}"
    return ""


pytestmark = pytest.mark.skipif(bool(cannot()), reason=cannot() or "-")


@pytest.fixture(scope="module")
def library() -> Iterator[str]:
    """Where everybody can read it: this checkout may be its owner's alone."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        shutil.copytree(Path(environment.SDK) / "workerset", f"{folder}/workerset")
        yield folder


CONFIG = """\
import workerset
for number in workerset.ticks(0.1):
    workerset.set_vars({"number": number, "by": "root"})
"""
THEIRS = """\
import os, workerset
handle = workerset.handle()
workerset.ensure("config")
first = workerset.get_vars("config")
after = workerset.wait_vars("config", timeout=10)
found = {"uid": os.getuid(), "read": first["by"], "newer": after.vars["number"] > first["number"]}
workerset.set_vars(found)
workerset.set_vars({**found, "again": 1})
print("environment", os.environ["WORKERSET_VARS"], os.environ["WORKERSET_SOCKET"])
handle.wait()
"""
SERVER = """\
import workerset
from workerset import load
load.current().begin()
workerset.ready()
print("counted", load.current().in_flight)
workerset.handle().wait()
"""
MOVER = """\
import os, workerset
handle = workerset.handle()
workerset.set_vars({"uid": os.getuid()})
print("published as", os.getuid())
handle.wait()
workerset.set_vars({"uid": os.getuid(), "last words of": os.environ["WORKERSET_ORDINAL"]})
print("had last words")
"""
READER = """\
import workerset
print("told", dict(workerset.ensure_vars("theirs")))
from workerset import places
print("read only:", places.place_of(None).slots["theirs"].words.readonly)
workerset.handle().wait()
"""


def of(user: str | None, text: str, library: str) -> dict[str, Any]:
    more = {} if user is None else {"user": user, "env": {"PYTHONPATH": library}}
    return {"background": True, "command": [PYTHON, "-u", "-c", text], **more}


def test_s8_4_it_ensures_publishes_and_reads(project: Project, library: str) -> None:
    project.declare("config", name="config", ready_when="vars", **of(None, CONFIG, library))
    project.declare("theirs", name="theirs", ready_when="vars", **of(NOBODY, THEIRS, library))
    project.declare("reader", name="reader", num=1, **of(OTHERS[1], READER, library))
    project.declare("same", name="same", num=1, **of(None, READER, library))
    project.apply()
    uid = pwd.getpwnam(NOBODY).pw_uid
    for one in ("reader", "same"):
        says(project, one, f"'uid': {uid}", "'read': 'root', 'newer': True")
    says(project, "reader", "read only: True")
    says(project, "same", "read only: False")
    found = json.loads(project.ctl("vars", "get", "theirs", "-o", "json").stdout)
    assert found["uid"] == uid
    assert "ensured config by default/theirs" in project.ctl("describe", "ws", "config").stdout
    check_nobody_else_can(project, uid)


def test_s8_4_its_requests_are_counted(project: Project, library: str) -> None:
    spec = of(NOBODY, SERVER, library)
    del spec["background"]
    project.declare("web", listen=["127.0.0.1:0"], num=1, max_threads=2, ready_when="notify", **spec)
    project.apply()
    says(project, "web", "counted 1")
    run = Path((project.root / ".workerset/run").read_text().strip())
    assert [counts.read(str(path)) for path in (run / "n").glob("*.load")] == [(1, 1)]


def test_s8_4_vars_move_with_the_user_of_a_pool(project: Project, library: str) -> None:
    """Whoever still runs as the last user publishes until it ends: the next ones start after that."""
    run = None
    for user in (NOBODY, None):
        project.declare("mover", name="mover", num=3, ready_when="vars", **of(user, MOVER, library))
        project.apply()
        uid = os.geteuid() if user is None else pwd.getpwnam(user).pw_uid
        says(project, "mover", f"published as {uid}")
        project.wait_state("mover", "Ready")
        found = json.loads(project.ctl("vars", "get", "mover", "-o", "json").stdout)
        assert found["uid"] == uid
        run = Path((project.root / ".workerset/run").read_text().strip())
    for ordinal in range(3):
        said = project.ctl("logs", f"mover-{ordinal}").stdout
        assert said.splitlines()[1:3] == ["had last words", f"published as {os.geteuid()}"], said
    assert run is not None
    assert list((run / "vars" / str(pwd.getpwnam(NOBODY).pw_uid)).iterdir()) == []


def check_nobody_else_can(project: Project, uid: int) -> None:
    """A process of that user that workerset did not start reaches nothing."""
    run = Path((project.root / ".workerset/run").read_text().strip())
    for path in ("vars", "workers.sock", "n/workers.sock", f"vars/{uid}"):
        words = ["setpriv", f"--reuid={uid}", "--clear-groups", "stat", str(run / path)]
        assert subprocess.run(words, capture_output=True, check=False).returncode != 0
    theirs = [path for path in (run / "vars" / str(uid)).iterdir() if path.suffix != ".name"]
    assert {path.stat().st_uid for path in theirs} == {uid}
    alone = [path for path in (run / "vars").iterdir() if path.suffix == ".name"]
    assert {path.stat().st_mode & 0o777 for path in alone} == {0o600}
