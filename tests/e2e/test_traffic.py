"""HTTP sets with the SDK's middleware in real frameworks under real servers (S7.2, S7.5)."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from controller.client import resources
from tests.e2e import web
from tests.e2e.project import Project, wait_gone

STARLETTE = """
import contextlib, os, time
import workerset
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from workerset import aio


@contextlib.asynccontextmanager
async def lifespan(app):
    for name in os.environ.get("NEEDS", "").split():
        await aio.ensure(name, timeout=30)
    yield


async def read(request):
    first = dict(await aio.get_vars("ticker"))
    after = await aio.wait_vars("ticker", timeout=20) if "wait" in request.query_params else None
    second = dict(await aio.get_vars("ticker"))
    return JSONResponse({"first": first, "new": after and after.vars["n"], "second": second})


async def hello(request):
    return JSONResponse({"pid": os.getpid()})


app = workerset.asgi.Middleware(
    Starlette(routes=[Route("/", hello), Route("/read", read)], lifespan=lifespan),
    scope=lambda scope: dict(scope["headers"]).get(b"x-shop", b"").decode() or None,
)
"""

FLASK = """
import os
import flask, workerset

app = flask.Flask(__name__)


@app.get("/")
def hello():
    return {"pid": os.getpid(), "n": workerset.ensure_vars("ticker")["n"] if flask.request.args else 0}


@app.get("/stream")
def stream():
    def pieces():
        before = workerset.ensure_vars("ticker")["n"]
        workerset.wait_vars("ticker", timeout=20)
        yield f"{workerset.get_vars('ticker')['n'] - before}"
    return flask.Response(pieces())


app.wsgi_app = workerset.wsgi.Middleware(app.wsgi_app, scope=lambda environ: environ.get("HTTP_X_SHOP"))
"""

TICKER = """
import workerset
for tick in workerset.ticks(0.05):
    workerset.set_vars({"n": tick, "scope": workerset.scope()})
"""

UVICORN = ["uvicorn", "shop:app", "--fd", "$(LISTEN_FD)"]
GUNICORN = ["gunicorn", "--threads", "8", "--keep-alive", "60", "store:app"]


@pytest.fixture
def project(project: Project) -> Iterator[Project]:
    """With the servers of this environment on its PATH; their warnings are not ours."""
    project.environ["PATH"] = f"{web.BIN}:{project.environ['PATH']}"
    del project.environ["PYTHONWARNINGS"]
    project.write("shop.py", STARLETTE)
    project.write("store.py", FLASK)
    project.write("ticker.py", TICKER)
    return project


def serve(project: Project, command: list[str] = UVICORN, **spec: Any) -> tuple[str, int]:
    project.declare("web", command=command, listen=["127.0.0.1:0"], **spec)
    project.apply()
    project.wait_state("web", "Ready")
    return web.address(project, "web")


def ask(
    connection: http.client.HTTPConnection, path: str = "/", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response, response.read()


def says_close(response: http.client.HTTPResponse) -> bool:
    return (response.getheader("Connection") or "").lower() == "close"


def connect(where: tuple[str, int]) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(*where, timeout=web.DEADLINE_SECONDS)


def change(project: Project, command: list[str], **spec: Any) -> None:
    """Another template, so that the process that runs has to go."""
    project.declare("web", command=command, listen=["127.0.0.1:0"], env={"COLOUR": "blue"}, **spec)
    project.apply()


@pytest.mark.parametrize(
    "command", [UVICORN, GUNICORN, [*UVICORN, "--workers", "2"]], ids=["uvicorn", "gunicorn", "workers"]
)
def test_s7_2_clients_leave_politely_and_the_server_need_not_wait(
    project: Project, command: list[str]
) -> None:
    where = serve(project, command, drain_timeout="55s")
    (pid,) = project.pids("web")
    with contextlib.closing(connect(where)) as busy:
        with contextlib.closing(connect(where)) as idle:
            for one in (busy, idle):
                assert not says_close(ask(one)[0])
            change(project, command, drain_timeout="55s")
            while not says_close(ask(busy)[0]):
                pass
        wait_gone(pid)
    project.wait_state("web", "Ready")
    with contextlib.closing(connect(where)) as fresh:
        assert json.loads(ask(fresh)[1])["pid"] != pid


def test_s7_2_who_does_not_leave_is_left_at_drain_timeout(project: Project) -> None:
    where = serve(project, drain_timeout="500ms")
    (pid,) = project.pids("web")
    with contextlib.closing(connect(where)) as idle:
        ask(idle)
        change(project, UVICORN, drain_timeout="500ms")
        wait_gone(pid)


def test_s7_2_a_set_that_stops_as_a_whole_does_not_wait_for_clients(project: Project) -> None:
    where = serve(project, drain_timeout="55s")
    (pid,) = project.pids("web")
    with contextlib.closing(connect(where)) as idle:
        ask(idle)
        project.ctl("stop", "web")
        wait_gone(pid)


@pytest.mark.parametrize("path", ["/read?wait=1", "/read"])
def test_s7_5_a_request_has_its_scope_and_one_view(project: Project, path: str) -> None:
    for scope in ("a", "b"):
        project.declare(
            f"ticker-{scope}", background=True, name="ticker", scope=scope, num=1, file="ticker.py"
        )
    where = serve(project, env={"WHO": "starlette"})
    for scope in ("a", "b"):
        project.wait_state(f"ticker-{scope}", "Ready")
    with contextlib.closing(connect(where)) as client:
        for scope in ("b", "a"):
            response, body = ask(client, path, **{"X-Shop": scope})
            found = json.loads(body)
            assert response.status == 200
            assert found["first"]["scope"] == scope
            assert found["second"] == found["first"]
            assert found["new"] is None or found["new"] > found["first"]["n"]


def test_s7_5_a_flask_app_reads_one_snapshot_in_what_it_streams(project: Project) -> None:
    project.declare("ticker", background=True, name="ticker", scope="a", file="ticker.py")
    where = serve(project, GUNICORN)
    with contextlib.closing(connect(where)) as client:
        assert json.loads(ask(client, "/?ask=1", **{"X-Shop": "a"})[1])["n"] >= 0
        assert ask(client, "/stream", **{"X-Shop": "a"})[1] == b"0"


def test_s3_5_a_broken_dependency_surfaces_when_the_server_boots(project: Project) -> None:
    project.write("broken.py", "import workerset\nraise KeyError('API_KEY')\n")
    project.declare("broken", background=True, name="broken", file="broken.py")
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"], env={"NEEDS": "broken"})
    project.apply()
    obj = project.wait(
        resources.WORKERSETS, "web", lambda obj: "BootFailure" in obj.get("status", {}).get("message", "")
    )
    assert "broken" in obj["status"]["message"]
    assert "API_KEY" in obj["status"]["message"]
