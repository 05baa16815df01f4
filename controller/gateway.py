"""The TCP door of a project: whether it is open, at which address, with which certificates.

That it is open is kept in the store, so that the next controller opens it again at the same port. Nothing of
this is imported or made before somebody asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller import ports, settings
from controller.core import bearers, errors, loopback, users
from controller.core.conditions import Condition

if TYPE_CHECKING:
    import ssl

    from controller.access import certificates
    from controller.api import server_tls

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
"""Calls something so many seconds later."""

SETTING = "listen"
DAY_SECONDS = 86_400.0
_ATTEMPTS = 16
"""Ports that are tried where a project has none of its own yet."""

NEW_AUTHORITY = (
    "the certificate authority of the TCP port was made anew: clients that read it from its file go on, "
    "whoever copied it needs workerctl kubeconfig once more"
)


@dataclass(slots=True)
class _Open:
    """What listens now."""

    address: loopback.Address
    tls: ssl.SSLContext
    stop: asyncio.Event
    task: asyncio.Task[None]
    renewal: asyncio.TimerHandle | None = None


class Gateway:
    """`ports.Gateway`. `app` is set once the application is built; `tell` makes an Event of reason, text."""

    def __init__(
        self,
        paths: settings.ProjectPaths,
        store: ports.Store,
        clock: ports.Clock,
        tell: Callable[[str, str], None],
        later: Later | None = None,
    ) -> None:
        self._paths, self._store, self._clock, self._tell = paths, store, clock, tell
        self._later = later or _on_the_loop
        self._lock = asyncio.Lock()
        self._open: _Open | None = None
        self._problem = ""
        self._renewing: asyncio.Task[None] | None = None
        self.app: Application | None = None

    async def run(self, looked: asyncio.Event, *, reopen: bool) -> None:
        """Open if it was open and is to be again; shut when cancelled."""
        try:
            await looked.wait()
            if reopen and self._kept().get("on"):
                await self._open_or_tell("")
            await asyncio.Event().wait()
        finally:
            await self._shut()

    async def open(self, address: str) -> Mapping[str, object]:
        """Listen there; empty = where the project listened before, else a port of its own."""
        try:
            wanted = loopback.parse(address)
        except loopback.NotLoopback as problem:
            raise errors.BadRequest(f"{problem}; {problem.fix}") from None
        async with self._lock:
            wanted = self._wanted(wanted, anything=not address)
            found = self._certificates(wanted)
            if self._open is None or wanted != self._open.address:
                await self._listen(wanted, found)
            assert self._open is not None
            self._open.tls.load_cert_chain(found.server, found.server_key)
            self._plan_renewal(found.renew_at)
        renewed = found.new_authority and bool(self._kept())
        if renewed:
            self._tell("CertificateRenewed", NEW_AUTHORITY)
        self._problem = ""
        self._keep(self._open.address, on=True)
        return {
            "url": f"https://{self._open.address}",
            "authority": found.authority,
            "newAuthority": renewed,
        }

    async def close(self) -> None:
        """Listen no more, now and after a restart; the port stays the project's."""
        await self._shut()
        kept = self._kept()
        if kept:
            self._keep(loopback.parse(str(kept["address"])), on=False)

    async def repair(self) -> None:
        """Certificates were deleted, or end soon: have others."""
        if self._open is not None:
            await self._open_or_tell(str(self._open.address))

    async def _open_or_tell(self, address: str) -> None:
        """Where nobody waits for the answer."""
        try:
            await self.open(address)
        except (errors.StatusError, OSError) as problem:
            self._problem = str(problem)
            self._tell("NotReachable", self._problem)

    def conditions(self) -> tuple[Condition, ...]:
        """Whether clients can connect, where they should be able to."""
        if not self._kept().get("on"):
            return ()
        reason = "NotReachable" if self._problem else "Listening"
        return (Condition("GatewayOpen", not self._problem, reason, self._problem),)

    def holder(self, token: str) -> users.User | None:
        """Whose token that is."""
        return bearers.holder(bearers.kept(self._store.setting(bearers.SETTING)), token)

    # ------------------------------------------------------------------ what is kept

    def _kept(self) -> dict[str, Any]:
        found = self._store.setting(SETTING)
        return found if isinstance(found, dict) else {}

    def _keep(self, address: loopback.Address, *, on: bool) -> None:
        wanted = {"address": str(address), "on": on}
        if wanted != self._kept():
            with self._store.transaction(durable=True):
                self._store.put_setting(SETTING, wanted)

    def _wanted(self, asked: loopback.Address, *, anything: bool) -> loopback.Address:
        """The address asked for, with the port the project has, as far as none was named."""
        if asked.port:
            return asked
        kept = self._kept()
        if not kept:
            return asked
        before = loopback.parse(str(kept["address"]))
        return before if anything else loopback.Address(asked.host, before.port)

    def _certificates(self, address: loopback.Address) -> certificates.Certificates:
        from controller.access import certificates

        try:
            return certificates.ensure(self._paths.tls, loopback.names(address.host), self._clock.wall())
        except certificates.Missing as problem:
            raise errors.Unavailable(str(problem)) from None
        except OSError as problem:
            raise errors.Unavailable(
                f"certificates cannot be kept, {problem.strerror}: {self._paths.tls}"
            ) from None

    # ------------------------------------------------------------------ listening

    async def _listen(self, wanted: loopback.Address, found: certificates.Certificates) -> None:
        from controller.api import guard, server_tls

        assert self.app is not None
        listener, address = self._bind(wanted)
        await self._shut()
        tls = server_tls.context()
        tls.load_cert_chain(found.server, found.server_key)
        ready, stop = asyncio.Event(), asyncio.Event()
        door = guard.Guard(self.app, address.host, self.holder)
        running = server_tls.TlsServer(door, tls, ready.set, stop)
        task = asyncio.create_task(running.serve(sockets=[listener]), name="gateway")
        await ready.wait()
        self._open = _Open(address, tls, stop, task)

    def _bind(self, wanted: loopback.Address) -> tuple[server_tls.Listener, loopback.Address]:
        """The listening socket, and where it is. Raises Conflict for a port that is taken."""
        from controller.api import server_tls

        last = 0 if wanted.port else _ATTEMPTS - 1
        for attempt in range(last + 1):
            port = wanted.port or loopback.port_of(self._paths.root, attempt)
            address = loopback.Address(wanted.host, port)
            try:
                return server_tls.bind(address), address
            except server_tls.PortProblem as problem:
                if not problem.in_use or attempt == last:
                    raise errors.Conflict(str(problem)) from None
        raise AssertionError("every attempt returns or raises")

    async def _shut(self) -> None:
        was, self._open = self._open, None
        if was is not None:
            if was.renewal is not None:
                was.renewal.cancel()
            was.stop.set()
            await was.task

    def _plan_renewal(self, renew_at: float) -> None:
        """A controller may outlive them. Daily, since timers stand still while a machine sleeps."""
        assert self._open is not None
        if self._open.renewal is not None:
            self._open.renewal.cancel()
        delay = min(max(60.0, renew_at - self._clock.wall()), DAY_SECONDS)
        self._open.renewal = self._later(delay, self._renew)

    def _renew(self) -> None:
        self._renewing = asyncio.create_task(self.repair())


def _on_the_loop(seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, act)
