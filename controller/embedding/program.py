"""The controller as an embedding program holds it (S10): one object, of the event loop that entered it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, overload

from controller import ports
from controller.api.services import Services
from controller.core import kinds
from controller.embedding import errors, lifetime, readings, states, writes
from controller.embedding.declaring import WorkerSet
from controller.embedding.settings import Settings
from controller.sdk.workerset import wire


class Controller:
    """A project's controller in this process: `async with Controller(Settings(root=…)) as c`.

    Leaving the block stops every worker by its own rules; the death of the program, however it comes, does so
    too, within ten seconds. What was declared stays declared. Several of different projects go side by side.
    """

    def __init__(self, settings: Settings) -> None:
        if not isinstance(settings, Settings):
            raise TypeError(f"settings must be a Settings, not {type(settings).__name__}")
        self._settings = settings
        self._life = lifetime.Lifetime(settings)
        self._vars = readings.VarsReader()

    async def __aenter__(self) -> Controller:
        """Raises `StartFailed`."""
        await self._life.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._life.end()

    async def wait_closed(self) -> None:
        """Until it has ended, by `workerctl down` for example. Raises what it died of."""
        await self._life.over()

    # ------------------------------------------------------------------ declaring

    async def apply(self, *sets: WorkerSet) -> tuple[states.Applied, ...]:
        """Declare these sets, all in one commit or none. Raises `Refused` with every problem."""
        return await writes.apply(self._services, sets, self._settings.namespace)

    def next_scope(self) -> str:
        """A scope nobody has had in this project (S2.6), also after a restart."""
        return writes.next_scope(self._services)

    async def delete(self, set_name: str, *, namespace: str | None = None) -> None:
        """Remove a set, and wait until nothing of it runs. Raises `NotDeclared`."""
        key = self._key(set_name, namespace)
        uid = writes.delete(self._services, key)
        store = self._services.store

        def is_gone() -> bool:
            found = store.find(kinds.WORKERSETS, key)
            return found is None or found["metadata"]["uid"] != uid

        await readings.until(self._services, kinds.WORKERSETS, key.namespace, is_gone)

    async def restart(self, set_name: str, *, namespace: str | None = None) -> None:
        """Replace the processes of a set by new ones (S4.10). Raises `NotDeclared`."""
        writes.restart(self._services, self._key(set_name, namespace))

    # ------------------------------------------------------------------ names and vars

    @overload
    async def ensure(  # type: ignore[overload-overlap]  # a str is a sequence of them too
        self, names: str, *, scope: str = ..., timeout: float = ..., wait: bool = ...,
        namespace: str | None = ...,
    ) -> states.Instance: ...  # fmt: skip

    @overload
    async def ensure(
        self, names: Sequence[str], *, scope: str = ..., timeout: float = ..., wait: bool = ...,
        namespace: str | None = ...,
    ) -> tuple[states.Instance, ...]: ...  # fmt: skip

    async def ensure(
        self,
        names: str | Sequence[str],
        *,
        scope: str = "",
        timeout: float = 30.0,
        wait: bool = True,
        namespace: str | None = None,
    ) -> states.Instance | tuple[states.Instance, ...]:
        """Have these worker names run, and wait until all are ready (S3). Raises the errors of S3.6."""
        request = {"names": _names(names), "scope": scope, "timeout": timeout, "wait": wait}
        answer = wire.result_of(await self._services.desk.by_hand("ensure", self._in(namespace), request))
        found = tuple(states.instance(one) for one in answer["instances"])
        return found[0] if isinstance(names, str) else found

    async def release(
        self, names: str | Sequence[str], *, scope: str = "", namespace: str | None = None
    ) -> tuple[str, ...]:
        """Nobody needs these names any more; returns those that were ensured."""
        request = {"names": _names(names), "scope": scope}
        answer = wire.result_of(await self._services.desk.by_hand("release", self._in(namespace), request))
        return tuple(answer["released"])

    async def vars(self, name: str, *, scope: str = "", namespace: str | None = None) -> Mapping[Any, Any]:
        """What a worker name has published (S6.4): frozen, and the very same object until something newer is.

        Raises `Undeclared`, `NotPublished`.
        """
        return self._vars.read(self._services, self._in(namespace), name, scope)

    # ------------------------------------------------------------------ looking

    async def get(self, set_name: str, *, namespace: str | None = None) -> states.SetState:
        """One set as it is now. Raises `NotDeclared`."""
        with errors.told():
            return states.set_state(
                self._services.store.get(kinds.WORKERSETS, self._key(set_name, namespace))
            )

    async def sets(self, *, namespace: str | None = None) -> tuple[states.SetState, ...]:
        """All sets of the namespace, by name."""
        found, _ = self._services.store.list(kinds.WORKERSETS, self._in(namespace))
        return tuple(states.set_state(obj) for obj in found)

    async def workers(
        self, set_name: str | None = None, *, namespace: str | None = None
    ) -> tuple[states.WorkerState, ...]:
        """The workers of a set, or of all sets of the namespace."""
        found, _ = self._services.store.list(kinds.PODS, self._in(namespace))
        every = (states.worker_state(pod) for pod in found)
        return tuple(one for one in every if set_name in (None, one.set_name))

    async def wait_ready(
        self, *set_names: str, timeout: float = 30.0, namespace: str | None = None
    ) -> tuple[states.SetState, ...]:
        """Until the boot phase of these sets is over (S4.5); without names of all of the namespace.

        Raises `GivenUp` for the first that was given up, `ReadyTimeout`, `NotDeclared`.
        """
        wanted = [await self.get(name, namespace=namespace) for name in set_names]
        wanted = wanted or list(await self.sets(namespace=namespace))
        keys = [kinds.Key(one.namespace, one.set_name) for one in wanted]
        where = self._in(namespace)
        try:
            async with asyncio.timeout(timeout):
                await readings.until(self._services, kinds.WORKERSETS, where, lambda: not self._pending(keys))
        except TimeoutError:
            late = self._pending(keys)
            told = ", ".join(f"{one.set_name} {one.state} {one.message}".rstrip() for one in late)
            raise errors.ReadyTimeout(f"not ready within {timeout:g}s: {told}") from None
        return tuple([await self.get(key.name, namespace=key.namespace) for key in keys])

    def _pending(self, keys: Sequence[kinds.Key]) -> list[states.SetState]:
        """Raises `GivenUp`, and `NotDeclared` for one that was deleted meanwhile."""
        with errors.told():
            found = [states.set_state(self._services.store.get(kinds.WORKERSETS, key)) for key in keys]
        for one in found:
            if one.has_failed:
                raise errors.GivenUp(
                    f"{one.set_name} was given up: {one.message}",
                    {"set": one.set_name, "name": one.name, "scope": one.scope},
                )
        return [one for one in found if not one.has_settled]

    def watch(
        self, *, sets: bool = True, workers: bool = True, namespace: str | None = None
    ) -> AsyncIterator[states.Change]:
        """What is there, as `added`, then every change of it, until the loop over it is left."""
        kept = ((kinds.WORKERSETS, sets), (kinds.PODS, workers))
        resources = [resource for resource, wanted in kept if wanted]
        return readings.changes(self._services, resources, self._in(namespace))

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        previous: bool = False,
        prefix: bool = False,
        namespace: str | None = None,
    ) -> AsyncIterator[str]:
        """Lines that a worker, or the workers of a set, have printed. Raises `NotDeclared`."""
        query = ports.LogQuery(follow=follow, tail_lines=tail, previous=previous, prefix=prefix)
        return readings.log_lines(self._services, self._in(namespace), name, query)

    # ------------------------------------------------------------------ places

    @property
    def api_socket(self) -> str:
        """Where the Kubernetes API listens, unless it is turned off."""
        self._services  # noqa: B018 - raises Stopped
        assert self._life.paths is not None
        return self._life.paths.api_socket

    @property
    def _services(self) -> Services:
        return self._life.services

    def _in(self, namespace: str | None) -> str:
        return self._settings.namespace if namespace is None else namespace

    def _key(self, set_name: str, namespace: str | None) -> kinds.Key:
        return kinds.Key(self._in(namespace), set_name)


def _names(given: str | Sequence[str]) -> list[Any]:
    """Raises TypeError; what the names themselves are is looked at by whoever resolves them."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise TypeError(f"names must be a string or a list of strings, not {type(given).__name__}")
    return list(given)
