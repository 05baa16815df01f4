"""`ports.Session`: a command beside a worker, and this process's ends of what it reads and writes.

Pipes and terminals are made here; the shim opens the other ends by name (`shim/wiring.py`), so that what
flows through them never passes through the shim. Both ends stay open here while the command runs: nothing
ends before it begins, and whoever it leaves behind keeps nobody waiting for long.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import struct
import termios
from collections.abc import Awaitable, Callable, Mapping, Sequence

from controller import ports

_CHUNK = 65536
_LAST_WORDS_SECONDS = 2.0
"""How long output may go on to come once the command has ended: something else holds it open by then."""

Wire = Callable[[Sequence[str], Mapping[str, str]], Awaitable[ports.Executed]]


class Session:
    """Made by `begin`. Owns its descriptors until `close`."""

    def __init__(self, attached_to: str = "") -> None:
        """`attached_to` is the terminal of a worker that is talked to itself, by pipes."""
        self._attached_to = attached_to
        self._ended: asyncio.Future[ports.Executed] | None = None
        self._last: asyncio.TimerHandle | None = None
        self._outputs: dict[int, asyncio.StreamReader] = {}
        self._transports: list[asyncio.BaseTransport] = []
        self._input: asyncio.StreamWriter | None = None
        self._theirs: list[int] = []
        self._terminal = -1

    async def begin(self, asked: ports.Interactive, wire: Wire) -> Session:
        """Open what was asked for, then have the command started."""
        try:
            ends = await (self._open_terminal(asked) if asked.tty else self._open_pipes(asked))
        except BaseException:
            await self.close()
            raise
        self._ended = asyncio.ensure_future(wire(asked.argv, ends))
        self._ended.add_done_callback(self._has_ended)
        return self

    # ------------------------------------------------------------------ opening

    async def _open_terminal(self, asked: ports.Interactive) -> dict[str, str]:
        own, theirs = os.openpty()
        self._theirs.append(theirs)
        self._terminal = own
        path = os.ttyname(theirs)
        await self._read_from(1, own)
        if asked.stdin:
            await self._write_to(os.dup(own))
        return {"tty": path}

    async def _open_pipes(self, asked: ports.Interactive) -> dict[str, str]:
        ends: dict[str, str] = {}
        if asked.stdin:
            theirs, own = os.pipe()
            ends["stdin"] = self._offered(theirs)
            await self._write_to(own)
        for number, name, wanted in ((1, "stdout", asked.stdout), (2, "stderr", asked.stderr)):
            if wanted:
                own, theirs = os.pipe()
                ends[name] = self._offered(theirs)
                await self._read_from(number, own)
        return ends

    def _offered(self, descriptor: int) -> str:
        self._theirs.append(descriptor)
        return f"/proc/{os.getpid()}/fd/{descriptor}"

    async def _read_from(self, number: int, descriptor: int) -> None:
        reader = asyncio.StreamReader(limit=_CHUNK)
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: protocol, io.FileIO(descriptor, "rb"))
        self._transports.append(transport)
        self._outputs[number] = reader

    async def _write_to(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), io.FileIO(descriptor, "wb")
        )
        self._transports.append(transport)
        self._input = asyncio.StreamWriter(transport, protocol, None, loop)

    # ------------------------------------------------------------------ talking

    async def read(self, number: int) -> bytes:
        """What comes next of 1 or 2; empty at its end."""
        reader = self._outputs.get(number)
        if reader is None:
            return b""
        try:
            return await reader.read(_CHUNK)
        except OSError:  # a terminal that nobody has open any more
            return b""

    async def write(self, data: bytes) -> None:
        """Waits while it is not read; what comes after the end of the command is dropped."""
        if self._input is not None:
            with contextlib.suppress(OSError):
                self._input.write(data)
                await self._input.drain()

    def end_input(self) -> None:
        """On a terminal, Ctrl-D says it; on a pipe, its end."""
        if self._input is None:
            return
        if self._terminal >= 0:
            self._input.write(b"\x04")
        else:
            self._input.close()
            self._input = None

    def resize(self, columns: int, rows: int) -> None:
        with contextlib.suppress(OSError):
            if self._terminal >= 0:
                _resize(self._terminal, columns, rows)
            elif self._attached_to:
                far = os.open(self._attached_to, os.O_RDWR | os.O_NOCTTY)
                try:
                    _resize(far, columns, rows)
                finally:
                    os.close(far)

    async def ended(self) -> ports.Executed:
        """Raises LookupError or ConnectionError, as `execute` does."""
        assert self._ended is not None
        return await asyncio.shield(self._ended)

    def _has_ended(self, _: object) -> None:
        """Outputs come to their end, unless somebody else has them open still."""
        self._let_go()
        loop = asyncio.get_running_loop()
        self._last = loop.call_later(_LAST_WORDS_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        """What was not sent yet is dropped."""
        for transport in self._transports:
            if not isinstance(transport, asyncio.WriteTransport):
                transport.close()
            elif not transport.is_closing() or transport.get_write_buffer_size():
                transport.abort()

    def _let_go(self) -> None:
        for descriptor in self._theirs:
            os.close(descriptor)
        self._theirs.clear()

    async def close(self) -> None:
        """Ends the command if it runs still, and gives everything back."""
        if self._ended is not None:
            self._ended.cancel()
            await asyncio.gather(self._ended, return_exceptions=True)
        if self._last is not None:
            self._last.cancel()
        self._let_go()
        self._hang_up()


def _resize(terminal: int, columns: int, rows: int) -> None:
    """Either end does (tty_ioctl(4)); the far one's foreground is told."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
