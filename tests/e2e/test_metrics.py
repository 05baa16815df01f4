"""/metrics of a project that runs: servers that count their requests, crashes, restarts, publishes."""

from __future__ import annotations

import os
import signal
import socket

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e import web
from tests.e2e.project import Project

HELD = """
import workerset


async def held(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


app = workerset.asgi.Middleware(held)
"""


def scrape(project: Project, name: str, **labels: str) -> float:
    """The sum of the series that have these labels."""
    client = project.client()
    try:
        text = client.request("GET", "/metrics").text
    finally:
        client.close()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_a_request_is_in_flight_until_it_is_answered(project: Project) -> None:
    project.environ["PATH"] = f"{web.BIN}:{project.environ['PATH']}"
    del project.environ["PYTHONWARNINGS"]
    project.write("held.py", HELD)
    project.declare("web", command=["uvicorn", "held:app", "--fd", "$(LISTEN_FD)"], listen=["127.0.0.1:0"])
    project.ctl("up", "-d")
    where = web.address(project, "web")
    with socket.create_connection(where, web.DEADLINE_SECONDS) as client:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
        client.sendall(head + b"Connection: close\r\n\r\n")
        assert b"100 Continue" in client.recv(1000), "the application waits for the body"
        assert scrape(project, "workerset_requests_in_flight", workerset="web") == 1
        assert scrape(project, "workerset_workers_busy", workerset="web") == 1
        client.sendall(b"done")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
        assert b"200 OK" in answer, "and it is closed after the application has returned"
    assert scrape(project, "workerset_requests_in_flight", workerset="web") == 0


def test_a_project_of_background_workers_is_counted(project: Project) -> None:
    script = "import workerset\nfor tick in workerset.ticks(3600):\n    workerset.set_vars({'n': tick})\n"
    project.write("ticker.py", script)
    project.declare("ticker", background=True, name="ticker", num=1, file="ticker.py")
    project.ctl("up", "-d")
    own = {"workerset": "ticker", "worker": "ticker"}
    assert scrape(project, "workerset_workers_ready", **own) == 1
    assert scrape(project, "workerset_worker_starts_total", **own) == 1
    assert scrape(project, "workerset_vars_publishes_total", worker="ticker") == 1
    pid = project.wait_pid("ticker-0")
    os.kill(pid, signal.SIGKILL)
    project.wait_pid("ticker-0", other_than=pid)
    project.wait_state("ticker", "Ready")
    assert scrape(project, "workerset_worker_crashes_total", **own) == 1
    assert scrape(project, "workerset_worker_restarts_total", **own) == 1
    assert scrape(project, "workerset_worker_start_seconds_count", **own) == 2
