"""create, update and patch of whole objects: read, through the pure door, stored in one commit.

No `await` stands between reading an object and storing its successor, so nothing can come in between.
"""

from __future__ import annotations

from typing import Any

from controller.api import bodies, configmaps, namespaces, options, present, registry, replies
from controller.api import call as calls
from controller.core import admission, errors, eventrules, fields, kinds, patch

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
STRATEGIC = "application/strategic-merge-patch+json"

_LONGEST_BASE = 58
"""Of `generateName`, so that five more characters make 63 (Kubernetes' SimpleNameGenerator)."""


async def create(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "create")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    given = bodies.parse_object(body, call.content_type, call.services.load_yaml)
    obj = _completed(call, named(call, placed(call, given)))
    outcome = admit_create(call, obj, options.of_write(call))
    stored = outcome.object if dry_run else store_new(call, outcome.object)
    return present.single(call, stored, code=201, warnings=outcome.warnings)


async def update(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "update")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    new = placed(call, bodies.parse_object(body, call.content_type, call.services.load_yaml))
    return _replace(call, call.live(), new, dry_run=dry_run)


async def patch_object(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "patch")
    dry_run = options.is_dry_run(call.query)
    body = await call.body()
    if call.content_type == APPLY:
        return _apply(call, body, dry_run=dry_run)
    change = parse_patch(call, body)
    live = call.live()
    return _replace(call, live, patched(call, live, change), dry_run=dry_run)


def _replace(call: calls.Call, live: kinds.Object, new: kinds.Object, *, dry_run: bool) -> replies.Reply:
    if call.resource == kinds.NAMESPACES:
        new = namespaces.kept(live, new)
    new = _completed(call, new)
    outcome = admission.admit_update(call.resource, live, new, options.of_write(call), call.services.schema)
    return settled(call, live, outcome, dry_run=dry_run)


def _apply(call: calls.Call, body: bytes, *, dry_run: bool) -> replies.Reply:
    """Server-side apply (KEP-555): creates what is not there."""
    config = placed(call, bodies.must_be_object(bodies.parse_yaml(body, call.services.load_yaml)))
    if call.resource == kinds.NAMESPACES:
        config = namespaces.declared(config)
    config = _completed(call, config)
    write = options.of_write(call, "Apply")
    live = call.services.store.find(call.resource, call.key)
    if live is None:
        _require_place(call, call.key.name)
    outcome = admission.admit_apply(call.resource, live, config, write, call.services.schema)
    if live is not None:
        return settled(call, live, outcome, dry_run=dry_run)
    obj = namespaces.completed(outcome.object) if call.resource == kinds.NAMESPACES else outcome.object
    stored = obj if dry_run else store_new(call, obj)
    return present.single(call, stored, code=201, warnings=outcome.warnings)


# --------------------------------------------------------------------------- patches


def parse_patch(call: calls.Call, body: bytes) -> Any:
    """The patch as JSON; raises UnsupportedMediaType for a format this kind does not take."""
    kind = call.content_type
    formats = (JSON_PATCH, MERGE, APPLY) if call.resource.group else (JSON_PATCH, MERGE, APPLY, STRATEGIC)
    if kind not in formats:
        raise bodies.unsupported(kind, formats)
    if kind == STRATEGIC:
        return _plain_strategic(bodies.must_be_object(bodies.parse_json(body)))
    change = bodies.parse_json(body)
    return bodies.must_be_object(change) if kind == MERGE else change


def _plain_strategic(change: dict[str, Any]) -> dict[str, Any]:
    """A strategic patch of a kind without lists to merge is a merge patch, unless it has directives."""
    if any(key.startswith("$") for key in _keys(change)):
        raise errors.UnsupportedMediaType(
            f"directives of strategic merge patch are not supported, use {MERGE}", (JSON_PATCH, MERGE, APPLY)
        )
    return change


def _keys(value: Any) -> list[str]:
    found: list[str] = []
    for key, below in fields.mapping(value).items():
        found += [key, *_keys(below)]
    return found


