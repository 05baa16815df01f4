"""S8.4 for PHP: a script of another user ensures, publishes and reads, as `docs/php.md` says."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import controller
from controller import ports
from controller.sdk.workerset import layout
from controller.vars import folder, header
from tests.e2e.project import DEADLINE_SECONDS, Project
from tests.e2e.test_guide import says
from tests.e2e.test_users import OTHERS, cannot

pytestmark = [
    pytest.mark.skipif(bool(cannot()), reason=cannot() or "-"),
    pytest.mark.skipif(shutil.which("php") is None, reason="there is no php (apt-get install php-cli)"),
]

LOOP = """
$handle = frankenphp_get_worker_handle();
do { %s [$read, $none] = [[$handle], []]; } while (stream_select($read, $none, $none, 0, 100_000) === 0);
"""
SCRIPTS = {
    "config": "$number = 0;"
    + LOOP % "frankenphp_set_vars(['number' => ++$number, 'by' => posix_geteuid()]);",
    "theirs": """
frankenphp_ensure_background_worker('config', 10.0);
$first = frankenphp_get_vars('config');
do { usleep(20_000); $later = frankenphp_get_vars('config'); } while ($later['number'] === $first['number']);
$said = ['uid' => posix_geteuid(), 'read' => $later['by'], 'binary' => "\\x00\\xff"];
frankenphp_set_vars($said);
frankenphp_set_vars([...$said, 'again' => 1]);
"""
    + LOOP % "",
    "reader": """
frankenphp_ensure_background_worker(['theirs', 'config'], 10.0);
do { $told = frankenphp_get_vars('theirs'); } while (!isset($told['again']));
echo 'told ', json_encode([posix_geteuid(), $told['uid'], bin2hex($told['binary'])]), "\\n";
"""
    + LOOP % "frankenphp_ensure_background_worker('theirs');",
    "broken": "frankenphp_get_worker_handle(); throw new DomainException('no such city');",
}


@pytest.fixture(scope="module")
def public() -> Iterator[Project]:
    """A project that everybody may look into, with a controller that everybody may read."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        os.chmod(place, 0o755)
        checkout = Path(controller.__file__).parents[1]
        for part in ("controller", "schemas"):
            shutil.copytree(checkout / part, f"{place}/lib/{part}")
        for name in ("shop", "home"):
            Path(place, name).mkdir()
        project = Project(Path(place, "shop"), Path(place, "home"))
        project.environ["PYTHONPATH"] = f"{place}/lib"
        try:
            yield project
        finally:
            project.close()


def declare(project: Project, name: str, user: str | None, **spec: object) -> None:
    project.write(f"bin/{name}.php", f"<?php\n{SCRIPTS[name]}")
    more = {} if user is None else {"user": user}
    project.declare(name, background=True, name=name, file=f"bin/{name}.php", **more, **spec)


def test_s8_4_a_script_ensures_publishes_and_reads(public: Project) -> None:
    declare(public, "config", None)
    declare(public, "theirs", OTHERS[0])
    declare(public, "reader", OTHERS[1], num=1, ready_when="handle")
    public.apply()
    uids = [pwd.getpwnam(one).pw_uid for one in OTHERS[:2]]
    says(public, "reader", f'told [{uids[1]},{uids[0]},"00ff"]')
    found = json.loads(public.ctl("vars", "get", "theirs", "-o", "json").stdout)
    assert (found["uid"], found["read"]) == (uids[0], os.geteuid())
    assert "ensured theirs by default/reader" in public.ctl("describe", "ws", "theirs").stdout


def test_s6_9_an_ensure_counts_as_a_use(public: Project) -> None:
    """It cannot write that into another user's header, so it has the controller do it."""
    slot = header_of(public, "theirs", pwd.getpwnam(OTHERS[0]).pw_uid)
    header.set_word(slot, layout.TOUCHED, 0)
    header.count_up(slot, layout.SWEPT)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not header.get_word(slot, layout.TOUCHED):
        assert time.monotonic() < deadline
        public.workers("theirs")


def header_of(project: Project, name: str, uid: int) -> str:
    return f"{project.run_dir}/vars/{uid}/{folder.slot_file(ports.VarsName('default', '', name))}"


def test_s3_6_what_it_died_of_is_told(public: Project) -> None:
    declare(public, "broken", OTHERS[0], max_consecutive_failures=0)
    public.apply()
    told = public.ctl("ensure", "broken", code=None)
    assert "DomainException no such city" in told.stderr
