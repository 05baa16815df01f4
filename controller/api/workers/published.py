"""What workers have published, for people: where each name stands, one name's value, and every new one.

Answers like the worker socket: `{"ok": false, "error": …}` says why there is nothing to read (S6.4).
"""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import encode, namespaces, replies
from controller.api.services import Services
from controller.core import refusals, resolution, stamps

_SLICE_SECONDS = 2.0
"""Between two looks at most: so late is a publish seen that wakes nobody (PHP without FFI)."""

_SHOWN = ("namespace", "scope", "name", "set", "worker", "ready")

Answer = dict[str, Any]


async def of_all(call: calls.Call) -> replies.Sendable:
    """Every name that runs or is asked for, in every namespace or one, in every scope or one."""
    return _listed(call, call.namespace)


async def of_namespace(call: calls.Call) -> replies.Sendable:
    """With `name` what that one has published; with `watch` too, a line for that and for all that follows."""
    asked = call.query
    if not asked.has("name"):
        return _listed(call, call.namespace)
    reader = Reader(call.services, call.namespace or "", asked.text("name"), asked.text("scope"))
    if asked.flag("watch"):
        return replies.Stream(reader.follow(), call.services.streams)
    try:
        return replies.Reply(encode.dump(reader.now()))
    except refusals.Refusal as refusal:
        return replies.Reply(encode.dump(_refused(refusal)))


def _listed(call: calls.Call, namespace: str | None) -> replies.Sendable:
    asked = call.query
    items = [
        _facts(call, one)
        for one in call.services.desk.instances(namespace)
        if one["vars"] is not None and (not asked.has("scope") or one["scope"] == asked.text("scope"))
    ]
    items.sort(key=lambda one: (one["namespace"], one["scope"], one["name"]))
    return replies.Reply(encode.dump({"items": items}))


def _facts(call: calls.Call, instance: Answer) -> Answer:
    """Where it stands; `publishedAt` only if anything ever was, `problem` where it cannot be read."""
    shared = call.services.shared
    name = _name_of(instance)
    entry = {key: instance[key] for key in _SHOWN}
    entry["generation"] = shared.generation(name)
    try:
        snapshot = shared.read(name)
    except ValueError as problem:
        return {**entry, "problem": str(problem)}
    return entry if snapshot is None else {**entry, **_when(call.services, snapshot)}


def _when(services: Services, snapshot: ports.Snapshot) -> Answer:
    age = max(0.0, services.clock.wall() - snapshot.published_wall)
    return {
        "generation": snapshot.generation,
        "publishedAt": stamps.rfc3339_micro(snapshot.published_wall),
        "ageSeconds": round(age, 3),
        "bytes": len(snapshot.encoded),
    }


def _name_of(instance: Answer) -> ports.VarsName:
    return ports.VarsName(instance["namespace"], instance["scope"], instance["name"])


def _refused(refusal: refusals.Refusal) -> Answer:
    return {"ok": False, "error": refusal.to_json()}


class Reader:
    """One name as one client asks for it; looked up anew each time, since it may move to another set."""

    def __init__(self, services: Services, namespace: str, name: str, scope: str) -> None:
        self._services = services
        self._namespace, self._name, self._scope = namespace, name, scope

    def now(self) -> Answer:
        """What is published, as it goes on the wire. Raises Refusal."""
        return self._shown(*self.snapshot())

    def snapshot(self) -> tuple[Answer, ports.Snapshot]:
        """Raises Refusal: undeclared, not ensured, never published, or damaged."""
        instance = self._instance()
        found = self._published(instance)
        if found is None:
            raise self._nothing(
                f"{_where(instance)} never published vars{_late(instance)}; "
                f"wait for its first publish: {_command('vars get --watch', instance)}",
                instance,
            )
        return instance, found

    async def follow(self) -> AsyncIterator[bytes]:
        """The published value and each newer one, as far as the client keeps up; the last line says why it
        ends."""
        last = 0
        try:
            while True:
                instance = self._instance()
                found = self._published(instance)
                if found is not None and found.generation != last:
                    last = found.generation
                    yield encode.dump(self._shown(instance, found)) + b"\n"
                await self._services.shared.changed(_name_of(instance), last, _SLICE_SECONDS)
        except refusals.Refusal as refusal:
            yield encode.dump(_refused(refusal)) + b"\n"

    def _instance(self) -> Answer:
        instance = self._services.desk.resolve(self._namespace, self._name, self._scope)
        if instance["vars"] is None:
            raise self._nothing(
                f"nothing is published, nobody has ensured {_where(instance)}; "
                f"start it: {_command('ensure', instance)}",
                instance,
            )
        return instance

    def _published(self, instance: Answer) -> ports.Snapshot | None:
        try:
            return self._services.shared.read(_name_of(instance))
        except ValueError as problem:
            raise refusals.Refusal(refusals.Kind.UNAVAILABLE, str(problem), _details(instance)) from None

    def _shown(self, instance: Answer, snapshot: ports.Snapshot) -> Answer:
        entry = {key: instance[key] for key in _SHOWN}
        return {"ok": True, **entry, **_when(self._services, snapshot), "value": snapshot.value}

    def _nothing(self, message: str, instance: Answer) -> refusals.Refusal:
        return refusals.Refusal(refusals.Kind.NOT_PUBLISHED, message, _details(instance))


def _details(instance: Answer) -> Answer:
    return {key: instance[key] for key in ("name", "scope", "set", "worker")}


def _where(instance: Answer) -> str:
    return f"{instance['name']} (set {instance['set']}, {resolution.said(instance['scope'])})"


def _late(instance: Answer) -> str:
    """S5: ready, and yet nothing to read."""
    gate = instance["gate"]
    if gate == "vars" or not instance["ready"]:
        return ""
    return f", it is ready by ready_when: {gate}, which does not wait for that"


def _command(verb: str, instance: Answer) -> str:
    """As it is to be typed."""
    words = ["workerctl", *verb.split(), instance["name"]]
    words += ["--scope", instance["scope"]] if instance["scope"] else []
    words += ["-n", instance["namespace"]] if instance["namespace"] != namespaces.DEFAULT else []
    return shlex.join(words)
