"""The same for asyncio: `from workerset import aio`, then `await aio.ensure("mailer")`.

Questions to the controller go over a connection of their own in the event loop; cancelling the task closes
it, which withdraws the wait. `wait_vars` sleeps on shared memory in a thread, two seconds at a time, so that
a cancelled task leaves it soon. What answers from memory needs no twin: call `workerset.get_vars` wherever
the name was read or ensured before.
"""

from __future__ import annotations

import asyncio
import json
import time

from . import ensuring, errors, handles, reading, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from . import memory
    from .reading import Published
    from .wire import Call, Operation, Reply, Result

SLICE_SECONDS = 2.0
"""How long a thread sleeps on shared memory before it asks whether anybody still waits."""


async def ensure(
    names: str | Sequence[str],
    timeout: float = ensuring.DEFAULT_SECONDS,  # noqa: ASYNC109  # the same arguments as the blocking twin
    wait: bool = True,
    scope: str | None = None,
) -> None:
    """See `workerset.ensure`."""
    await _run(ensuring.ensuring(names, timeout, wait, scope))


async def ensure_vars(
    name: str,
    timeout: float = ensuring.DEFAULT_SECONDS,  # noqa: ASYNC109
    scope: str | None = None,
) -> Mapping[Any, Any]:
    """See `workerset.ensure_vars`."""
    return await _run(ensuring.ensuring_vars(name, timeout, scope))


async def release(names: str | Sequence[str], scope: str | None = None) -> list[str]:
    """See `workerset.release`."""
    return await _run(ensuring.releasing(names, scope))


async def get_vars(name: str, scope: str | None = None) -> Mapping[Any, Any]:
    """See `workerset.get_vars`; where the controller has to be asked, without blocking."""
    return (await _run(reading.getting(name, scope))).vars


async def generation(name: str, scope: str | None = None) -> int:
    """See `workerset.generation`."""
    try:
        return (await _run(reading.getting(name, scope))).generation
    except errors.NotPublished:
        return 0


async def wait_vars(
    name: str,
    after: int | None = None,
    timeout: float | None = None,  # noqa: ASYNC109
    scope: str | None = None,
) -> Published:
    """See `workerset.wait_vars`."""
    until = reading.until_of(timeout)
    while True:
        slot, since = await _run(reading.finding(name, after, scope))
        await _sleep_on(slot, since, until)
        found = reading.newer(name, slot, since, scope)
        if found is not None:
            return found
        after = since
        if until is not None and time.monotonic() >= until:
            raise reading.too_late(name, since, timeout, scope)


async def _sleep_on(slot: memory.Slot, after: int, until: float | None) -> bool:
    loop = asyncio.get_running_loop()
    while True:
        left = SLICE_SECONDS if until is None else min(SLICE_SECONDS, until - time.monotonic())
        if await loop.run_in_executor(None, slot.wait, after, max(0.0, left)):
            return True
        if slot.epoch != slot.seen_epoch or (until is not None and time.monotonic() >= until):
            return False


# ------------------------------------------------------------------ the handle


class Handle:
    """The handle in an event loop: `await handle.wait()`, `async for tick in handle.ticks(5.0)`."""

    def __init__(self, inner: handles.Handle) -> None:
        self._inner = inner

    def fileno(self) -> int:
        return self._inner.fileno()

    @property
    def stopping(self) -> bool:
        return self._inner.stopping

    async def wait(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """True once this worker must stop; False if `timeout` seconds passed."""
        loop = asyncio.get_running_loop()
        stopped: asyncio.Future[None] = loop.create_future()
        # A descriptor of its own for each wait: a loop keeps one reader a descriptor.
        own = self._inner.duplicate()
        loop.add_reader(own, _settle, stopped)
        try:
            done, _ = await asyncio.wait([stopped], timeout=timeout)
        finally:
            loop.remove_reader(own.fileno())
            own.close()
        return bool(done)

    async def ticks(self, seconds: float) -> AsyncIterator[int]:
        """0 at once, then 1, 2 … every `seconds`, until this worker must stop; late ones are left out."""
        clock = handles.Ticks(seconds)
        while not self.stopping:
            yield clock.tick
            if await self.wait(clock.pause()):
                return

    def close(self) -> None:
        self._inner.close()

    async def __aenter__(self) -> Handle:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def handle() -> Handle:
    """Take the handle: a promise to stop by it."""
    return Handle(handles.handle())


def ticks(seconds: float) -> AsyncIterator[int]:
    """`handle().ticks(seconds)`."""
    return handle().ticks(seconds)


# ------------------------------------------------------------------ the socket


async def _run(operation: Operation[Result]) -> Result:
    try:
        call = next(operation)
        while True:
            call = operation.send(await _ask(call))
    except StopIteration as done:
        result: Result = done.value
        return result


async def _ask(call: Call) -> Reply:
    """One answer, with as many attempts as fit before the deadline."""
    path = wire.socket_path()
    pause = wire.FIRST_PAUSE_SECONDS
    while True:
        try:
            answer = await _within(_ask_once(call, path), call.left() + wire.MARGIN_SECONDS)
        except (OSError, EOFError) as error:
            if call.left() <= pause:
                raise wire.unreachable(call, str(error), path) from error
        else:
            if answer is None:
                raise wire.unreachable(call, "it took too long", path)
            return wire.result_of(answer)
        await asyncio.sleep(pause)
        pause = min(pause * 2, wire.LONGEST_PAUSE_SECONDS)


async def _within(work: Any, seconds: float) -> Reply | None:
    """None if it takes longer; `asyncio.wait_for` has another exception in each version."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([task], timeout=max(0.0, seconds))
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        return None
    reply: Reply = task.result()
    return reply


async def _ask_once(call: Call, path: str) -> Reply:
    line = call.line(1)
    reader, writer = await asyncio.open_unix_connection(path, limit=wire.LINE_LIMIT + 1)
    try:
        writer.write(line)
        await writer.drain()
        answer = await reader.readline()
    finally:
        writer.close()
    if not answer.endswith(b"\n"):
        raise EOFError("it closed the connection")
    reply: Reply = json.loads(answer)
    return reply
