"""The write door: every write of an API object passes here, whoever makes it (design, "Store").

Pure: takes the live object and what somebody wants, returns what to store or raises. System metadata,
optimistic concurrency, schema, field ownership; deletion is in `deletion.py`. Rules: Kubernetes' registry
strategies and `kubectl.md` semantics 4 to 10.
"""

from __future__ import annotations

from typing import Any

from controller.core import deletion, door, ensured, errors, fields, kinds, metadata, ownership, takeover

Outcome = door.Outcome
SchemaPort = door.SchemaPort
WriteOptions = door.WriteOptions

begin_delete = deletion.begin_delete
remove_finalizer = deletion.remove_finalizer


def admit_create(
    resource: kinds.Resource, obj: kinds.Object, options: WriteOptions, schema: SchemaPort | None
) -> Outcome:
    """A new object: identity stamped, status dropped where it is a subresource, generation 1.

    `generateName` must have become a name, the namespace be filled in.
    """
    given = metadata.typed(resource, obj)
    if fields.mapping(given.get("metadata")).get("resourceVersion"):
        raise errors.BadRequest("resourceVersion should not be set on objects to be created")
    new = _fresh(resource, given, options)
    new, warnings = door.checked(resource, None, new, options, schema)
    new = ownership.update(None, new, options.manager, options.operation, options.subresource, options.now)
    return Outcome(new, warnings, True)


def admit_update(
    resource: kinds.Resource,
    live: kinds.Object,
    new: kinds.Object,
    options: WriteOptions,
    schema: SchemaPort | None,
) -> Outcome:
    """A replacement of the main part: status stays, generation +1 only on a change of spec."""
    given = metadata.typed(resource, new)
    metadata.require_same(resource, live, given)
    result: kinds.Object = {**given, "metadata": metadata.carried_over(resource, live, given)}
    if door.has_status(resource):
        _carry_status(live, result)
    result, warnings = door.checked(resource, live, result, options, schema)
    result = ownership.update(
        live, result, options.manager, options.operation, options.subresource, options.now
    )
    return _settled(live, result, warnings, options)


def admit_apply(
    resource: kinds.Resource,
    live: kinds.Object | None,
    config: kinds.Object,
    options: WriteOptions,
    schema: SchemaPort | None,
) -> Outcome:
    """Server-side apply (KEP-555); `live` None creates. With subresource status only the status counts."""
    given = metadata.typed(resource, config, required=True)
    if fields.mapping(given.get("metadata")).get("managedFields"):
        raise errors.BadRequest(
            "metadata.managedFields must be nil: a configuration to apply cannot carry it"
        )
    if live is not None:
        metadata.require_same(resource, live, given)
    part = _applied_part(resource, given, options)
    result, warnings = _apply_checked(resource, live, part, options, schema)
    if live is None:
        return Outcome(result, warnings, True)
    return _settled(live, result, warnings, options)


def admit_status(
    resource: kinds.Resource,
    live: kinds.Object,
    new: kinds.Object,
    options: WriteOptions,
    schema: SchemaPort | None,
) -> Outcome:
    """A write to `/status`: nothing but status (and a client's own managedFields) is taken from `new`."""
    given = metadata.typed(resource, new)
    metadata.require_same(resource, live, given)
    result = dict(live)
    _carry_status(given, result)
    sent = fields.mapping(given.get("metadata")).get("managedFields")
    if sent is not None:
        result["metadata"] = {**live["metadata"], "managedFields": sent}
    result, warnings = door.checked(resource, live, result, options, schema)
    result = ownership.update(live, result, options.manager, options.operation, "status", options.now)
    return _settled(live, result, warnings, options)


def admit_scale(
    live: kinds.Object, replicas: Any, options: WriteOptions, schema: SchemaPort | None
) -> Outcome:
    """A write to `/scale`: replicas are `spec.num`, owned by the manager with subresource scale."""
    resource = kinds.WORKERSETS
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        name = fields.mapping(live.get("metadata")).get("name", "")
        problem = errors.FieldProblem(
            ("spec", "replicas"), "Invalid", "should be a non-negative integer", value=replicas
        )
        raise door.invalid("Scale.autoscaling", name, [problem], kind="Scale", group="autoscaling")
    result: kinds.Object = {**live, "spec": {**fields.mapping(live.get("spec")), "num": replicas}}
    result, warnings = door.checked(resource, live, result, options, schema)
    result = ownership.update(live, result, options.manager, options.operation, "scale", options.now)
    return _settled(live, result, warnings, options)


def _fresh(resource: kinds.Resource, given: kinds.Object, options: WriteOptions) -> kinds.Object:
    result: kinds.Object = {**given, "metadata": metadata.stamped(given, options.uid, options.now)}
    if door.has_status(resource):
        result.pop("status", None)
    return result


def _carry_status(source: kinds.Object, target: kinds.Object) -> None:
    if "status" in source:
        target["status"] = source["status"]
    else:
        target.pop("status", None)


def _applied_part(resource: kinds.Resource, config: kinds.Object, options: WriteOptions) -> kinds.Object:
    """The configuration without what the path written to cannot touch."""
    meta = metadata.declared(config)
    if options.subresource == "status":
        meta = {key: meta[key] for key in ("name", "namespace") if key in meta}
        return {
            key: meta if key == "metadata" else config[key]
            for key in ("apiVersion", "kind", "metadata", "status")
            if key in config
        }
    part = {**config, "metadata": meta}
    if door.has_status(resource):
        part.pop("status", None)
    return part


def _apply_checked(
    resource: kinds.Resource,
    live: kinds.Object | None,
    config: kinds.Object,
    options: WriteOptions,
    schema: SchemaPort | None,
) -> tuple[kinds.Object, tuple[str, ...]]:
    """Prune what is unknown before it is owned, then merge, then judge the whole."""
    base = {**live, "metadata": live["metadata"]} if live is not None else None
    config, warnings = door.pruned(resource, config, options, schema)
    merged = takeover.apply(base, config, options.manager, options.force, options.now, options.subresource)
    if live is None:
        merged = {
            **merged,
            "metadata": metadata.stamped(merged, options.uid, options.now, keep_managers=True),
        }
    else:
        merged = {**merged, "metadata": metadata.carried_over(resource, live, merged)}
    merged, more = door.checked(resource, live, merged, options, schema)
    return merged, (*warnings, *more)


def _settled(
    live: kinds.Object, result: kinds.Object, warnings: tuple[str, ...], options: WriteOptions
) -> Outcome:
    """Count a change of spec; an equal result is the live object itself. What is ensured stays (S3.2)."""
    if options.ensured is not None:
        result = ensured.render(result, options.ensured, options.now)
    if not fields.same(live.get("spec"), result.get("spec")):
        meta = result["metadata"]
        generation = int(live["metadata"].get("generation", 0)) + 1
        result = {**result, "metadata": {**meta, "generation": generation}}
    if fields.same(live, result):
        return Outcome(live, warnings, False)
    return Outcome(result, warnings, True)
