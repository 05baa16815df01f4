"""Scripts written for FrankenPHP, unmodified, under the real controller (S8.2, S9)."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controller.client import resources
from tests.e2e.project import DEADLINE_SECONDS, Project, wait_exists, wait_gone

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


# ------------------------------------------------------------------------------- ensure and vars

CONFIG = """
$handle = frankenphp_get_worker_handle();
frankenphp_set_vars(['by' => $_SERVER['FRANKENPHP_WORKER_NAME'], 'db' => ['host' => 'a', 'port' => 5432]]);
$read = [$handle]; $none = [];
stream_select($read, $none, $none, null);
"""
TELL = """
function tell(string $file, mixed $what): void {
    file_put_contents("$file.tmp", json_encode($what));
    rename("$file.tmp", $file);
}
"""


def told(project: Project, file: str) -> Any:
    """What a script has told in a file, once it has."""
    wait_exists(project.root / file)
    return json.loads((project.root / file).read_text())


def reader(project: Project, code: str) -> None:
    """A worker that does this once and then waits for its end."""
    write(project, "reader.php", f"{TELL}{code}{WAIT}")
    declare(project, "reader", file="reader.php", ready_when="handle")


def test_s5_a_php_file_is_ready_once_it_has_published(project: Project) -> None:
    write(project, "config.php", CONFIG)
    write(project, "silent.php", WAIT)
    declare(project, "config", file="config.php")
    declare(project, "silent", file="silent.php")
    project.apply()
    project.wait_state("config", "Ready")
    project.wait_pid("silent-0")
    assert project.workerset("silent")["status"].get("readyReplicas", 0) == 0


def test_ensure_background_worker_batch_and_get_vars(project: Project) -> None:
    """One PHP worker calls up a named lazy one and two of a catch-all, and reads what they publish."""
    write(project, "config.php", CONFIG)
    declare(project, "config", file="config.php", num=0)
    project.declare("jobs", background=True, file="config.php")
    reader(
        project,
        "frankenphp_ensure_background_worker(['config', 'job-a', 'job-b'], 20);"
        "tell('told', array_map('frankenphp_get_vars', ['config', 'job-a', 'job-b']));",
    )
    project.apply()
    seen = told(project, "told")
    assert [one["by"] for one in seen] == ["config", "job-a", "job-b"]
    assert seen[0]["db"] == {"host": "a", "port": 5432}


def test_ensure_background_worker_error_paths(project: Project) -> None:
    """Undeclared, over the cap, its own file, never published, not running: each says so."""
    write(project, "config.php", CONFIG)
    write(project, "silent.php", WAIT)
    project.declare("jobs", background=True, file="config.php", max_threads=1)
    declare(project, "silent", file="silent.php", num=0, scope="quiet")
    reader(
        project,
        """
        $try = function (callable $what) {
            try { $what(); return ['', 'nothing']; }
            catch (Throwable $e) { return [$e::class, $e->getMessage()]; }
        };
        frankenphp_ensure_background_worker('one');
        $errors['cap'] = $try(fn() => frankenphp_ensure_background_worker('two'));
        $errors['self'] = $try(fn() => frankenphp_ensure_background_worker('config.php'));
        $errors['cold'] = $try(fn() => frankenphp_get_vars('two'));
        putenv('WORKERSET_SCOPE=quiet');
        $errors['undeclared'] = $try(fn() => frankenphp_ensure_background_worker('one'));
        $errors['late'] = $try(fn() => frankenphp_ensure_background_worker('silent', 0.5));
        $errors['silent'] = $try(fn() => frankenphp_get_vars('silent'));
        tell('told', $errors);
        """,
    )
    project.apply()
    errors = told(project, "told")
    assert {kind for kind, _ in errors.values()} == {"RuntimeException"}
    words = {
        "cap": "one",
        "self": "config.php",
        "cold": "frankenphp_ensure_background_worker",
        "undeclared": "quiet",
        "late": "never published vars",
        "silent": "has not published vars yet",
    }
    assert {name: word for name, word in words.items() if word not in errors[name][1]} == {}, errors


def test_ensure_background_worker_boot_failure(project: Project) -> None:
    """S3.6: the error of the one who waits has the exception of the one who died, its file and line."""
    write(project, "broken.php", "frankenphp_get_worker_handle();\nthrow new DomainException('no API key');")
    declare(project, "broken", file="broken.php", num=0, max_consecutive_failures=1)
    reader(
        project,
        "try { frankenphp_ensure_background_worker('broken', 20); }"
        "catch (RuntimeException $e) { tell('told', $e->getMessage()); }",
    )
    project.apply()
    message = told(project, "told")
    for word in ("broken", "DomainException", "no API key", "broken.php:3", "255"):
        assert word in message
    assert "no API key" in project.ctl("describe", "ws", "broken").stdout


def test_background_worker_crash_restart_keeps_stale_vars(project: Project) -> None:
    """CrashRestart: while a publisher is down its last vars are read, and then the newer ones."""
    write(
        project,
        "config.php",
        "if (is_file('dead')) { touch('down'); exit(1); }"
        "$n = (int) @file_get_contents('n') + 1; file_put_contents('n', $n);"
        f"$handle = frankenphp_get_worker_handle(); frankenphp_set_vars(['n' => $n]); {WAIT}",
    )
    declare(project, "config", file="config.php", max_consecutive_failures=-1)
    write(
        project,
        "reader.php",
        TELL + "frankenphp_ensure_background_worker('config');"
        "tell('first', frankenphp_get_vars('config'));"
        "$handle = frankenphp_get_worker_handle(); $none = [];"
        "do { $read = [$handle];"
        " if (is_file('down') && !is_file('second')) tell('second', frankenphp_get_vars('config'));"
        " if (frankenphp_get_vars('config')['n'] > 1) tell('third', frankenphp_get_vars('config'));"
        "} while (stream_select($read, $none, $none, 0, 20000) === 0);",
    )
    declare(project, "reader", file="reader.php", ready_when="handle")
    project.apply()
    assert told(project, "first") == {"n": 1}
    project.write("dead", "")
    os.kill(project.wait_pid("config-0"), signal.SIGKILL)
    assert told(project, "second") == {"n": 1}
    (project.root / "dead").unlink()
    assert told(project, "third") == {"n": 2}


def test_php_reads_what_python_publishes(project: Project) -> None:
    project.write(
        "facts.py",
        "import os, workerset\n"
        "handle = workerset.handle()\n"
        "workerset.set_vars({'text': 'gr\u00fcn', 'raw': b'\\xff', 'numbers': [1, 2.5, True, None]})\n"
        "handle.wait()\n",
    )
    declare(project, "facts", file="facts.py", num=0, ready_when="vars")
    reader(
        project,
        "frankenphp_ensure_background_worker('facts'); $vars = frankenphp_get_vars('facts');"
        "$vars['raw'] = bin2hex($vars['raw']); tell('told', $vars);",
    )
    project.apply()
    assert told(project, "told") == {"text": "grün", "raw": "ff", "numbers": [1, 2.5, True, None]}


# ---------------------------------------------------------------------------------------- requests


@contextlib.contextmanager
def serving(project: Project, *words: str) -> Iterator[Callable[[str], str]]:
    """`php -S` with what `workerctl php-ini WORDS` prints; called with a path it returns what is answered."""
    project.write("ini/workerset.ini", project.ctl("php-ini", *words).stdout)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        ["php", "-S", f"127.0.0.1:{port}", "-t", str(project.root / "public")],
        env={**project.environ, "PHP_INI_SCAN_DIR": f":{project.root}/ini"},
        stderr=subprocess.PIPE,
        text=True,
    )

    def get(path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        connection.request("GET", path)
        answer = connection.getresponse().read().decode()
        connection.close()
        return answer

    with server:
        try:
            assert server.stderr is not None
            assert any("started" in line for line in server.stderr)
            yield get
        finally:
            server.terminate()


def test_requests_of_a_server_ensure_and_read(project: Project) -> None:
    """The token outlives the controller; what a request ensured is released as workerctl's."""
    write(project, "config.php", CONFIG)
    project.declare("jobs", background=True, file="config.php")
    write(
        project,
        "public/index.php",
        "frankenphp_ensure_background_worker($_GET['name'], 20);"
        "echo json_encode([frankenphp_get_vars($_GET['name'])['by'],"
        " isset($_SERVER['FRANKENPHP_WORKER_BACKGROUND'])]);",
    )
    project.apply()
    with serving(project) as get:
        assert json.loads(get("/?name=a")) == ["a", False]
        controller = project.pid_of("controller")
        os.kill(controller, signal.SIGKILL)
        assert json.loads(get("/?name=b")) == ["b", False]
    assert len(project.workers("jobs")) == 2


def test_s2_2_a_server_asks_in_the_scope_of_its_ini(project: Project) -> None:
    write(project, "config.php", CONFIG)
    for scope in ("", "shop"):
        declare(
            project, f"config-{scope or 'global'}", name=f"in-{scope}", scope=scope, file="config.php", num=0
        )
    write(
        project,
        "public/index.php",
        "try { frankenphp_ensure_background_worker('in-'); echo 'found'; }"
        "catch (RuntimeException $e) {"
        " frankenphp_ensure_background_worker('in-shop'); echo $e->getMessage(); }",
    )
    project.apply()
    with serving(project) as get:
        assert get("/") == "found"
    with serving(project, "--scope", "shop") as get:
        assert "shop" in get("/")


def test_only_a_worker_has_a_handle_and_publishes(project: Project) -> None:
    write(
        project,
        "public/index.php",
        "foreach (['frankenphp_get_worker_handle', fn() => frankenphp_set_vars([])] as $what)"
        " try { $what(); } catch (RuntimeException $e) { echo $e->getMessage(), '. '; }",
    )
    project.declare("web", command=["sleep", "1000"])
    project.apply()
    with serving(project) as get:
        assert get("/").count("only a background worker") == 2
