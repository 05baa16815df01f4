"""Endpoints below /workerset/v1 that Kubernetes has no word for (docs/api.md); `apply` is in `bulk.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from controller.api import call as calls
from controller.api import encode, logs, reading, replies
from controller.core import errors, kinds


async def project(call: calls.Call) -> replies.Sendable:
    """What runs here, since when, and what is wrong with it as a whole."""
    return replies.Reply(encode.dump(dict(call.services.control.project())))


async def environment(call: calls.Call) -> replies.Sendable:
    """S8.1: what a worker of the set gets, with the source of each variable."""
    _require_set(call)
    items = [dict(one) for one in call.services.control.environment(call.key)]
    return replies.Reply(encode.dump({"items": items}))


async def rollback(call: calls.Call) -> replies.Sendable:
    """The template of an earlier revision; without `toRevision` the one before."""
    revision = (await call.json()).get("toRevision")
    if revision is not None and (isinstance(revision, bool) or not isinstance(revision, int) or revision < 0):
        raise errors.BadRequest(f"toRevision must be a non-negative integer or null: {revision!r}")
    _require_set(call)
    return replies.Reply(encode.dump(call.services.control.rollback(call.key, revision or None)))


def _require_set(call: calls.Call) -> None:
    """The set of the path must be there. Raises NotFound."""
    call.live()


async def usage(call: calls.Call) -> replies.Sendable:
    """CPU and memory of the processes, sampled now."""
    asked = call.query
    pods = reading.objects(call, kinds.PODS, asked.text("namespace") or None, asked.text("labelSelector"))
    found = call.services.control.usage([logs.ref_of(pod) for pod in pods])
    items = [
        {
            "namespace": one.worker.namespace,
            "workerset": one.worker.workerset,
            "worker": one.worker.worker,
            "pid": one.pid,
            "cpuSeconds": one.cpu_seconds,
            "memoryBytes": one.memory_bytes,
            "startedAt": one.started_wall,
        }
        for one in found
    ]
    return replies.Reply(encode.dump({"items": items}))


async def shutdown(call: calls.Call) -> replies.Sendable:
    """S4.6: stops everything and ends the controller. JSON lines of progress, the last has `done`.

    The answer outlasts the server's own end, and a client that hangs up stops nothing.
    """
    body = await call.json()
    grace = _grace(body)
    steps = call.services.control.shutdown(grace, purge=body.get("purge") is True)
    return replies.Stream(_lines(steps), call.services.streams, lasting=True)


def _grace(body: Mapping[str, Any]) -> float | None:
    grace = body.get("graceSeconds")
    if grace is None:
        return None
    if isinstance(grace, bool) or not isinstance(grace, (int, float)) or not 0 <= grace < 1e9:
        raise errors.BadRequest(f"graceSeconds must be a non-negative number or null: {grace!r}")
    return float(grace)


async def _lines(steps: AsyncIterator[Mapping[str, object]]) -> AsyncIterator[bytes]:
    async for step in steps:
        yield encode.dump(dict(step)) + b"\n"
