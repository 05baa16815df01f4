"""The process tree below a program that is the controller itself.

The guardian is the program's child, in a session of its own: what it means that the program ends, is killed
or lets go is decided there. Nothing here waits.
"""

from __future__ import annotations

import os
import signal

from controller.shim import launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Tree:
    """A guardian that was just started. `ready_fd` is the caller's to read and to close."""

    def __init__(self, places: launch.Places, environ: Mapping[str, str]) -> None:
        """Raises `OSError` if it cannot be started."""
        launched = launch.launch(places, (), leash=True, environ=environ)
        assert launched.leash_fd is not None
        self.pid = launched.pid
        self.ready_fd = launched.ready_fd
        self._leash = launched.leash_fd
        self._descriptor = os.pidfd_open(launched.pid)

    def fileno(self) -> int:
        """Readable once the guardian has ended (pidfd_open(2))."""
        return self._descriptor

    def let_go(self) -> None:
        """What still runs is stopped, the second time killed; the guardian ends when nothing is left.

        Not by closing the leash: a child that this program has forked may hold it as well.
        """
        try:
            signal.pidfd_send_signal(self._descriptor, signal.SIGTERM)
        except ProcessLookupError:
            pass  # it has ended already

    def forget(self) -> None:
        """Reap it. After its end only; whoever reaps every child of the program may have been faster."""
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass
        os.close(self._leash)
        os.close(self._descriptor)
