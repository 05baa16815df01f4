"""The same for people: private endpoints of the API for `workerctl ensure`, `release` and `vars`."""

from __future__ import annotations

from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import encode, namespaces, replies
from controller.core import errors, stamps


async def ensure(call: calls.Call) -> replies.Sendable:
    """`{namespace, scope, names, timeout, wait}`; answers as the worker socket does, errors included."""
    body = await call.json()
    return replies.Reply(encode.dump(await call.services.desk.ensure(_namespace(body), body)))


async def release(call: calls.Call) -> replies.Sendable:
    """`{namespace, scope, names}`: nobody asks for them any more."""
    body = await call.json()
    return replies.Reply(encode.dump(await call.services.desk.release(_namespace(body), body)))


async def token(call: calls.Call) -> replies.Sendable:
    """For a server that is no worker and asks over the worker socket."""
    return replies.Reply(encode.dump({"token": call.services.desk.token(call.params["namespace"])}))


async def published(call: calls.Call) -> replies.Sendable:
    """Every name with a slot, or with `name` what that one has published."""
    namespace = call.params["namespace"]
    scope, name = call.query.text("scope"), call.query.text("name")
    shared = call.services.shared
    if name:
        return replies.Reply(encode.dump(_one(call, ports.VarsName(namespace, scope, name))))
    found = [
        _listed(call, one)
        for one in shared.known()
        if one.namespace == namespace and (not call.query.has("scope") or one.scope == scope)
    ]
    return replies.Reply(encode.dump({"items": found}))


def _listed(call: calls.Call, name: ports.VarsName) -> dict[str, Any]:
    """Where it stands; `publishedAt` only if anything ever was."""
    entry: dict[str, Any] = {
        "name": name.name,
        "scope": name.scope,
        "ready": call.services.desk.is_ready(name),
        "generation": call.services.shared.generation(name),
    }
    try:
        snapshot = call.services.shared.read(name)
    except ValueError as problem:
        return {**entry, "problem": str(problem)}
    if snapshot is not None:
        wall = call.services.clock.wall()
        entry["publishedAt"] = stamps.rfc3339_micro(snapshot.published_wall)
        entry["ageSeconds"] = round(max(0.0, wall - snapshot.published_wall), 3)
        entry["bytes"] = len(snapshot.encoded)
    return entry


def _one(call: calls.Call, name: ports.VarsName) -> dict[str, Any]:
    """With the published value as plain JSON; null where nothing was published. Raises NotFound."""
    shared = call.services.shared
    if name not in shared.known():
        raise errors.NotFound(
            f"nothing runs under this name in {name.namespace}, so nothing is published: {name.name}"
        )
    try:
        snapshot = shared.read(name)
    except ValueError as problem:
        raise errors.StatusError(f"what {name.name} has published is damaged: {problem}") from None
    return {**_listed(call, name), "value": None if snapshot is None else snapshot.value}


def _namespace(body: dict[str, Any]) -> str:
    given = body.get("namespace") or namespaces.DEFAULT
    if not isinstance(given, str):
        raise errors.BadRequest("namespace must be a string")
    return given
