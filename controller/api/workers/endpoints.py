"""The same for people: private endpoints of the API for `workerctl ensure` and `release`."""

from __future__ import annotations

from typing import Any

from controller.api import call as calls
from controller.api import encode, namespaces, replies
from controller.core import errors


async def ensure(call: calls.Call) -> replies.Sendable:
    """`{namespace, scope, names, timeout, wait}`; answers as the worker socket does, errors included.

    `workerctl` that a worker calls adds that worker's `token` and `run`.
    """
    body = await call.json()
    return replies.Reply(encode.dump(await call.services.desk.by_hand("ensure", _namespace(body), body)))


async def release(call: calls.Call) -> replies.Sendable:
    """`{namespace, scope, names}`: nobody asks for them any more."""
    body = await call.json()
    return replies.Reply(encode.dump(await call.services.desk.by_hand("release", _namespace(body), body)))


async def token(call: calls.Call) -> replies.Sendable:
    """For a server that is no worker and asks over the worker socket."""
    return replies.Reply(encode.dump({"token": call.services.desk.token(call.params["namespace"])}))


def _namespace(body: dict[str, Any]) -> str:
    given = body.get("namespace") or namespaces.DEFAULT
    if not isinstance(given, str):
        raise errors.BadRequest("namespace must be a string")
    return given
