"""`ports.Probes` on this machine: one timer for all that is due, and a task for each check under way.

A check that hangs costs a task and a descriptor until its timeout. At most so many are under way at once:
after a restart of the controller a thousand may be due in one moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from controller import ports, settings
from controller.core import kinds, probes, probing, sentences
from controller.probes import checks

CONNECTIONS_AT_ONCE = 256
COMMANDS_AT_ONCE = 32
_LOG = logging.getLogger(__name__)


class Prober:
    """Create it inside the running loop or before; it does nothing until something is followed."""

    def __init__(self, paths: settings.ProjectPaths, clock: ports.Clock, commands: ports.Commands) -> None:
        self.on_change: Callable[[kinds.Key], None] = _ignore
        self._paths, self._clock, self._commands = paths, clock, commands
        self._schedule = probing.Schedule()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = asyncio.Semaphore(CONNECTIONS_AT_ONCE)
        self._processes = asyncio.Semaphore(COMMANDS_AT_ONCE)

    def follow(self, key: kinds.Key, targets: Sequence[ports.Target]) -> None:
        self._schedule.follow(key, targets, self._clock.monotonic())
        self._set_timer()

    def levels(self, key: kinds.Key) -> Mapping[str, ports.Health]:
        return self._schedule.levels(key)

    async def close(self) -> None:
        """Nothing is checked any more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _set_timer(self) -> None:
        """One appointment, the next."""
        at = self._schedule.next_at()
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, at
        if at is not None:
            wait = max(0.0, at - self._clock.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._timer = self._timer_at = None
        for check in self._schedule.due(self._clock.monotonic()):
            task = asyncio.create_task(self._carry_out(check), name=f"probe {check.target.ref.worker}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._set_timer()

    async def _carry_out(self, check: probing.Check) -> None:
        places = self._processes if check.probe.command else self._connections
        async with places:
            result = await self._answer(check)
        changed = self._schedule.settle(check, result, self._clock.monotonic())
        self._set_timer()
        if changed is not None:
            self.on_change(changed)

    async def _answer(self, check: probing.Check) -> probes.Result:
        probe = check.probe
        try:
            if probe.command:
                return await checks.command(probe, check.target.run, self._commands)
            if probe.watchdog_seconds:
                return await checks.watchdog(check.target.run, self._commands)
            private = self._paths.probe_socket(check.target.ref.namespace, check.target.ref.worker)
            async with asyncio.timeout(probe.timeout_seconds):
                return await (checks.http if probe.path else checks.tcp)(probe, private)
        except TimeoutError:
            what = f"no answer within {sentences.seconds(probe.timeout_seconds)}"
            return probes.Result(False, f"{what}: {checks.where(probe)}")
        except (ConnectionError, LookupError) as error:
            if not isinstance(error, OSError) or probe.command or probe.watchdog_seconds:
                return probes.Result(None)  # nobody could be asked: that says nothing of the worker
            return probes.Result(False, checks.problem(probe, error))
        except OSError as error:
            return probes.Result(False, checks.problem(probe, error))
        except Exception:  # noqa: BLE001 - a bug in one check must not end the others
            _LOG.exception("a probe failed to be carried out", extra={"worker": check.target.ref.worker})
            return probes.Result(None)


def _ignore(_key: kinds.Key) -> None:
    pass
