"""One epoll, a few named deadlines, hooks after each round. Sleeps for ever when nothing is due."""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
HANGUP = select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP


class Loop:
    """Callbacks by descriptor; `after` runs once a round, so that work of a round is sent in one batch."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[int], None]] = {}
        self._deadlines: dict[str, tuple[float, Callable[[], None]]] = {}
        self._called: dict[str, float] = {}
        self.after: list[Callable[[], None]] = []
        self.running = True

    def watch(self, descriptor: int, callback: Callable[[int], None], events: int = READ) -> None:
        """Call `callback(events)` whenever the descriptor is ready (level-triggered)."""
        if descriptor in self._callbacks:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.register(descriptor, events)
        self._callbacks[descriptor] = callback

    def unwatch(self, descriptor: int) -> None:
        """Must come before the descriptor is closed."""
        if self._callbacks.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def at(self, name: str, due: float, callback: Callable[[], None]) -> None:
        """Call once at monotonic time `due`; a second deadline of the same name replaces the first."""
        self._deadlines[name] = (due, callback)

    def seldom(self, name: str, gap: float, callback: Callable[[], None]) -> None:
        """Call now; or, with all who ask for it meanwhile, so many seconds after it was called so last."""
        if name in self._deadlines:
            return
        now = time.monotonic()
        due = self._called.get(name, 0.0) + gap
        self._called[name] = max(now, due)
        if now >= due:
            callback()
        else:
            self.at(name, due, callback)

    def cancel(self, name: str) -> None:
        self._deadlines.pop(name, None)

    def pending(self, name: str) -> bool:
        return name in self._deadlines

    def run(self) -> None:
        """Until `running` is false."""
        while self.running:
            for descriptor, events in self._epoll.poll(self._timeout(), 256):
                callback = self._callbacks.get(descriptor)
                if callback is not None:
                    callback(events)
            if self._deadlines:
                self._run_due()
            for hook in self.after:
                hook()

    def _timeout(self) -> float:
        if not self._deadlines:
            return -1
        return max(0.0, min(due for due, _ in self._deadlines.values()) - time.monotonic())

    def _run_due(self) -> None:
        now = time.monotonic()
        for name, (due, callback) in list(self._deadlines.items()):
            if due <= now and self._deadlines.get(name) == (due, callback):
                del self._deadlines[name]
                callback()
