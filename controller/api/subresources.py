"""`/status` and `/scale` of a WorkerSet. Replicas of a Scale are `spec.num` (autoscaling/v1)."""

from __future__ import annotations

from typing import Any

from controller.api import bodies, options, present, registry, replies, writing
from controller.api import call as calls
from controller.core import admission, deployments, errors, fields, kinds, metadata, patch, table


async def update_status(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "update", "status")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    new = writing.placed(call, bodies.parse_object(body, call.content_type, call.services.load_yaml))
    return _write_status(call, new, dry_run=dry_run)


async def patch_status(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "patch", "status")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    if call.content_type == writing.APPLY:
        config = bodies.must_be_object(bodies.parse_yaml(body, call.services.load_yaml))
        live = call.live()
        outcome = admission.admit_apply(
            call.resource,
            live,
            writing.placed(call, config),
            options.of_write(call, "Apply"),
            call.services.schema,
        )
        return writing.settled(call, live, outcome, dry_run=dry_run)
    change = writing.parse_patch(call, body)
    return _write_status(call, writing.patched(call, call.live(), change), dry_run=dry_run)


def _write_status(call: calls.Call, new: kinds.Object, *, dry_run: bool) -> replies.Reply:
    live = call.live()
    outcome = admission.admit_status(call.resource, live, new, options.of_write(call), call.services.schema)
    return writing.settled(call, live, outcome, dry_run=dry_run)


# --------------------------------------------------------------------------- scale


async def get_scale(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "get", "scale")
    return _present(call, call.live())


async def update_scale(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "update", "scale")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    new = writing.placed(call, bodies.parse_object(body, call.content_type, call.services.load_yaml))
    return _write_scale(call, new, dry_run=dry_run)


async def patch_scale(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "patch", "scale")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    if call.content_type not in (writing.MERGE, writing.JSON_PATCH):
        raise bodies.unsupported(call.content_type, (writing.JSON_PATCH, writing.MERGE))
    change = bodies.parse_json(body)
    before = scale_of(call.live())
    if call.content_type == writing.JSON_PATCH:
        new = patch.json_patch(before, change)
    else:
        new = patch.merge(before, bodies.must_be_object(change))
    return _write_scale(call, bodies.must_be_object(new), dry_run=dry_run)


def _write_scale(call: calls.Call, new: dict[str, Any], *, dry_run: bool) -> replies.Reply:
    live = call.live()
    meta = fields.mapping(new.get("metadata"))
    metadata.require_preconditions(call.resource, live, meta.get("uid"), meta.get("resourceVersion"))
    wanted = new.get("spec", {})
    if not isinstance(wanted, dict):
        raise errors.BadRequest("spec of a Scale must be an object, for example {replicas: 3}")
    replicas = wanted.get("replicas", 0)
    outcome = admission.admit_scale(live, replicas, options.of_write(call), call.services.schema)
    stored = writing.stored(call, live, outcome, dry_run=dry_run)
    return _present(call, stored, warnings=outcome.warnings)


def _present(call: calls.Call, obj: kinds.Object, *, warnings: tuple[str, ...] = ()) -> replies.Reply:
    return present.single(call, scale_of(obj), warnings=warnings, layout=table.scale_layout())


def scale_of(obj: kinds.Object) -> dict[str, Any]:
    """autoscaling/v1 Scale."""
    meta, status = obj["metadata"], fields.mapping(obj.get("status"))
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": deployments.declared_num(fields.mapping(obj.get("spec")))},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": status.get("selector", f"{kinds.LABEL_SET}={meta['name']}"),
        },
    }
