"""HTTP sets that find their number by themselves, with real servers under load (S7.3, S7.4)."""

from __future__ import annotations

import asyncio
import os
import signal

from benchmarks.load import Load
from controller.client import resources
from tests.e2e import web
from tests.e2e.project import Object, Project, wait_gone

APP = """
import asyncio, os, workerset

async def slow(scope, receive, send):
    assert scope["type"] == "http"
    await asyncio.sleep(0.2)
    body = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

app = workerset.asgi.Middleware(slow)
"""

ONE_AT_A_TIME = """
import os, socket, time
listener = socket.socket(fileno=int(os.environ.get("LISTEN_FD") or 3))
listener.setblocking(True)
while True:
    one, _ = listener.accept()
    with one:
        one.recv(65536)
        time.sleep(0.1)
        one.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\nconnection: close\\r\\n\\r\\nok")
"""

UVICORN = ["uvicorn", "slow:app", "--fd", "$(LISTEN_FD)", "--lifespan", "off"]


def scaled(obj: Object, target: int) -> bool:
    status = obj.get("status") or {}
    return status.get("scaling", {}).get("target") == target and status.get("readyReplicas") == target


def reasons(project: Project) -> list[str]:
    return [one["message"] for one in project.events("web") if one["reason"] == "ScaledUp"]


async def loaded(project: Project, new: int, kept: int, target: int) -> Load:
    load = Load(*web.address(project, "web"))
    async with load.running(new=new, kept=kept):
        await asyncio.to_thread(project.wait, resources.WORKERSETS, "web", lambda obj: scaled(obj, target))
    return load


def test_s7_3_uvicorn_grows_by_requests_in_flight_and_nothing_is_refused(project: Project) -> None:
    project.environ["PATH"] = f"{web.BIN}:{project.environ['PATH']}"
    project.environ["WORKERSET_CPU_SATURATED"] = "200"
    project.write("slow.py", APP)
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"], max_threads=2)
    project.ctl("up", "-d")
    load = asyncio.run(loaded(project, new=0, kept=14, target=2))
    assert (load["refused"], load["reset"], load["failed"]) == (0, 0, 0)
    assert "requests in flight" in reasons(project)[0]
    said = project.ctl("describe", "web").stdout
    assert "1 to 2: work has waited for" in said
    assert "2/2" in project.ctl("get", "ws", "web").stdout


def test_s7_3_a_plain_server_grows_by_its_accept_queue(project: Project) -> None:
    project.environ["WORKERSET_CPU_SATURATED"] = "200"
    project.write("serve.py", ONE_AT_A_TIME)
    project.declare("web", file="serve.py", listen=["127.0.0.1:0"], max_threads=3, ready_when="started")
    project.ctl("up", "-d")
    load = asyncio.run(loaded(project, new=6, kept=0, target=3))
    assert (load["refused"], load["failed"]) == (0, 0)
    assert "in the queue" in reasons(project)[0]


def test_s7_3_not_while_the_processors_are_busy(project: Project) -> None:
    """With a limit of 0 they always are."""
    project.environ["WORKERSET_CPU_SATURATED"] = "0"
    project.write("serve.py", ONE_AT_A_TIME)
    project.declare("web", file="serve.py", listen=["127.0.0.1:0"], max_threads=3, ready_when="started")
    project.ctl("up", "-d")

    def held(obj: Object) -> bool:
        return "processors are busy" in obj["status"]["scaling"]["message"]

    async def run() -> None:
        async with Load(*web.address(project, "web")).running(new=6, kept=0):
            await asyncio.to_thread(project.wait, resources.WORKERSETS, "web", held)

    asyncio.run(run())
    assert project.workerset("web")["status"]["scaling"]["target"] == 1
    assert [one["reason"] for one in project.events("web")].count("ScalingHeld") == 1


def test_s4_a_killed_controller_goes_on_with_the_number(project: Project) -> None:
    project.environ["WORKERSET_CPU_SATURATED"] = "200"
    project.write("serve.py", ONE_AT_A_TIME)
    project.declare("web", file="serve.py", listen=["127.0.0.1:0"], max_threads=2, ready_when="started")
    project.ctl("up", "-d")
    asyncio.run(loaded(project, new=6, kept=0, target=2))
    before = sorted(project.pids("web"))
    os.kill(pid := project.pid_of("controller"), signal.SIGKILL)
    wait_gone(pid)
    project.ctl("wait", "--for=condition=Ready", "ws", "web")
    assert sorted(project.pids("web")) == before
    assert scaled(project.workerset("web"), 2)
