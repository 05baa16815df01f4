"""The parent of every worker: `python -I -S shim.py RUN LOGS SOFT_FILES GUARDIAN_FD OWNER_FD LOCK_FD`.

Wires the parts together and waits. Knows no policy, no YAML, no asyncio, and has no reason to die. One
thread works; the first one sleeps for ever (see `work`).
The three descriptors come from the guardian: a pipe that ends with it, and the two proofs of ownership.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from controller.sdk.workerset import contract
from controller.shim import (
    cgroups,
    control,
    ending,
    journal,
    lean,
    limits,
    ownership,
    proc,
    sockets,
    spawn,
    table,
    writer,
)
from controller.shim import loop as loops
from controller.shim.lean import signal, socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, contract.DRAIN_SIGNAL)

ORPHAN_GRACE_SECONDS = 60.0
"""Without guardian and controller nobody is left to decide anything: then everything is drained. Another
value comes in the environment, as `contract.ORPHAN_GRACE`."""


class Shim:
    """The parts, and what happens between them."""

    def __init__(self, run: str, logs: str, soft_files: int, guardian: int, owner: int) -> None:
        self._run = run
        self._guardian_fd = guardian
        self._has_guardian = True
        self._owner = socket.socket(fileno=owner)
        self.loop = loops.Loop()
        self._signals = lean.wake_on(*HANDLED)
        self._sockets = sockets.Sockets()
        spawner = spawn.Spawner(soft_files, self._sockets, limits.Limiter(cgroups.Cgroups()))
        self._writer = writer.Writer(self.loop, logs, 2)
        self._table = table.Table(self.loop, spawner, self._writer, f"{run}/n")
        self._control = control.Control(self.loop, self._table, self._sockets, f"{run}/shim.sock")
        self._ending = ending.Ending(self.loop, self._table)
        self._wire()

    def _wire(self) -> None:
        self._writer.on_settled = self._table.settling.end
        self._writer.on_trouble = lambda text: self._control.tell("log_trouble", text)
        self._writer.on_started = self._table.orphans.adopt
        self._control.on_presence = self._watch_presence
        self._control.on_repair = self._ask_repair
        self._control.on_end = self._asked_to_end
        self._table.on_orphans = lambda found: self._control.tell("orphans", found)
        self.loop.watch(self._signals, self._signalled)
        self.loop.watch(self._guardian_fd, self._guardian_gone)
        self.loop.after.append(self._control.flush)
        self.loop.after.append(_leave_folder)

    def start(self) -> None:
        self._make_folders()
        self._writer.start()
        self._control.tell("guardian", True)
        self._control.listen()

    def finish(self) -> None:
        """Everything is stopped; what was written is still drained."""
        self._control.flush()
        self._sockets.close_all()
        self._writer.finish()

    def _make_folders(self) -> None:
        os.makedirs(f"{self._run}/n", mode=0o700, exist_ok=True)

    def _signalled(self, _events: int) -> None:
        for number in os.read(self._signals, 4096):
            if number == signal.SIGTERM:
                self._ending.begin("asked to")
            elif number == signal.SIGHUP:
                self._repair()
            elif number == contract.DRAIN_SIGNAL and self._is_orphan:
                self._ending.begin_once("somebody starts anew, and guardian and controller are gone")
        self._table.reap()

    def _guardian_gone(self, _events: int) -> None:
        """Go on without it; answer for the project in its place."""
        self.loop.unwatch(self._guardian_fd)
        self._has_guardian = False
        journal.say("shim", "the guardian is gone; workers go on")
        self._control.tell("guardian", False)
        self.loop.watch(self._owner.fileno(), self._answer)
        self._watch_presence()

    def _answer(self, _events: int) -> None:
        ownership.answer(self._owner, self._run, is_orphan=self._is_orphan)

    @property
    def _is_orphan(self) -> bool:
        return not self._has_guardian and not self._control.is_connected

    def _watch_presence(self) -> None:
        if not self._is_orphan:
            self.loop.cancel("orphan")
        elif not self.loop.pending("orphan"):
            why = "neither guardian nor controller came back"
            due = time.monotonic() + orphan_grace(os.environ)
            self.loop.at("orphan", due, lambda: self._ending.begin_once(why))

    def _asked_to_end(self) -> None:
        """The controller has ended for good. A guardian sees that itself."""
        if not self._has_guardian:
            self._ending.begin("the controller has ended for good")

    def _ask_repair(self) -> None:
        """The guardian repairs its part and then tells this process to (SIGHUP)."""
        if self._has_guardian:
            os.kill(os.getppid(), signal.SIGHUP)
        else:
            self._repair()

    def _repair(self) -> None:
        """The run-time folder may have been lost: make it and all sockets in it anew."""
        try:
            if not os.path.exists(f"{self._run}/shim.sock"):
                self._make_folders()
                self._control.listen()
                self._table.mailboxes.rebind(self._table.slots.values())
        except OSError as error:
            journal.say("shim", f"cannot repair {self._run}: {error.strerror}")


def orphan_grace(environ: Mapping[str, str]) -> float:
    """Seconds; what is no number of them counts as not said."""
    try:
        return max(0.0, float(environ.get(contract.ORPHAN_GRACE, "")))
    except ValueError:
        return ORPHAN_GRACE_SECONDS


def _leave_folder() -> None:
    """No worker's folder stays in use because this process was there last."""
    os.chdir("/")


def work(shim: Shim, done: _thread.LockType) -> None:
    """Everything the shim does, in a thread that is not the first.

    The kernel lists children by the thread that started them, and hands orphans to the first one: its list
    holds nothing but what workers left behind, and stays short however many of them there are.
    """
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        shim.start()
        shim.loop.run()
        shim.finish()
    finally:
        done.release()


def main(arguments: list[str]) -> None:
    if arguments[0] != "--reaper":
        proc.run_as_subreaper([os.path.abspath(__file__), "--reaper", *arguments])
    run, logs, soft_files, guardian, owner, lock = arguments[1:]
    for descriptor in (guardian, owner, lock):
        os.set_inheritable(int(descriptor), False)
    shim = Shim(run, logs, int(soft_files), int(guardian), int(owner))
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(work, (shim, done))
    done.acquire()


if __name__ == "__main__":
    main(sys.argv[1:])
