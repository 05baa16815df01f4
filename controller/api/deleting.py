"""delete: at once, or begun and left to finalizers and the engine (metav1 DeleteOptions)."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from controller.api import call as calls
from controller.api import encode, namespaces, options, present, query, registry, replies, writing
from controller.core import admission, errors, fields, kinds

POD_SECONDS = 1.0
"""How long the answer to the deletion of a Pod waits for its end. Clients delete one after the other."""

_POLICIES = ("Background", "Foreground", "Orphan")


@dataclass(frozen=True, slots=True)
class Options:
    """DeleteOptions, from the body or the query; the body wins."""

    propagation: str
    grace_seconds: int | None
    uid: str | None
    resource_version: str | None
    dry_run: bool


async def delete(call: calls.Call) -> replies.Sendable:
    """The object with its deletionTimestamp, or a Status with its uid if it is gone already."""
    registry.require(call.served, "delete", call.subresource)
    wanted = _options(await call.json(), call.query)
    live = call.live()
    if call.resource == kinds.NAMESPACES:
        namespaces.refuse_default(call.key.name)
    outcome = admission.begin_delete(
        call.resource,
        live,
        propagation=wanted.propagation,
        now=call.services.now(),
        uid=wanted.uid,
        resource_version=wanted.resource_version,
        grace_seconds=wanted.grace_seconds,
    )
    if outcome is None:
        if not wanted.dry_run:
            with call.services.store.transaction(durable=call.resource.durable):
                call.services.store.delete(call.resource, call.key)
        return replies.Reply(encode.dump(encode.deleted(call.resource, live)))
    obj = writing.stored(call, live, outcome, dry_run=wanted.dry_run)
    if call.resource == kinds.PODS and not wanted.dry_run:
        await _until_gone(call, obj)
    return present.single(call, obj, warnings=outcome.warnings)


async def _until_gone(call: calls.Call, pod: kinds.Object) -> None:
    """Another Pod follows under the same name: who sees the old one after the answer, then lists the new one,
    as kubectl does within milliseconds, waits for ever for its end."""
    meta = pod["metadata"]
    changes = call.services.store.watch(kinds.PODS, meta["namespace"], since=int(meta["resourceVersion"]))
    try:
        with contextlib.suppress(TimeoutError, errors.Expired):
            async with asyncio.timeout(call.services.pod_seconds):
                async for batch in changes:
                    ended = (one.object["metadata"]["uid"] for one in batch if one.type == "DELETED")
                    if meta["uid"] in ended:
                        return
    finally:
        changes.close()


def _options(body: dict[str, Any], asked: query.Query) -> Options:
    preconditions = fields.mapping(body.get("preconditions"))
    dry_run = body.get("dryRun") or []
    if dry_run not in ([], ["All"], "All"):
        raise query.invalid(
            "dryRun", 'supported values: "All"', str(dry_run), reason="FieldValueNotSupported"
        )
    return Options(
        propagation=_propagation(body, asked),
        grace_seconds=_grace(body, asked),
        uid=_text(preconditions, "uid"),
        resource_version=_text(preconditions, "resourceVersion"),
        dry_run=bool(dry_run) or options.is_dry_run(asked),
    )


def _propagation(body: dict[str, Any], asked: query.Query) -> str:
    policy = body.get("propagationPolicy") or asked.text("propagationPolicy")
    orphan = body.get("orphanDependents")
    if orphan is not None:
        if policy:
            raise query.invalid(
                "propagationPolicy", "orphanDependents and propagationPolicy cannot be both set"
            )
        policy = "Orphan" if orphan else "Background"
    if policy and policy not in _POLICIES:
        known = ", ".join(f'"{word}"' for word in _POLICIES)
        raise query.invalid(
            "propagationPolicy", f"supported values: {known}", str(policy), reason="FieldValueNotSupported"
        )
    return policy or "Background"


def _grace(body: dict[str, Any], asked: query.Query) -> int | None:
    given = body.get("gracePeriodSeconds")
    if given is None:
        return asked.number("gracePeriodSeconds")
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise query.invalid("gracePeriodSeconds", "must be a non-negative integer", str(given)[:40])
    return given


def _text(preconditions: dict[str, Any], name: str) -> str | None:
    value = preconditions.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.BadRequest(f"preconditions.{name} must be a string")
    return value


async def delete_collection(call: calls.Call) -> replies.Sendable:
    """No client of ours needs it, and one slip would end everything. Raises MethodNotAllowed."""
    registry.require(call.served, "deletecollection")
    raise AssertionError("no kind has this verb")
