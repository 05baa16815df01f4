"""Scripts written for FrankenPHP, unmodified, under the real controller (S8.2, S9)."""

from __future__ import annotations

import json
import os
import shutil
import signal
from typing import Any

import pytest

from controller.client import resources
from tests.e2e.project import Project, wait_exists, wait_gone

pytestmark = pytest.mark.skipif(
    shutil.which("php") is None, reason="there is no php (apt-get install php-cli)"
)

WAIT = """
$handle = frankenphp_get_worker_handle();
$read = [$handle]; $none = [];
stream_select($read, $none, $none, null);
"""


def write(project: Project, name: str, code: str) -> None:
    project.write(name, f"<?php\n{code}")


def declare(project: Project, name: str, /, **spec: Any) -> None:
    project.declare(name, **{"background": True, "name": name, "num": 1, **spec})


def test_background_worker_bg_flag(project: Project) -> None:
    """S9: exactly the boolean true; and the rest of what a script knows of itself."""
    write(
        project,
        "flag.php",
        "file_put_contents('flag.tmp', json_encode([$_SERVER['FRANKENPHP_WORKER_BACKGROUND'],"
        " $_SERVER['FRANKENPHP_WORKER'], $_SERVER['FRANKENPHP_WORKER_NAME'], $argv[1], $argv[2]]));"
        "rename('flag.tmp', 'flag');" + WAIT,
    )
    declare(project, "flag", file="flag.php", args=["--once"], ready_when="handle")
    project.apply()
    project.wait_state("flag", "Ready")
    seen = json.loads((project.root / "flag").read_text())
    assert seen == [True, "flag", "flag", "flag", "--once"]
    assert seen[0] is True


def test_background_worker_lifecycle(project: Project) -> None:
    """S4.6: it wakes at the end of its handle, and is not signalled because it took it."""
    write(
        project,
        "job.php",
        "pcntl_async_signals(true); pcntl_signal(SIGTERM, fn() => file_put_contents('signalled', ''));"
        f"{WAIT} file_put_contents('ended', json_encode([fgets($handle), feof($handle)]));",
    )
    declare(project, "job", file="job.php", ready_when="handle")
    project.apply()
    project.wait_state("job", "Ready")
    pid = project.wait_pid("job-0")
    project.ctl("stop", "job")
    wait_gone(pid)
    assert (project.root / "ended").read_text() == "[false,true]"
    assert not (project.root / "signalled").exists()


def test_background_worker_crash_restarts(project: Project) -> None:
    write(project, "crash.php", "if (!is_file('once')) { touch('once'); exit(1); }" + WAIT)
    declare(project, "crash", file="crash.php", ready_when="handle")
    project.apply()
    project.wait_state("crash", "Ready")
    assert (project.root / "once").exists()
    pid = project.wait_pid("crash-0")
    os.kill(pid, signal.SIGKILL)
    assert project.wait_pid("crash-0", other_than=pid) != pid


def test_a_console_script_without_a_suffix_is_php_by_its_first_line(project: Project) -> None:
    path = project.write(
        "bin/console",
        "#!/usr/bin/env php\n<?php\n"
        "if ($_SERVER['FRANKENPHP_WORKER_NAME'] !== 'mail') throw new Exception('unknown worker');" + WAIT,
    )
    path.chmod(0o755)
    declare(project, "mail", file="bin/console", ready_when="handle")
    project.apply()
    project.wait_state("mail", "Ready")


def test_s4_6_a_worker_that_is_stuck_is_killed_after_its_grace(project: Project) -> None:
    write(project, "stuck.php", "frankenphp_get_worker_handle(); touch('stuck'); while (true) sleep(60);")
    declare(project, "stuck", file="stuck.php", ready_when="handle", stop_grace="300ms")
    project.apply()
    project.wait_state("stuck", "Ready")
    wait_exists(project.root / "stuck")
    pid = project.wait_pid("stuck-0")
    project.ctl("delete", "ws", "stuck")
    wait_gone(pid)


def test_output_and_uncaught_exceptions_are_in_the_log_as_php_prints_them(project: Project) -> None:
    write(project, "boom.php", "echo 'hello'; throw new RuntimeException('boom');")
    declare(
        project, "boom", file="boom.php", ready_when="handle", restart="never", max_consecutive_failures=0
    )
    project.apply()
    project.wait(resources.WORKERSETS, "boom", lambda obj: obj["status"].get("state") == "Failed")
    log = project.ctl("logs", "boom").stdout
    assert "hello" in log
    assert "Uncaught RuntimeException: boom" in log
