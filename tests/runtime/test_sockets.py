"""Sockets in the shim: what a process gets, what outlives whom, what is seen of a server (S5, S7.1)."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import ports
from controller.core import spec
from controller.shim import sight
from tests.contracts import runtime as suite
from tests.runtime.tree import Controller, Tree, controlling, start_run

REPORT = """
import fcntl, json, os, resource, socket, sys
found = []
for number in range(3, 3 + int(os.environ["LISTEN_FDS"])):
    one = socket.socket(fileno=number)
    found.append({
        "name": one.getsockname(),
        "nodelay": one.family == socket.AF_UNIX or one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        "listens": one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
        "nonblocking": bool(fcntl.fcntl(number, fcntl.F_GETFL) & os.O_NONBLOCK),
    })
    one.detach()
names = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WORKERSET_HANDLE_FD")
here = {name: os.environ.get(name) for name in names}
here.update(sockets=found, pid=os.getpid(), session=os.getsid(0), argv=sys.argv[1:])
here.update(descriptors=sorted(map(int, os.listdir("/proc/self/fd"))))
here.update(files=resource.getrlimit(resource.RLIMIT_NOFILE)[0])
json.dump(here, sys.stdout)
print()
"""


def templated(listen: tuple[str, ...], **fields: object) -> spec.Template:
    command = (sys.executable, "-I", "-S", "-c", REPORT, "$(LISTEN_FD)", "a b", "$(WORKERSET_HANDLE_FD)")
    return spec.Template(command=command, listen=listen, **fields)  # type: ignore[arg-type]


async def reported(controller: Controller, template: spec.Template, run: str = "r1") -> dict[str, object]:
    controller.runtime.submit([start_run(run, template)])
    await controller.ended(run)
    line = controller.tree.log("web-0").splitlines()[-1].split(" ", 3)[3]
    found: dict[str, object] = json.loads(line)
    return found


def test_s7_1_what_a_process_is_given(tree: Tree) -> None:
    listen = ("127.0.0.1:0", "[::1]:0", "unix:web.sock")

    async def run() -> None:
        async with controlling(tree) as controller:
            held = await suite.opened(controller, *listen)
            here = await reported(controller, templated(listen))
            assert here["LISTEN_PID"] == str(here["pid"]) == str(here["session"])
            assert (here["LISTEN_FDS"], here["LISTEN_FDNAMES"]) == ("3", "web:web:web")
            assert here["WORKERSET_HANDLE_FD"] == "6"
            assert here["argv"] == ["3", "a b", "6"]
            sockets = here["sockets"]
            assert isinstance(sockets, list)
            assert all(one["nodelay"] and one["listens"] and one["nonblocking"] for one in sockets)
            names = [one["name"] for one in sockets]
            assert f"{names[0][0]}:{names[0][1]}" == held[0].bound
            assert f"[{names[1][0]}]:{names[1][1]}" == held[1].bound
            assert names[2] == f"{tree.paths.root}/web.sock"
            descriptors = here["descriptors"]
            assert isinstance(descriptors, list)
            assert descriptors[:7] == [0, 1, 2, 3, 4, 5, 6]
            assert len(descriptors) == 8  # and the one that lists them

    asyncio.run(run())


def test_s7_1_with_a_hundred_sockets_and_few_descriptors(tree: Tree) -> None:
    """The shim's own numbers are above what the worker may have."""
    listen = tuple(f"127.0.0.1:{port}" for port in _free_ports(100))

    async def run() -> None:
        async with controlling(tree) as controller:
            await suite.opened(controller, *listen)
            some = listen[60:90]
            here = await reported(controller, templated(some, files_limit=64))
            assert here["files"] == 64
            sockets = here["sockets"]
            assert isinstance(sockets, list)
            assert tuple(f"{one['name'][0]}:{one['name'][1]}" for one in sockets) == some

    asyncio.run(run())


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return found


def test_s7_1_sockets_outlive_the_controller_and_go_with_the_tree(tree: Tree) -> None:
    async def first() -> tuple[ports.Socket, ...]:
        async with controlling(tree) as controller:
            return await suite.opened(controller, "127.0.0.1:0", "unix:web.sock")

    async def second() -> tuple[ports.Socket, ...]:
        async with controlling(tree) as controller:
            return controller.runtime.sockets(suite.KEY)

    held = asyncio.run(first())
    assert asyncio.run(second()) == held
    path = Path(tree.paths.root, "web.sock")
    assert path.is_socket()
    tree.end()
    assert not path.exists()


