"""The answers: every request of a worker, or of the command line, from words to words (S3).

Asking twice is harmless: a caller whose connection broke, or whose controller was restarted, asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller import ports
from controller.api.workers import afresh, callers, collecting, waits
from controller.api.workers import book as books
from controller.core import (
    asking,
    awaiting,
    kinds,
    parse,
    refusals,
    resolution,
    stamps,
    tallies,
    tokens,
)

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a desk is made of."""

    store: ports.Store
    shared: ports.Vars
    clock: ports.Clock
    secret: str
    refresh: Callable[[Sequence[kinds.Key]], None]
    tally: tallies.Tally


class Desk:
    """One a controller. Methods answer with what goes on the wire, less the id; none raises `Refusal`."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._book = books.Book(tools.store)
        self._collector = collecting.Collector(
            tools.store, self._now, lambda keys: tools.refresh(tuple(keys))
        )
        self.waits = waits.Waits(self._book)
        self._afresh = afresh.Afresh(tools.store, tools.clock)

    async def answer(self, request: Mapping[str, Any]) -> Answer:
        """A request that came over the worker socket."""
        return await _answered(self._of_worker(request))

    async def by_hand(self, op: str, namespace: str, request: Mapping[str, Any]) -> Answer:
        """The command line's `ensure` or `release`; with a token it is called by that worker."""
        return await _answered(self._by_hand(op, namespace, request))

    def resolve(self, namespace: str, name: str, scope: str) -> Answer:
        """The instance that answers to a name, running or not, for the command line. Raises Refusal."""
        caller = callers.command_line(namespace)
        found: Answer = self._resolve(caller, {"name": name, "scope": scope})["instance"]
        return found

    def instances(self, namespace: str | None) -> list[Answer]:
        """All that `list` tells a worker, of one namespace or of all."""
        return (
            self._list(namespace)
            if namespace
            else [one for each in self._book.namespaces() for one in self._list(each)]
        )

    def token(self, namespace: str) -> str:
        """For a server that is no worker; the same as long as the project's state is kept."""
        return tokens.sign(self._tools.secret, callers.outside(namespace))

    def close(self) -> None:
        """The controller ends."""
        self.waits.close()

    async def _by_hand(self, op: str, namespace: str, request: Mapping[str, Any]) -> Answer:
        caller = callers.by_hand(self._tools.secret, self._book, namespace, request)
        return await (self._ensure if op == "ensure" else self._release)(caller, request)

    async def _of_worker(self, request: Mapping[str, Any]) -> Answer:
        caller = callers.of_request(self._tools.secret, self._book, request)
        match request.get("op"):
            case "ensure":
                return await self._ensure(caller, request)
            case "resolve":
                return self._resolve(caller, request)
            case "release":
                return await self._release(caller, request)
            case "list":
                return {"ok": True, "instances": self._list(caller.namespace, caller.folder)}
            case other:
                raise refusals.invalid(f"no such op, use ensure, resolve, release or list: {other!r}")

    # ------------------------------------------------------------------ ensure

    async def _ensure(self, caller: callers.Caller, request: Mapping[str, Any]) -> Answer:
        tally, place = self._tools.tally, (caller.namespace,)
        tally.count(tallies.ENSURES, place)
        try:
            return await self._ensured(caller, request)
        except refusals.Refusal as refusal:
            tally.count(tallies.ENSURE_FAILURES, (*place, str(refusal.kind)))
            raise

    async def _ensured(self, caller: callers.Caller, request: Mapping[str, Any]) -> Answer:
        """S3.1: all is checked and resolved before anything is started."""
        self.waits.refuse_if_closed()
        names = asking.names(request.get("names"))
        seconds = asking.timeout(request.get("timeout"))
        mode = _mode(request)
        scope = caller.scope_for(request.get("scope"))
        directory = self._book.directory(caller.namespace)
        targets = [awaiting.Target(name, directory.resolve(scope, name)) for name in names]
        self._refuse_suspended(targets)
        lazy = [target for target in targets if not target.declared.is_eager]
        self._refuse_over_cap(lazy)
        if mode.ready:
            absent = [one for one in targets if not awaiting.is_there(self._book.pods(one), mode)]
            self.waits.refuse_cycle(caller.node, absent)
        deadline = self._tools.clock.monotonic() + seconds
        given_up = [pod for one in targets for pod in self._given_up(one)]
        wanted = [
            (target.declared.key, target.name)
            for target in lazy
            if not self._collector.has(target.declared.key, target.name, caller.owner)
        ]
        if wanted:
            await self._collector.add(wanted, caller.owner)
            directory = self._book.directory(caller.namespace)  # somebody else may have written meanwhile
            targets = [awaiting.Target(name, directory.resolve(scope, name)) for name in names]
        self._touch(targets)
        self._afresh.start(given_up)
        await self._wait(targets, mode, caller, (deadline, seconds))
        return {"ok": True, "instances": [self._instance(self._again(one), caller.folder) for one in targets]}

    async def _wait(
        self,
        targets: Sequence[awaiting.Target],
        mode: awaiting.Mode,
        caller: callers.Caller,
        until: tuple[float, float],
    ) -> None:
        """One deadline for all of them; what is there already costs no wait."""
        pending = self.waits.pending(targets, mode)
        if not pending:
            return
        deadline, seconds = until
        wait, tally = waits.Wait(pending, mode), self._tools.tally
        tally.count(tallies.ENSURE_WAITS, (caller.namespace,))
        try:
            with tally.going_on(tallies.ENSURES_WAITING):
                async with asyncio.timeout(deadline - self._tools.clock.monotonic()):
                    await self.waits.until(wait, caller.node)
        except TimeoutError:
            target = next(iter(wait.pending.values()), pending[0])
            why = self._said(target.declared.key)
            raise awaiting.timed_out(
                target, self._book.pods(target), self._book.records(target), seconds, why
            ) from None

    def _refuse_suspended(self, targets: Sequence[awaiting.Target]) -> None:
        for target in targets:
            if target.declared.suspended:
                name = target.declared.key.name
                raise refusals.Refusal(
                    refusals.Kind.UNAVAILABLE,
                    f"{target.name} is not started, its set is stopped; workerctl start {name} runs it",
                    {"name": target.name, "scope": target.declared.scope, "set": name},
                )

    def _refuse_over_cap(self, targets: Sequence[awaiting.Target]) -> None:
        """S2.5: counted before anything is started, with what others are about to start."""
        places: dict[kinds.Key, tuple[Collection[str], set[str]]] = {}
        for target in targets:
            catch_all = target.declared
            if not catch_all.is_catch_all:
                continue
            if catch_all.key not in places:
                listed, coming = self._collector.taken(catch_all.key)
                places[catch_all.key] = listed, set(coming)
            held, new = places[catch_all.key]
            if target.name in held or target.name in new:
                continue
            if len(held) + len(new) >= catch_all.cap:
                self._afresh.tell_cap(catch_all, target.name)
                raise resolution.cap_reached(catch_all, target.name, self._collector.held(catch_all.key))
            new.add(target.name)

    def _given_up(self, target: awaiting.Target) -> list[kinds.Object]:
        pods = self._book.pods(target)
        return pods if awaiting.is_given_up(pods) else []

    def _touch(self, targets: Sequence[awaiting.Target]) -> None:
        """S6.9: an ensure is a use."""
        for target in targets:
            if target.declared.idles:
                self._tools.shared.touch(_vars_name(target))

    def _again(self, target: awaiting.Target) -> awaiting.Target:
        """The name may have moved to another set while it was waited for."""
        found = self._book.directory(target.declared.key.namespace).find(target.declared.scope, target.name)
        return target if found is None else awaiting.Target(target.name, found)

    def _said(self, key: kinds.Key) -> str:
        obj = self._book.workerset(key)
        return "" if obj is None else str((obj.get("status") or {}).get("message", ""))

    # ------------------------------------------------------------------ the others

    def _resolve(self, caller: callers.Caller, request: Mapping[str, Any]) -> Answer:
        """Starts nothing."""
        name = asking.name(request.get("name"))
        scope = caller.scope_for(request.get("scope"))
        found = self._book.directory(caller.namespace).resolve(scope, name)
        target = awaiting.Target(name, found)
        instance = self._instance(target, caller.folder)
        instance |= {"ensured": self._is_wanted(target), "declared": True, "num": found.num}
        return {"ok": True, "instance": instance}

    async def _release(self, caller: callers.Caller, request: Mapping[str, Any]) -> Answer:
        names = asking.names(request.get("names"))
        directory = self._book.directory(caller.namespace)
        scope = caller.scope_for(request.get("scope"))
        found = [(directory.resolve(scope, name).key, name) for name in names]
        return {"ok": True, "released": self._collector.release(found, caller.owner)}

    def _list(self, namespace: str, folder: str = "") -> list[Answer]:
        """Everything that is wanted, and what is declared by name."""
        found: list[Answer] = []
        for one in self._book.directory(namespace).sets.values():
            names = self._book.names(one.key) | ({one.name} if one.name is not None else set())
            found += [self._instance(awaiting.Target(name, one), folder) for name in sorted(names)]
        return found

    def _is_wanted(self, target: awaiting.Target) -> bool:
        return target.name in self._book.names(target.declared.key)

    def _instance(self, target: awaiting.Target, folder: str) -> Answer:
        """`vars` is null where nothing is to run under the name."""
        pods = self._book.pods(target)
        obj = self._book.workerset(target.declared.key)
        wanted = self._is_wanted(target)
        return {
            "namespace": target.declared.key.namespace,
            "name": target.name,
            "scope": target.declared.scope,
            "set": target.declared.key.name,
            "worker": pods[0]["metadata"]["name"] if pods else target.workers[0],
            **(self._memory(target, folder) if wanted else {"vars": None}),
            "ready": awaiting.is_ready(pods),
            "published": awaiting.is_published(pods),
            "pid": awaiting.pid(pods),
            "gate": "" if obj is None else str(parse.ready_gate(obj["spec"])),
        }

    def _memory(self, target: awaiting.Target, folder: str) -> Answer:
        """Where it is, and the epoch that this answer is of: it may have moved on when the caller looks."""
        name, shared = _vars_name(target), self._tools.shared
        path = shared.lend(name, folder) if folder else shared.slot(name)
        return {"vars": path, "epoch": shared.epoch(name)}

    def _now(self) -> str:
        return stamps.rfc3339(self._tools.clock.wall())


def _mode(request: Mapping[str, Any]) -> awaiting.Mode:
    return awaiting.Mode(
        ready=asking.flag(request.get("wait"), "wait", True),
        bootstrap=asking.flag(request.get("bootstrap"), "bootstrap", False),
        published=asking.flag(request.get("published"), "published", False),
    )


def _vars_name(target: awaiting.Target) -> ports.VarsName:
    declared = target.declared
    return ports.VarsName(declared.key.namespace, declared.scope, target.name)


async def _answered(work: Awaitable[Answer]) -> Answer:
    try:
        return await work
    except refusals.Refusal as refusal:
        return {"ok": False, "error": refusal.to_json()}
