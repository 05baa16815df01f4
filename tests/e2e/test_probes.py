"""Probes with real workers (S1): HTTP, private sockets and ports, commands, the watchdog, eager liveness."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

from controller.client import resources
from tests.e2e import web
from tests.e2e.project import Object, Project, wait_gone

SERVER = """
import http.server, os, socket, sys

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with open("status") as file:
                status = int(file.read())
        except FileNotFoundError:
            status = 200
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_words):
        pass

class Private(http.server.HTTPServer):
    address_family = socket.AF_UNIX

    def __init__(self, descriptor):
        super().__init__(("", 0), Health, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=descriptor)
        self.socket.setblocking(True)

    def get_request(self):
        connection, _ = self.socket.accept()
        return connection, ("", 0)

names = os.environ.get("LISTEN_FDNAMES", "").split(":")
if "probe" in names:
    server = Private(3 + names.index("probe"))
else:
    port = os.environ.get("WORKERSET_PROBE_PORT") or os.environ.get("PORT") or sys.argv[1]
    server = http.server.HTTPServer(("127.0.0.1", int(port)), Health)
if names[0]:
    import threading
    listener = socket.socket(fileno=3)
    listener.setblocking(True)
    threading.Thread(target=lambda: [listener.accept() for _ in iter(int, 1)], daemon=True).start()
server.serve_forever()
"""

WATCHDOG = """
import os, select, socket, time
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
pause = int(os.environ["WATCHDOG_USEC"]) / 1e6 / 2
while not os.path.exists("stuck"):
    notify.send(b"WATCHDOG=1")
    select.select([], [], [], pause)
