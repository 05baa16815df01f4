"""Writes to Deployments: each is a write of the WorkerSet that the Deployment is a view of."""

from __future__ import annotations

from typing import Any

from controller.api import bodies, options, present, registry, replies, writing
from controller.api import call as calls
from controller.core import (
    admission,
    deployments,
    deploymentwrites,
    errors,
    fields,
    kinds,
    metadata,
    strategic,
)

_PATCHES = (writing.STRATEGIC, writing.MERGE, writing.JSON_PATCH)


async def update(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "update")
    body = await call.body()
    new = writing.placed(call, bodies.parse_object(body, call.content_type, call.services.load_yaml))
    return _write(call, call.live(), new)


async def patch(call: calls.Call) -> replies.Sendable:
    """Strategic merge patches too: clients write compiled-in kinds with them."""
    registry.require(call.served, "patch")
    body = await call.body()
    if call.content_type == writing.APPLY:
        raise errors.UnsupportedMediaType(
            f"server-side apply is not supported on {call.resource.qualified}, apply the WorkerSet", _PATCHES
        )
    if call.content_type not in _PATCHES:
        raise bodies.unsupported(call.content_type, _PATCHES)
    change = bodies.parse_json(body)
    before = call.live()
    if call.content_type == writing.STRATEGIC:
        new: Any = strategic.merge(before, bodies.must_be_object(change))
    else:
        if call.content_type == writing.MERGE:
            change = bodies.must_be_object(change)
        new = writing.patched(call, before, change)
    return _write(call, before, new)


def _write(call: calls.Call, before: kinds.Object, new: kinds.Object) -> replies.Reply:
    store, key = call.services.store, call.key
    live = store.get(kinds.WORKERSETS, key)
    given = fields.mapping(new.get("metadata"))
    metadata.require_preconditions(call.resource, before, given.get("uid"), given.get("resourceVersion"))
    if not isinstance(new.get("spec"), dict):
        raise errors.BadRequest("spec of a Deployment must be an object")
    history = call.services.histories.of(live)
    wanted = deploymentwrites.workerset(live, history, new)
    write = options.of_write(call, of=kinds.WORKERSETS)
    outcome = admission.admit_update(kinds.WORKERSETS, live, wanted, write, call.services.schema)
    if outcome.changed and not options.is_dry_run(call.query):
        with store.transaction(durable=True):
            version = live["metadata"]["resourceVersion"]
            live = store.update(kinds.WORKERSETS, outcome.object, expected_version=version)
    else:
        live = outcome.object
    return present.single(call, deployments.deployment(live, history), warnings=outcome.warnings)
