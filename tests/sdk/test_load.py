"""Requests in flight in shared memory (S7.3), and who is the last to have drained (S7.2)."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from controller.sdk.workerset import draining, layout, load
from tests.sdk.conftest import SDK


def lines(path: Path) -> list[tuple[int, ...]]:
    words = struct.unpack(f"<{layout.LOAD_SIZE // 8}Q", path.read_bytes())
    split = [words[at : at + layout.LOAD_LINE] for at in range(0, len(words), layout.LOAD_LINE)]
    return [line for line in split[1:] if any(line)]


def claim(path: Path, rest: str = "") -> None:
    """Another process takes a line and ends."""
    program = f"from workerset import load; one = load.Load({str(path)!r}); one.begin(); {rest}"
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(SDK)}, check=True, timeout=20)


def test_s7_3_begun_and_ended_are_counted_for_all_threads(tmp_path: Path) -> None:
    one = load.Load(str(tmp_path / "load"))

    def work() -> None:
        for _ in range(2000):
            one.begin()
            one.end()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.begin()
    assert one.in_flight == 1
    assert lines(tmp_path / "load")[0][:4] == (os.getpid(), 8001, 8000, 0)
    assert (tmp_path / "load").read_bytes()[:8] == layout.LOAD_MAGIC
    assert (tmp_path / "load").stat().st_mode & 0o777 == 0o600


def test_s7_3_a_line_of_a_process_that_is_gone_is_taken_over_empty(tmp_path: Path) -> None:
    claim(tmp_path / "load")
    assert lines(tmp_path / "load")[0][1] == 1
    load.Load(str(tmp_path / "load"))
    assert lines(tmp_path / "load") == [(os.getpid(), 0, 0, 0, 0, 0, 0, 0)]


@pytest.mark.parametrize("path", [None, "/no/such/folder/load"])
def test_s7_3_without_a_file_it_counts_for_itself(path: str | None) -> None:
    one = load.Load(path)
    one.begin()
    assert one.in_flight == 1
    assert one.mark_drained()


def test_s7_2_the_last_process_to_drain_is_told_so(tmp_path: Path) -> None:
    path = str(tmp_path / "load")
    first, second = load.Load(path), load.Load(path)
    assert len(lines(tmp_path / "load")) == 2
    assert not first.mark_drained()
    assert second.mark_drained()


def test_s7_3_a_full_file_refuses_nobody(tmp_path: Path) -> None:
    path = tmp_path / "load"
    for _ in range(layout.LOAD_SIZE // 8 // layout.LOAD_LINE - 1):
        load.Load(str(path))
    one = load.Load(str(path))
    one.begin()
    assert one.in_flight == 1
    assert all(line[1] == 0 for line in lines(path))


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_s7_2_who_leaves_accepts_nobody_and_others_go_on(
    family: socket.AddressFamily, tmp_path: Path
) -> None:
    """Told before it has begun to listen, in the thread that would: nobody is ever accepted there."""
    where: object = {socket.AF_INET: ("127.0.0.1", 0), socket.AF_INET6: ("::1", 0)}.get(family)
    program = (
        "import os, select, socket, sys\n"
        "from workerset import draining\n"
        "draining.current.watch()\n"
        "assert draining.current.closing\n"
        "listener = socket.socket(fileno=int(sys.argv[1]))\n"
        "listener.listen(100)\n"
        "queue = select.epoll()\n"
        "queue.register(listener, select.EPOLLIN)\n"
        "assert not queue.poll(0)\n"
        "try: listener.accept()\n"
        "except BlockingIOError: print('nobody')\n"
    )
    handle, end = os.pipe()
    os.close(end)
    shim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    shim.bind(str(tmp_path / "notify"))
    with shim, socket.socket(family) as server, socket.socket(family) as client:
        server.bind(where or str(tmp_path / "web.sock"))
        server.listen()
        server.setblocking(False)
        client.connect(server.getsockname())
        done = subprocess.run(
            [sys.executable, "-c", program, str(server.fileno())],
            env={
                "PYTHONPATH": str(SDK),
                "WORKERSET_HANDLE_FD": str(handle),
                "NOTIFY_SOCKET": shim.getsockname(),
                "LISTEN_FDS": str(server.fileno() - 2),
            },
            pass_fds=[server.fileno(), handle],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert (done.stdout, done.stderr) == ("nobody\n", "")
        server.accept()[0].close()
    os.close(handle)


def test_s7_2_connections_are_those_accepted_where_this_process_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = set(draining.connections()[1])
        with socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            with accepted:
                listening, found = draining.connections()
                assert server.fileno() in listening
                assert set(found) - before == {accepted.fileno()}
                assert client.fileno() not in found