def test_a_socket_file_that_was_deleted_is_made_again_when_asked(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            await suite.opened(controller, "unix:web.sock")
            path = Path(tree.paths.root, "web.sock")
            path.unlink()
            await suite.opened(controller, "unix:web.sock", "127.0.0.1:0")
            assert path.is_socket()

    asyncio.run(run())


def test_a_start_without_its_socket_says_so(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            controller.runtime.submit([start_run("r1", templated(("127.0.0.1:0",)))])
            ended = await controller.ended("r1")
            assert ended.exit is not None
            assert ended.exit.error == "its socket is not bound: 127.0.0.1:0"

    asyncio.run(run())


# ------------------------------------------------------------------ what can be seen of a server

WAITERS = {
    "accept": "s.setblocking(True); print(flush=True); s.accept()",
    "poll": "p = select.poll(); p.register(s, 1); print(flush=True); p.poll()",
    "select": "print(flush=True); select.select([s], [], [])",
    "epoll": "p = select.epoll(); p.register(s, 1); print(flush=True); p.poll()",
    "thread": "threading.Thread(target=lambda: select.select([s], [], [])).start(); print(flush=True)",
    "busy": "p = select.epoll(); p.register(s, 1); print(flush=True)\nwhile True: time.sleep(0.001)",
}
IDLERS = {
    "sleep": "print(flush=True); time.sleep(99)",
    "other": "a, b = socket.socketpair(); print(flush=True); select.select([a], [], [])",
    "writer": "p = select.epoll(); p.register(s, select.EPOLLOUT); print(flush=True); time.sleep(99)",
}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def waiter(listener: socket.socket, code: str) -> subprocess.Popen[bytes]:
    number = listener.fileno()
    start = f"import select, socket, threading, time\ns = socket.socket(fileno={number})\n{code}"
    made = subprocess.Popen([sys.executable, "-c", start], pass_fds=[number], stdout=subprocess.PIPE)
    assert made.stdout is not None
    assert made.stdout.readline()
    return made


def seen(process: subprocess.Popen[bytes], listener: socket.socket, holds: bool) -> sight.Sight:
    """What a look sees; a process that says it will wait may not be asleep yet: it gets a moment."""
    found = os.fstat(listener.fileno())
    nothing = select.poll()
    try:
        for _ in range(2000 if holds else 50):
            sight_ = sight.look([process.pid], {(found.st_ino, found.st_dev)})
            if sight_.waits:
                break
            nothing.poll(2)
        return sight_
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", sorted(WAITERS))
def test_s5_every_way_to_wait_is_seen(listener: socket.socket, how: str) -> None:
    found = seen(waiter(listener, WAITERS[how]), listener, True)
    assert (found.waits, found.blind) == (True, False)


@pytest.mark.parametrize("how", sorted(IDLERS))
def test_s5_who_does_not_wait_is_not_taken_for_one_who_does(listener: socket.socket, how: str) -> None:
    found = seen(waiter(listener, IDLERS[how]), listener, False)
    assert (found.waits, found.blind) == (False, False)


def test_s5_on_an_unknown_machine_only_epoll_is_seen(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "_CALLS", {})
    found = seen(waiter(listener, WAITERS["poll"]), listener, False)
    assert (found.waits, found.blind) == (False, True)
    assert seen(waiter(listener, WAITERS["epoll"]), listener, True).waits


def test_s5_who_may_not_be_looked_into_is_not_seen(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "_descriptors", lambda _pid: None)
    found = seen(waiter(listener, WAITERS["epoll"]), listener, False)
    assert (found.waits, found.blind) == (False, True)


def test_s5_a_process_that_is_gone_is_neither_seen_nor_hidden(listener: socket.socket) -> None:
    process = waiter(listener, WAITERS["epoll"])
    process.kill()
    process.communicate()
    found = sight.look([process.pid], {(1, 1)})
    assert (found.waits, found.blind) == (False, False)
