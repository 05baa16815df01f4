"""The shim's one state: which runs there are, what the verbs do to them, what follows from an exit.

No policy: how long a stop may take and whether something runs again is decided elsewhere; the one
exception is the ticket, a decision that was left here in advance (S4.5a). Every verb is idempotent.
"""

from __future__ import annotations

import os
import time

from controller.shim import (
    commands,
    finding,
    lean,
    notify,
    parking,
    private,
    proc,
    readyword,
    records,
    settling,
    survivors,
)
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.shim import spawn
    from controller.shim.loop import Loop
    from controller.shim.records import Ref, Run, Slot, Spec
    from controller.shim.writer import Writer

_SCAN_GAP = 0.004
"""Exits that come so soon after another share a look at the children: half a millisecond a thousand."""


class Table:
    """Slots and runs; `dirty` holds what the controller has not been told (None: the run is forgotten)."""

    def __init__(self, loop: Loop, spawner: spawn.Spawner, writer: Writer, notify_folder: str) -> None:
        self._loop = loop
        self._parking = parking.Parking(spawner.limit)
        self._spawner = spawner
        self._writer = writer
        self.mailboxes = notify.Mailboxes(loop, notify_folder, self._hear)
        self.runs: dict[str, Run] = {}
        self.slots: dict[Ref, Slot] = {}
        self.dirty: dict[str, Run | None] = {}
        self.orphans = survivors.Orphans()
        self.commands = commands.Commands(loop, spawner, self.orphans)
        self.closing = False
        self.on_orphans: Callable[[dict[int, str]], None] = lambda _found: None
        self._batch: list[Run] = []
        self._by_pid: dict[int, Run] = {}
        self._unscanned: dict[Run, None] = {}
        self.settling = settling.Settling(loop, writer)
        self._numbers = 0

    # ------------------------------------------------------------------ verbs

    def start(
        self, run_id: str, ref: Ref, spec: Spec, template_hash: str, ordinal: int, own: dict[str, str]
    ) -> None:
        """Start a run with the rest of the batch, or hold it back while something of the last one lives.

        `own` are variables of the slot, the same for all its runs.
        """
        if run_id in self.runs:
            return
        run = self._add(run_id, ref, spec, template_hash, ordinal)
        run.slot.own = own
        self._batch.append(run)

    def start_batch(self) -> None:
        """Of many: sockets first, since a bind that waits for a disk waits long among a thousand execs."""
        batch, self._batch = self._batch, []
        if len(batch) <= parking.CHUNK or not self._parking.has_room(len(batch)):
            for run in batch:
                self._advance(run.slot)
            return
        self.mailboxes.open_all(run.slot for run in batch)
        for start in range(0, len(batch), parking.CHUNK):
            chunk = batch[start : start + parking.CHUNK]
            for run in chunk:
                self._advance(run.slot, watch=False)
            if self._writer.flush():
                self._parking.park(chunk)
        self._parking.take_back()
        for run in batch:
            self.mailboxes.watch(run.slot)

    def place_ticket(self, run_id: str, next_run: str | None, on_success: bool) -> None:
        """Leave a ticket, another one, or (None) none."""
        run = self.runs.get(run_id)
        if run is not None and run.exit is None and run.closed_at is None:
            run.ticket, run.ticket_on_success = next_run, on_success
            self.dirty[run.id] = run

    def close_handle(self, run_id: str, number: int) -> None:
        """S4.6: end of file on the handle; who has not taken it also gets the signal."""
        run = self.runs.get(run_id)
        if run is None or run.exit is not None or run.closed_at is not None:
            return
        run.ticket = None
        run.closed_at = time.monotonic()
        self.dirty[run.id] = run
        if run.pid == 0:
            self._never_started(run, "stopped before it was started")
            return
        self._close(run)
        self._hear(run.slot)  # who takes the handle later than this finds its end in it
        if number and not run.handle_taken:
            self.signal(run_id, number)

    def signal(self, run_id: str, number: int) -> None:
        """To the main process; what it leaves behind gets the same when it has ended, or now if it has."""
        run = self.runs.get(run_id)
        if run is None:
            return
        run.signal, run.signalled_at = number, time.monotonic()
        self.dirty[run.id] = run
        if run.exit is None:
            if run.pid:
                self.orphans.trace(run)
                proc.send(run.pid, number)
        else:
            survivors.send(self.orphans.with_descendants(run), number)

    def kill(self, run_id: str) -> None:
        """SIGKILL to everything of the run; what turns up later gets it then."""
        run = self.runs.get(run_id)
        if run is None:
            return
        run.ticket = None
        run.killed_at = time.monotonic()
        run.closed_at = run.closed_at or run.killed_at
        self.dirty[run.id] = run
        if run.exit is None and run.pid == 0:
            self._never_started(run, "killed before it was started")
            return
        self._close(run)
        self.orphans.trace(run)
        survivors.kill_group(run)
        survivors.send(self.orphans.traced(run), signal.SIGKILL)
        survivors.send(self.orphans.with_descendants(run), signal.SIGKILL)

    def acknowledge(self, run_id: str) -> None:
        run = self.runs.get(run_id)
        if run is not None and run.exit is not None:
            run.acknowledged = True
            self._forget_if_done(run)

    def has_living(self) -> bool:
        """Whether any main process lives."""
        return bool(self._by_pid)

    # ------------------------------------------------------------------ starting

    def _add(self, run_id: str, ref: Ref, spec: Spec, template_hash: str, ordinal: int) -> Run:
        slot = self.slots.get(ref)
        if slot is None:
            self._numbers += 1
            slot = self.slots[ref] = records.Slot(ref, self._numbers)
        run = records.Run(run_id, slot, spec, template_hash, ordinal)
        slot.runs.append(run)
        self.runs[run_id] = run
        self.dirty[run_id] = run
        return run

    def _advance(self, slot: Slot, *, watch: bool = True) -> None:
        """Start what is next in the slot, if nothing of the runs before it is left."""
        for run in slot.runs:
            if run.pid == 0 and run.exit is None and not self.closing:
                self._launch(run)
                if watch:
                    self.mailboxes.watch(slot)
            if not run.is_over:
                return

    def _launch(self, run: Run) -> None:
        self.dirty[run.id] = run
        try:
            self._spawner.start(run, self.mailboxes.open(run.slot))
        except finding.StartFailed as error:
            run.exit = (time.monotonic(), None, None, str(error))
            self.mailboxes.close(run.slot)
            return
        except OSError as error:
            text = f"cannot make its NOTIFY_SOCKET, {error.strerror}: {self.mailboxes.folder}"
            run.exit = (time.monotonic(), None, None, text)
            return
        run.started_at, run.started_wall = time.monotonic(), time.time()
        self._by_pid[run.pid] = run
        self.orphans.adopt(run.pid)
        self._writer.add(run)
        self.commands.terminals.add(run)

    def _hear(self, slot: Slot) -> None:
        run = slot.live()
        if slot.notify is not None and slot.notify.hear(run) and run is not None:
            self.dirty[run.id] = run

    # ------------------------------------------------------------------ ending

    def reap(self) -> None:
        """Collect every exit there is; then look once at what they left behind."""
        urgent = found = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            run = self._by_pid.pop(pid, None)
            owner = self.orphans.forget(pid)
            if run is not None:
                self._ended(run, status)
                urgent = urgent or len(run.slot.runs) > 1
                found = True
            elif not (self.commands.reaped(pid, status) or self._writer.reaped(pid)):
                found = True
                if owner is not None:
                    self._unscanned[owner] = None
                    urgent = True
        if urgent:
            self.scan()
        elif found:
            self._loop.seldom("scan", _SCAN_GAP, self.scan)

    def _ended(self, run: Run, status: int) -> None:
        readyword.clear(run.spec.env)
        self.commands.end_of(run)
        if run.slot.notify is not None:
            run.slot.notify.hear(run)
        self._close(run)
        code = os.waitstatus_to_exitcode(status)
        now = time.monotonic()
        run.exit = (now, code, None, "") if code >= 0 else (now, None, -code, "")
        run.unscanned = run.settling = True
        self._unscanned[run] = None
        self.dirty[run.id] = run
        if run.ticket is not None and run.closed_at is None and (code or run.ticket_on_success):
            if run.ticket not in self.runs and not self.closing:
                follower = self._add(run.ticket, run.slot.ref, run.spec, run.template_hash, run.ordinal)
                follower.by_ticket = True
        else:
            run.ticket = None

    def scan(self) -> None:
        """Attribute what ended runs left behind; go on in the slots where nothing is left."""
        self._loop.cancel("scan")
        orphaned = self.orphans.find(self.runs)
        for run in {**self._unscanned, **dict.fromkeys(orphaned)}:
            if run.exit is not None:
                self._account(run)
        self._unscanned.clear()
        self.on_orphans(self.orphans.unattributed())

    def _account(self, run: Run) -> None:
        left = self.orphans.describe(run)
        fresh = [pid for pid in left if pid not in run.survivors]
        if run.killed_at is not None:
            survivors.send(fresh, signal.SIGKILL)
        elif run.signal:
            survivors.send(fresh, run.signal)
        if left != run.survivors:
            run.survivors = left
            self.dirty[run.id] = run
        if run.unscanned:
            run.unscanned = False
            self.settling.begin(run)
        if run.is_over:
            self._advance(run.slot)
            self._forget_if_done(run)

    def _never_started(self, run: Run, why: str) -> None:
        run.exit = (time.monotonic(), None, None, why)
        self._advance(run.slot)

    def _close(self, run: Run) -> None:
        lean.close_quietly(run.handle)
        run.handle = -1

    def _forget_if_done(self, run: Run) -> None:
        if not (run.acknowledged and run.is_over) or run.id not in self.runs:
            return
        del self.runs[run.id]
        self.settling.end(run.id)
        self.orphans.drop(run)
        self.dirty[run.id] = None
        slot = run.slot
        slot.runs.remove(run)
        if not slot.runs:
            self.mailboxes.close(slot)
            private.close(slot)
            del self.slots[slot.ref]