def patched(call: calls.Call, live: kinds.Object, change: Any) -> kinds.Object:
    """`live` with the patch applied; raises Invalid or BadRequest."""
    if call.content_type == JSON_PATCH:
        return bodies.must_be_object(patch.json_patch(live, change))
    return bodies.must_be_object(patch.merge(live, change))


# --------------------------------------------------------------------------- names and places


def placed(call: calls.Call, obj: kinds.Object) -> kinds.Object:
    """The object in the namespace, and under the name, of the path. Raises BadRequest if it says another."""
    metadata = obj.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise errors.BadRequest("metadata must be an object")
    metadata = dict(metadata)
    for field, wanted in (("namespace", call.key.namespace), ("name", call.key.name)):
        given = metadata.get(field)
        if not wanted:
            if field == "namespace" and not call.resource.namespaced:
                metadata.pop("namespace", None)
            continue
        if given and given != wanted:
            where = "sent on the request" if field == "namespace" else "on the URL"
            raise errors.BadRequest(
                f"the {field} of the provided object ({given}) does not match the {field} {where} ({wanted})"
            )
        metadata[field] = wanted
    return {**obj, "metadata": metadata}


def named(call: calls.Call, obj: kinds.Object) -> kinds.Object:
    """`generateName` becomes a name; a taken one is the client's to retry."""
    metadata = obj["metadata"]
    base = metadata.get("generateName")
    if metadata.get("name") or not base or not isinstance(base, str):
        return obj
    return {**obj, "metadata": {**metadata, "name": base[:_LONGEST_BASE] + call.services.ids.suffix()}}


def _completed(call: calls.Call, obj: kinds.Object) -> kinds.Object:
    """An Event with what its client leaves out, and the label by which it is forgotten in time."""
    if call.resource != kinds.EVENTS:
        return obj
    about = fields.mapping(obj.get("involvedObject"))
    key = kinds.Key(call.key.namespace, str(about.get("name", "")))
    pod = call.services.store.find(kinds.PODS, key) if about.get("kind") == kinds.PODS.kind else None
    return eventrules.completed(obj, eventrules.owner_label(obj, pod), call.services.now())


def _require_place(call: calls.Call, name: str) -> None:
    if call.resource == kinds.CONFIG_MAPS:
        configmaps.require_free(name)
    if call.resource.namespaced:
        namespaces.require(call.services.store, call.resource, call.key.namespace, name)
    else:
        namespaces.check_name(name)


def admit_create(call: calls.Call, obj: kinds.Object, write: admission.WriteOptions) -> admission.Outcome:
    """Through the door and free of any other object of its name. Raises AlreadyExists too."""
    outcome = admission.admit_create(call.resource, obj, write, call.services.schema)
    name = outcome.object["metadata"]["name"]
    _require_place(call, name)
    if call.services.store.find(call.resource, kinds.Key(call.key.namespace, name)) is not None:
        raise errors.AlreadyExists(
            f'{call.resource.qualified} "{name}" already exists',
            kind=call.resource.plural,
            name=name,
            group=call.resource.group,
        )
    if call.resource != kinds.NAMESPACES:
        return outcome
    return admission.Outcome(namespaces.completed(outcome.object), outcome.warnings, changed=True)


# --------------------------------------------------------------------------- storing


def store_new(call: calls.Call, obj: kinds.Object) -> kinds.Object:
    with call.services.store.transaction(durable=True):
        return call.services.store.create(call.resource, obj)


def settled(
    call: calls.Call, live: kinds.Object, outcome: admission.Outcome, *, dry_run: bool
) -> replies.Reply:
    """Store what changed, unless it is a dry run, and answer with it."""
    return present.single(call, stored(call, live, outcome, dry_run=dry_run), warnings=outcome.warnings)


def stored(
    call: calls.Call, live: kinds.Object, outcome: admission.Outcome, *, dry_run: bool
) -> kinds.Object:
    """The object as it is now. The store removes one whose last finalizer went."""
    if dry_run or not outcome.changed:
        return outcome.object
    store, version = call.services.store, live["metadata"].get("resourceVersion")
    with store.transaction(durable=call.resource.durable):
        return store.update(call.resource, outcome.object, expected_version=version)
