"""get and list: one object, or a page of those a selector picks (Kubernetes API concepts, "retrieving")."""

from __future__ import annotations

from controller.api import call as calls
from controller.api import pages, present, query, registry, replies, watching
from controller.core import errors, kinds, selectors


async def get(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "get", call.subresource)
    return present.single(call, call.live())


async def list_or_watch(call: calls.Call) -> replies.Sendable:
    """`watch=true` makes a watch of a list."""
    select = selector(call)
    if call.query.flag("watch"):
        registry.require(call.served, "watch")
        return watching.watch(call, select)
    registry.require(call.served, "list")
    return present.listed(call, _page(call, select))


def selector(call: calls.Call) -> selectors.Predicate | None:
    """Label and field selectors as one predicate; None picks everything. Raises BadRequest."""
    labels, fields = call.query.text("labelSelector"), call.query.text("fieldSelector")
    if not labels and not fields:
        return None
    by_label, by_field = selectors.parse_labels(labels), selectors.parse_fields(fields, call.resource)
    return lambda obj: by_label(obj) and by_field(obj)


def _page(call: calls.Call, select: selectors.Predicate | None) -> pages.Page:
    asked = call.query
    question = (
        call.resource.qualified,
        call.namespace or "",
        asked.text("labelSelector"),
        asked.text("fieldSelector"),
    )
    limit, token = asked.number("limit"), asked.text("continue")
    if token:
        if asked.text("resourceVersionMatch"):
            raise query.invalid(
                "resourceVersionMatch", "may not be given with continue", reason="FieldValueForbidden"
            )
        return call.services.pages.next(token, limit, question)
    found, version = call.services.reader(call.resource).list(call.resource, call.namespace)
    _check_version(asked, version)
    picked = found if select is None else [obj for obj in found if select(obj)]
    return call.services.pages.first(picked, version, limit, question, call.services.ids.run())


def _check_version(asked: query.Query, current: int) -> None:
    """What is here is always the newest; only an exact, another version cannot be had."""
    text = asked.text("resourceVersion")
    match = asked.choice("resourceVersionMatch", ("NotOlderThan", "Exact"))
    if match and not text:
        raise query.invalid("resourceVersionMatch", "needs a resourceVersion", reason="FieldValueForbidden")
    if match == "Exact" and text == "0":
        raise query.invalid(
            "resourceVersionMatch", 'may not be "Exact" with resourceVersion 0', reason="FieldValueForbidden"
        )
    wanted = watching.parse_version(text)
    if wanted is None:
        return
    if wanted > current:
        raise errors.Expired(f"too large resource version: {wanted}, current: {current}; list again")
    if match == "Exact" and wanted != current:
        raise errors.Expired(
            f"the exact resource version {wanted} is not kept, current: {current}; list again"
        )


def objects(
    call: calls.Call, resource: kinds.Resource, namespace: str | None, labels: str
) -> list[kinds.Object]:
    """Objects of any kind that a label selector picks, for the private endpoints."""
    found, _ = call.services.store.list(resource, namespace)
    select = selectors.parse_labels(labels)
    return [obj for obj in found if select(obj)]
