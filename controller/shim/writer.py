"""The shim's side of the log writer: starts it, hands over read ends, starts it again if it dies.

The read ends stay open here until the writer has seen the end of each, so a killed writer costs the
chunk it had in hand and nothing else: what workers write meanwhile waits in their pipes.
"""

from __future__ import annotations

import array
import os
import sys
import time

from controller.sdk.workerset import contract
from controller.shim import journal, lean
from controller.shim.lean import signal, socket
from controller.shim.loop import READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.shim.loop import Loop
    from controller.shim.records import Run

MALLOC = {"MALLOC_TRIM_THRESHOLD_": "2097152", "MALLOC_MMAP_THRESHOLD_": "1048576"}
"""Else glibc gives the memory of each chunk back and faults it in again: a third of the rate (mallopt(3))."""

_BATCH = 64
_PACKET = 65536
_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "logwriter.py")


class Writer:
    """Messages are lines in packets: `A id size keep resumed pid file` with a descriptor, and `X id`."""

    def __init__(self, loop: Loop, logs: str, output: int) -> None:
        self._loop = loop
        self._logs = logs
        self._output = output
        self._pid = 0
        self._socket: socket.socket | None = None
        self._started_at = 0.0
        self._open: dict[str, Run] = {}
        self._queue: list[tuple[str, Run | None]] = []
        self.on_settled: Callable[[str], None] = _ignore
        self.on_trouble: Callable[[str], None] = _ignore
        self.on_started: Callable[[int], None] = _ignore_pid
        loop.after.append(self._flush)

    def start(self) -> None:
        """Start the writer process and give it everything that is open."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        actions = [
            (os.POSIX_SPAWN_DUP2, self._output, 1),
            (os.POSIX_SPAWN_DUP2, self._output, 2),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        argv = [sys.executable, "-I", "-S", _SCRIPT, self._logs]
        self._started_at = time.monotonic()
        env = {**os.environ, **MALLOC}
        self._pid = os.posix_spawn(sys.executable, argv, env, file_actions=actions, setsigmask=())
        self.on_started(self._pid)
        self.on_trouble("")  # what its predecessor told is not known to hold
        theirs.close()
        ours.setblocking(False)
        self._socket = ours
        self._loop.watch(ours.fileno(), self._heard)
        self._queue = [(_added(run, resumed=True), run) for run in self._open.values()]

    @property
    def pid(self) -> int:
        return self._pid

    def add(self, run: Run) -> None:
        """Hand over the read end of a run's output."""
        self._open[run.id] = run
        self._queue.append((_added(run, resumed=False), run))

    def settle(self, run: Run) -> bool:
        """Ask for word when everything the run has written is in its file; False if nobody can answer."""
        if self._socket is None or run.id not in self._open:
            return False
        self._queue.append((f"X {run.id}", None))
        return True

    def reaped(self, pid: int) -> bool:
        """True if the process that ended was the writer; it is started again, at most once a second."""
        if pid != self._pid:
            return False
        self._pid = 0
        self._drop_socket()
        due = max(time.monotonic(), self._started_at + 1.0)
        self._loop.at("writer", due, self._start_again)
        return True

    def _start_again(self) -> None:
        try:
            self.start()
        except OSError as error:
            journal.say("shim", f"cannot start the log writer, trying again: {error.strerror}")
            self._loop.at("writer", time.monotonic() + 1.0, self._start_again)
        else:
            journal.say("shim", f"log writer started again: pid {self._pid}")

    def finish(self) -> None:
        """Let the writer drain every pipe and end; kill it if it cannot."""
        pid, self._pid = self._pid, 0
        self.flush()
        self._drop_socket()
        if pid:
            deadline = time.monotonic() + 2.0
            while time.monotonic() < deadline:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    return
                time.sleep(0.005)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def flush(self) -> bool:
        """Send what is queued, several to a packet; what does not fit goes when it does (False)."""
        while self._queue and self._socket is not None:
            batch = self._queue[:_BATCH]
            data = "\n".join(line for line, _ in batch).encode()
            descriptors = array.array("i", [run.log for _, run in batch if run is not None])
            extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)] if descriptors else []
            try:
                self._socket.sendmsg([data], extra)
            except BlockingIOError:
                self._loop.watch(self._socket.fileno(), self._heard, READ | WRITE)
                return False
            except OSError:
                return False  # it has died: reaped() follows
            del self._queue[:_BATCH]
        return not self._queue

    def _flush(self) -> None:
        self.flush()

    def _heard(self, events: int) -> None:
        if self._socket is None:
            return
        if events & WRITE:
            self._loop.watch(self._socket.fileno(), self._heard)
            self.flush()
        while self._socket is not None:
            try:
                data = self._socket.recv(_PACKET)
            except OSError:
                return
            if not data:
                self._drop_socket()
                return
            for line in data.decode().split("\n"):
                self._take(line)

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "D":
            self.on_settled(rest)
        elif word == "E":
            run = self._open.pop(rest, None)
            if run is not None:
                lean.close_quietly(run.log)
                run.log = -1
        elif word == "T":
            self.on_trouble(rest)

    def _drop_socket(self) -> None:
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None


def _added(run: Run, *, resumed: bool) -> str:
    namespace, _, worker = run.slot.ref
    rules = f"{run.spec.max_size} {run.spec.keep} {int(resumed)}"
    return f"A {run.id} {rules} {run.pid} {contract.log_file(namespace, worker)}"


def _ignore(_text: str) -> None:
    pass


def _ignore_pid(_pid: int) -> None:
    pass