select.select([], [], [])
"""

QUICK = {"period": "200ms", "timeout": "5s", "failure_threshold": 2}
LISTENS = {"tcp": True, "period": "100ms", "failure_threshold": 300}
"""Of a startup probe: the others wait until the server can be asked at all."""


@pytest.fixture
def project(project: Project) -> Project:
    project.write("server.py", SERVER)
    project.write("watchdog.py", WATCHDOG)
    return project


def declare(project: Project, name: str = "web", *words: str, **spec: Any) -> None:
    script = spec.pop("script", "server.py")
    project.declare(name, command=[sys.executable, script, *words], min_ready="100ms", **spec)
    project.apply()


def answered(project: Project, role: str, passed: bool, worker: str = "web-0") -> Object:
    """The condition of a probe once it passes or fails for good."""

    def found(pod: Object) -> list[Object]:
        wanted = (f"workerset.dev/{role}-probe", "True" if passed else "False")
        return [
            one
            for one in pod.get("status", {}).get("conditions", ())
            if (one["type"], one["status"]) == wanted and one["reason"] != "NotYet"
        ]

    pod = project.wait(resources.PODS, worker, lambda pod: bool(found(pod)))
    return found(pod)[0]


def test_s5_ready_only_while_the_probe_passes(project: Project) -> None:
    port = web.free_port()
    project.write("status", "503")
    declare(project, port=port, startup_probe=LISTENS, readiness_probe={"http": "/healthz", **QUICK})
    failing = answered(project, "readiness", passed=False)
    assert failing["message"] == "HTTP probe failed with statuscode: 503"
    (pid,) = project.pids("web")
    project.write("status", "301")
    project.wait_state("web", "Ready")
    assert answered(project, "readiness", passed=True)["message"].startswith("HTTP status 301 of http://")
    project.write("status", "500")
    project.wait_state("web", "Starting")
    assert project.pids("web") == [pid]
    shown = project.ctl("describe", "web").stdout
    assert "Probes:" in shown
    assert "HTTP probe failed with statuscode: 500" in shown
    unhealthy = [one for one in project.events("web-0") if one["reason"] == "Unhealthy"]
    told = [one["message"] for one in unhealthy if one["message"].startswith("Readiness")]
    assert told[0].startswith("Readiness probe failed: HTTP probe failed with statuscode: ")


def test_s1_7_a_plain_set_with_a_port_is_probed_without_a_word(project: Project) -> None:
    declare(project, port=web.free_port())
    project.wait_state("web", "Ready")
    assert answered(project, "readiness", passed=True)["message"].startswith("connected to 127.0.0.1:")


def test_against_nothing(project: Project) -> None:
    port = web.free_port()
    declare(project, "web", str(web.free_port()), readiness_probe={"tcp": True, "port": port, **QUICK})
    failing = answered(project, "readiness", passed=False)
    assert failing["message"] == f"connection refused: 127.0.0.1:{port}"
    (pid,) = project.pids("web")
    assert project.workerset("web")["status"]["readyReplicas"] == 0
    assert project.pids("web") == [pid]


def test_s4_2_liveness_kills_is_counted_and_slowed_down(project: Project) -> None:
    port = web.free_port()
    project.write("status", "500")
    eager = {"http": "/", "period": "100ms", "timeout": "5s", "failure_threshold": 1}
    give_up = {"max_consecutive_failures": 2, "retry_after": "0s"}
    declare(project, port=port, startup_probe=LISTENS, liveness_probe=eager, **give_up)
    failed = project.wait_state("web", "Failed")
    assert (
        "3rd time: Liveness probe failed: HTTP probe failed with statuscode: 500"
        in failed["status"]["message"]
    )
    reasons = {one["reason"] for one in project.events("web-0")}
    assert {"Unhealthy", "Killing", "Crashed", "GivenUp"} <= reasons


def test_a_command_in_the_workers_environment(project: Project) -> None:
    check = ["sh", "-c", "test $COLOUR = blue && test -e alive || { echo no alive; exit 4; }"]
    project.write("alive", "")
    declare(
        project,
        "web",
        str(web.free_port()),
        env={"COLOUR": "blue"},
        liveness_probe={"exec": check, **QUICK},
        readiness_probe={"exec": ["true"]},
    )
    answered(project, "liveness", passed=True)
    (pid,) = project.pids("web")
    (project.root / "alive").unlink()
    wait_gone(pid)
    project.write("alive", "")
    project.wait_pid("web-0", other_than=pid)
    last = project.workers("web")[0]["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert last["message"] == "Liveness probe failed: exit 4: no alive"


def test_a_command_that_does_not_exist_and_one_that_hangs(project: Project) -> None:
    hangs = {"exec": ["sleep", "1000"], "period": "200ms", "timeout": "100ms", "failure_threshold": 1}
    declare(project, "web", str(web.free_port()), readiness_probe=hangs)
    assert answered(project, "readiness", passed=False)["message"] == "not done within 0.1s: sleep"
    missing = {"exec": ["no-such-check"], "period": "200ms", "failure_threshold": 1}
    declare(project, "other", str(web.free_port()), readiness_probe=missing)
    message = answered(project, "readiness", passed=False, worker="other-0")["message"]
    assert message.startswith("command not found: no-such-check (looked in PATH=")


def test_a_missed_watchdog(project: Project) -> None:
    declare(project, script="watchdog.py", liveness_probe={"watchdog": "1s"})
    assert answered(project, "liveness", passed=True)["message"] == "WATCHDOG=1 came within 1s"
    (pid,) = project.pids("web")
    project.write("stuck", "")
    wait_gone(pid)
    (project.root / "stuck").unlink()
    project.wait_pid("web-0", other_than=pid)
    last = project.workers("web")[0]["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert last["message"] == "Liveness probe failed: no WATCHDOG=1 for 1s"


@pytest.mark.parametrize("private", ["unix", "port"])
def test_each_process_of_an_http_set_is_asked_by_itself(project: Project, private: str) -> None:
    first = "unix" if private == "unix" else web.free_port(in_a_row=3)
    declare(
        project,
        num=2,
        listen=["127.0.0.1:0"],
        probe_port=first,
        ready_when="started",
        readiness_probe={"http": "/healthz", **QUICK},
    )
    project.wait_state("web", "Ready")
    for ordinal, pod in enumerate(project.workers("web")):
        worker = pod["metadata"]["name"]
        message = answered(project, "readiness", passed=True, worker=worker)["message"]
        where = "/healthz on its private socket" if private == "unix" else f":{first + ordinal}/healthz"
        assert message.endswith(where)


def test_a_new_controller_goes_on_probing(project: Project) -> None:
    port = web.free_port()
    declare(project, port=port, readiness_probe={"http": "/healthz", **QUICK})
    project.wait_state("web", "Ready")
    (pid,) = project.pids("web")
    controller = project.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    project.ctl("up", "-d")
    project.write("status", "500")
    answered(project, "readiness", passed=False)
    assert project.pids("web") == [pid]
