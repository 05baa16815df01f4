"""`ports.Commands`: questions to the shim that it answers later, by number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller import ports
from controller.runtime import sessions, wire

_END_SECONDS = 5.0
_AWAY = "the part that runs processes is away"


class Commands:
    """`send` sends messages to the shim; what it answers comes in through `answered`."""

    def __init__(self, send: Callable[[Sequence[wire.Message]], None], is_ready: Callable[[], bool]) -> None:
        self._send = send
        self._is_ready = is_ready
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    async def execute(self, run: str, argv: Sequence[str], timeout_seconds: float) -> ports.Executed:
        """See the port. Who stops waiting ends the command."""
        told = await self._ask("exec", run, list(argv), timeout_seconds)
        return ports.Executed(*told)

    async def open(self, run: str, asked: ports.Interactive) -> ports.Session:
        """See the port. Closing the session ends the command."""
        if not self._is_ready():
            raise ConnectionError(_AWAY)

        async def wire(argv: Sequence[str], ends: Mapping[str, str]) -> ports.Executed:
            return ports.Executed(*await self._ask("wire", run, list(argv), dict(ends)))

        return await sessions.Session().begin(asked, wire)

    async def attach(self, run: str, terminal: str, asked: ports.Interactive) -> ports.Session:
        """See the port. Closing the session only ends the listening and typing."""
        if not self._is_ready():
            raise ConnectionError(_AWAY)

        async def wire(_argv: Sequence[str], ends: Mapping[str, str]) -> ports.Executed:
            return ports.Executed(*await self._ask("attach", run, dict(ends)))

        return await sessions.Session(terminal).begin(asked, wire)

    async def watchdog(self, run: str) -> tuple[float, float] | None:
        told = await self._ask("watchdog", run)
        return None if not told else (told[0], told[1])

    async def _ask(self, verb: str, run: str, *details: object) -> Any:
        if not self._is_ready():
            raise ConnectionError(_AWAY)
        self._number += 1
        number = self._number
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send([[verb, number, run, *details]])
        try:
            told = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if verb in ("exec", "wire", "attach") and self._is_ready():
                self._send([["exec_end", number]])
                if verb in ("wire", "attach"):
                    await _answered(waiting)
            raise
        finally:
            self._waiting.pop(number, None)
        if told is None:
            raise LookupError(f"it does not run any more: {run}")
        return told

    def answered(self, number: int, told: Any) -> None:
        """`told` is None where the run does not live."""
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(told)

    def lost(self) -> None:
        """Nobody will answer any more."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError(_AWAY))


async def _answered(waiting: asyncio.Future[Any]) -> None:
    """The shim may open the ends of a session for as long as it has not answered: their names stay taken."""
    await asyncio.wait((waiting,), timeout=_END_SECONDS)
