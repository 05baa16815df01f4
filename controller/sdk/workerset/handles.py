"""The handle: a stream that never carries data and whose end means stop (S4.6, S8.3)."""

from __future__ import annotations

import os
import select
import time

from . import checks, contract, errors, identity, notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_taken: Handle | None = None


class Handle:
    """Readable once this worker must stop; works in `select`, `selectors` and asyncio by its `fileno()`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        if self._fd < 0:
            raise ValueError("the handle is closed: call workerset.handle() again")
        return self._fd

    @property
    def closed(self) -> bool:
        return self._fd < 0

    @property
    def stopping(self) -> bool:
        """Whether this worker has been asked to stop."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> bool:
        """True once this worker must stop; False if `timeout` seconds passed, None = as long as it takes."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN | select.POLLHUP)
        if timeout is None:
            return bool(poll.poll())
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            if poll.poll(max(0.0, min(left, 1e6)) * 1000):
                return True
            if left <= 0:
                return False

    def ticks(self, seconds: float) -> Iterator[int]:
        """0 at once, then 1, 2 … every `seconds`, until this worker must stop; late ones are left out."""
        clock = Ticks(seconds)
        while not self.stopping:
            yield clock.tick
            if self.wait(clock.pause()):
                return

    def duplicate(self) -> Handle:
        """Another descriptor of the same stream, for a waiter that must not share."""
        return Handle(os.dup(self.fileno()))

    def close(self) -> None:
        """Give back this descriptor; the worker can take its handle again. Stops nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Ticks:
    """Counts beats of `seconds` from its making on; does not drift, and leaves out those that were missed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = checks.seconds_of(seconds, "ticks")
        self._began = time.monotonic()
        self.tick = 0

    def pause(self) -> float:
        """Go on to the next beat: the seconds until it."""
        passed = time.monotonic() - self._began
        self.tick = max(self.tick + 1, int(passed / self._seconds))
        return max(0.0, self.tick * self._seconds - passed)


def handle() -> Handle:
    """Take the handle: a promise to stop by it. The same object each time, until it is closed."""
    global _taken
    if _taken is None or _taken.closed:
        number = os.environ.get(contract.HANDLE_FD)
        if number is None:
            raise errors.NotAvailable(identity.not_started(contract.HANDLE_FD))
        first = _taken is None
        try:
            _taken = Handle(_reach(int(number)))
        except (OSError, ValueError) as error:
            raise errors.NotAvailable(
                f"the handle of this worker is gone, {error}: {contract.HANDLE_FD}={number}: "
                "a launcher between workerset and this program closed it"
            ) from error
        if first:
            notify.send(contract.SAY_HANDLE)
    return _taken


def _reach(number: int) -> int:
    """Another descriptor of the stream. A child that was started with all descriptors closed, as a server
    starts its processes, has none or something else there: the worker's main process still has it."""
    main = os.environ.get(contract.LISTEN_PID, "")
    if main.isdigit() and int(main) != os.getpid():
        path = f"/proc/{main}/fd/{number}"
        try:
            if os.path.samestat(os.stat(path), os.fstat(number)):
                return os.dup(number)
        except OSError:
            pass
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return os.dup(number)


def ticks(seconds: float) -> Iterator[int]:
    """`handle().ticks(seconds)`: the loop of a worker that looks at something again and again."""
    return handle().ticks(seconds)
