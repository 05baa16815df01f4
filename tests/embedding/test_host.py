"""The program around the controller: its death, its signals, its own server, its types."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from controller import Controller, Settings, WorkerSet
from controller.client import http
from tests.e2e.project import Project, wait_gone

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@contextmanager
def host(project: Project, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A program of its own, once its workers run; their pids."""
    command = [sys.executable, str(HERE / "host.py"), str(project.root), *words]
    with subprocess.Popen(
        command, env=project.environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        try:
            assert program.stdout is not None
            word, *pids = program.stdout.readline().split()
            assert word == "up"
            yield program, [int(pid) for pid in pids]
        finally:
            program.kill()


def test_s10_a_killed_program_leaves_nothing(project: Project) -> None:
    with host(project) as (program, pids):
        guardian = project.pid_of("guardian")
        program.kill()
        wait_gone(guardian)
        assert len(pids) == 2
        assert project.leftovers() == [program.pid] or project.leftovers() == []


def test_s10_a_child_that_the_program_forked_keeps_nothing_alive(project: Project) -> None:
    with host(project, "fork") as (program, pids):
        guardian = project.pid_of("guardian")
        program.kill()
        wait_gone(guardian)
        for pid in pids:
            wait_gone(pid)
        for child in project.leftovers():
            if child != program.pid:
                os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_the_programs(project: Project, number: signal.Signals) -> None:
    """SIGINT is asyncio's, which cancels; SIGTERM is the default, which kills: either way nothing is left."""
    with host(project) as (program, _):
        guardian = project.pid_of("guardian")
        program.send_signal(number)
        assert program.wait() in (-number, 1)
        wait_gone(guardian)
    assert project.leftovers() == []


def test_a_program_that_exits_inside_the_block_drains_first(project: Project) -> None:
    with host(project, "raise") as (program, pids):
        assert program.wait() == 7
        assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert project.leftovers() == []


def test_after_a_kill_the_next_program_has_the_project_again(project: Project) -> None:
    with host(project) as (program, _):
        program.kill()
        program.wait()
        with host(project) as (_, pids):
            assert len(pids) == 2


def test_nothing_of_the_process_is_touched(settings: Settings) -> None:
    numbers = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
    umask = os.umask(0o022)
    os.umask(umask)

    def globals_of_the_process() -> object:
        now = os.umask(umask)
        os.umask(now)
        loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.access", "uvicorn.error")]
        return (
            [signal.getsignal(number) for number in numbers],
            now,
            os.getcwd(),
            dict(os.environ),
            len(os.listdir("/proc/self/task")),
            [(one.level, one.propagate, list(one.handlers)) for one in loggers],
            sorted(os.listdir("/proc/self/fd")),
        )

    async def inside() -> None:
        before = globals_of_the_process()
        async with Controller(settings) as c:
            await c.apply(WorkerSet(set_name="s", command=["sleep", "99"]))
            assert globals_of_the_process()[:-1] == before[:-1]  # type: ignore[index]
        assert globals_of_the_process() == before

    asyncio.run(inside())


def test_a_program_that_serves_with_uvicorn_goes_on_serving(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    held: list[Controller] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await held[0].ensure("a")
        body = (await held[0].vars("a"))["name"].encode()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def inside() -> None:
        server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        async with Controller(settings) as c:
            held.append(c)
            await c.apply(WorkerSet(background=True, name="a", file="worker.py", ready_when="vars"))
            await server.startup()
            (address,) = (one.getsockname() for one in server.servers[0].sockets)
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            await asyncio.to_thread(_ask_status, c.api_socket)
            await server.shutdown()
        assert answer.endswith(b"\r\n\r\na")

    with caplog.at_level(logging.INFO):
        asyncio.run(inside())
    assert "GET /here" in caplog.text
    assert "/workerset/v1/project" not in caplog.text
    assert "server process" not in caplog.text


def _ask_status(socket_path: str) -> None:
    client = http.Client(socket_path)
    assert client.request("GET", "/workerset/v1/project").json()["foreground"] is True
    client.close()


def test_importing_the_package_loads_nothing(project: Project) -> None:
    code = "import sys, controller; print([m for m in sys.modules if m.startswith('controller.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=project.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


SAMPLE = """
from collections.abc import Mapping
from controller import Applied, Change, Controller, Instance, SetState, Settings, WorkerSet

async def main() -> None:
    async with Controller(Settings(root="/tmp")) as c:
        scope: str = c.next_scope()
        done: tuple[Applied, ...] = await c.apply(
            WorkerSet(background=True, name="a", scope=scope, file="a.py", num=1, stop_grace=2.5),
            WorkerSet(set_name="b", command=["sleep", "1"], env={"A": "b"}, restart="on_failure"),
        )
        one: Instance = await c.ensure("a", scope=scope, timeout=5)
        more: tuple[Instance, ...] = await c.ensure(["a", "b"])
        seen: Mapping[object, object] = await c.vars("a")
        states: tuple[SetState, ...] = await c.wait_ready()
        async for change in c.watch():
            told: Change = change
        async for line in c.logs("b", follow=True):
            print(line.upper())
"""
WRONG = """
from controller import Controller, Settings, WorkerSet
WorkerSet(replicas=3)
WorkerSet(set_name="a", num="3")
WorkerSet(set_name="a", restart="sometimes")
Settings()
async def main(c: Controller) -> None:
    await c.ensure(3)
"""


@pytest.mark.timeout(300)  # mypy reads the whole library, without a cache
def test_s10_programs_are_type_checked(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(SAMPLE)
    (tmp_path / "wrong.py").write_text(WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    command += ["--config-file", os.devnull, "--follow-imports", "silent", "--explicit-package-bases"]
    environ = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "right.py", "wrong.py"], cwd=tmp_path, env=environ, capture_output=True, text=True
    )
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert "right.py" not in done.stdout, done.stdout
    assert lines == {3, 4, 5, 6, 8}, done.stdout + done.stderr
