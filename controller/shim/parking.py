"""Descriptors out of the way while many processes are started.

A child starts with a copy of the descriptor table and closes it entry by entry at exec: a tenth of a
millisecond a thousand, for each of a thousand starts. Descriptors in flight on a socket (unix(7),
SCM_RIGHTS) are in no table. They are put there between starts and taken back at the end of the batch.
"""

from __future__ import annotations

import array
import os

from controller.shim.lean import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.shim.records import Run

CHUNK = 64
"""Runs parked together; each has three descriptors, and a message carries 253."""

_MARGIN = 64


class Parking:
    """Handles, output and NOTIFY_SOCKETs of runs whose batch is still being started."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in, self._out = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._in.setblocking(False)
        self._out.setblocking(False)
        self._parked: list[list[Run]] = []

    def has_room(self, runs: int) -> bool:
        """Whether all descriptors of a batch will fit into the table when they come back."""
        probe = os.dup(0)
        os.close(probe)
        return probe + 3 * runs + _MARGIN < self._limit

    def park(self, runs: list[Run]) -> None:
        """What cannot be parked stays where it is."""
        started = [run for run in runs if run.handle >= 0 and run.log >= 0 and run.slot.notify is not None]
        descriptors = array.array("i")
        for run in started:
            if run.slot.notify is not None:
                descriptors.extend((run.handle, run.log, run.slot.notify.fileno()))
        try:
            self._in.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        except OSError:
            return
        for descriptor in descriptors:
            os.close(descriptor)
        for run in started:
            if run.slot.notify is not None:
                run.slot.notify.detach()
        self._parked.append(started)

    def take_back(self) -> None:
        """Everything, under new numbers."""
        space = socket.CMSG_SPACE(3 * CHUNK * 4)
        parked, self._parked = self._parked, []
        for runs in parked:
            _, extra, _, _ = self._out.recvmsg(1, space)
            descriptors = array.array("i")
            for _, _, block in extra:
                descriptors.frombytes(block)
            for at, run in enumerate(runs):
                run.handle, run.log, mailbox = descriptors[3 * at : 3 * at + 3]
                for descriptor in (run.handle, run.log, mailbox):
                    os.set_inheritable(descriptor, False)
                if run.slot.notify is not None:
                    run.slot.notify.attach(mailbox)
