"""The private bulk apply: all documents of one `workerctl apply` or `up` in one request and few commits.

Items go through the ordinary write door one by one (`bulkitem.py`), in slices between which other requests
get their turn; what passed is stored in commits of hundreds, and an item that somebody else wrote to
meanwhile is judged again at that moment. What fails, fails alone, with its own Status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from controller.api import bodies, bulkitem, encode, replies
from controller.api import call as calls
from controller.core import admission, errors, fields, kinds

LIMIT = 64 * 1024 * 1024
COMMIT = 200
"""Items stored at once, at most; of more, the first few come early, so that the shim is not idle."""

SLICE = 25
"""Items judged or encoded at a stretch: a few milliseconds."""


async def apply(call: calls.Call) -> replies.Sendable:
    body = bodies.must_be_object(bodies.parse_json(await call.body(LIMIT)))
    terms = bulkitem.terms_of(body)
    given = body.get("items")
    if not isinstance(given, list):
        raise errors.BadRequest('items must be a list, for example [{"object": {}, "source": "a.yaml:1"}]')
    items = [bulkitem.Item(one) for one in given]
    _refuse_twice(items)
    desk = bulkitem.Desk(call.services, terms, [item.key for item in items if item.is_namespace])
    _foresee_room(desk, items)
    await _take(desk, items)
    warnings: list[str] = []
    pruned = _to_prune(desk, items, warnings) if terms.prune else []
    if terms.dry_run:
        _preview(desk, [*items, *pruned])
    else:
        _finish(desk, items, pruned)
    return await _answer([*items, *pruned], warnings, objects=terms.objects)


async def _take(desk: bulkitem.Desk, items: Sequence[bulkitem.Item]) -> None:
    """Judge all, namespaces first, since sets need them; store each part of many as soon as it is judged, so
    that the first workers start while the last documents are looked at."""
    ordered = sorted(items, key=lambda one: not one.is_namespace)
    waiting: list[bulkitem.Item] = []
    enough = COMMIT if len(ordered) <= COMMIT else SLICE
    for start in range(0, len(ordered), SLICE):
        found = ordered[start : start + SLICE]
        for item in found:
            desk.judge(item)
        waiting += found
        if not desk.terms.dry_run and (len(waiting) >= enough or start + SLICE >= len(ordered)):
            _commit(desk, waiting)
            waiting.clear()
            enough = min(2 * enough, COMMIT)
        await asyncio.sleep(0)


def _foresee_room(desk: bulkitem.Desk, items: Sequence[bulkitem.Item]) -> None:
    """What sets give back is there for the others, whichever comes first (`max_processes`)."""
    for item in items:
        if item.status is None and not item.is_namespace:
            desk.schema.expect_less(item.key, item.config)
    for obj in _undeclared(desk, items) if desk.terms.prune else ():
        desk.schema.expect(bulkitem.key_of(obj), None)


def _refuse_twice(items: Sequence[bulkitem.Item]) -> None:
    """The same object in two documents: which one should win?"""
    seen: dict[tuple[str, kinds.Key], bulkitem.Item] = {}
    for item in items:
        if item.status is not None:
            continue
        first = seen.setdefault((item.resource.qualified, item.key), item)
        if first is not item:
            item.fail(
                errors.BadRequest(
                    f'{item.resource.qualified} "{item.key}" is given twice: {first.source}, {item.source}',
                    kind=item.resource.plural,
                    name=item.key.name,
                    group=item.resource.group,
                )
            )


def _to_prune(
    desk: bulkitem.Desk, items: Sequence[bulkitem.Item], warnings: list[str]
) -> list[bulkitem.Item]:
    """Sets of the inventory that are in no document; none while a document fails, it may be one of them."""
    if any(item.status is not None for item in items):
        warnings.append("nothing was pruned, since not everything could be applied")
        return []
    return [bulkitem.pruned(obj) for obj in _undeclared(desk, items)]


def _undeclared(desk: bulkitem.Desk, items: Sequence[bulkitem.Item]) -> list[kinds.Object]:
    kept = {item.key for item in items}
    found, _ = desk.services.store.list(kinds.WORKERSETS)
    return [
        obj
        for obj in found
        if fields.mapping(obj["metadata"].get("labels")).get(kinds.LABEL_INVENTORY) == desk.terms.inventory
        and not obj["metadata"].get("deletionTimestamp")
        and bulkitem.key_of(obj) not in kept
    ]


def _preview(desk: bulkitem.Desk, items: Sequence[bulkitem.Item]) -> None:
    """What it would do to workers."""
    shown = [item for item in items if item.status is None and not item.is_namespace]
    wanted = [(item.before, None if item.is_pruned else item.object) for item in shown]
    for item, actions in zip(shown, desk.services.control.preview(wanted), strict=True):
        item.workers = [{"worker": one.worker, "action": one.action, "reason": one.reason} for one in actions]


def _commit(desk: bulkitem.Desk, items: Sequence[bulkitem.Item]) -> None:
    """One durable transaction."""
    if any(item.changed for item in items):
        with desk.services.store.transaction(durable=True):
            for item in items:
                desk.store(item)


def _finish(desk: bulkitem.Desk, items: Sequence[bulkitem.Item], pruned: Sequence[bulkitem.Item]) -> None:
    """What can only be said of all of them: what is in none is deleted."""
    if pruned:
        with desk.services.store.transaction(durable=True):
            for item in pruned:
                _delete(desk, item)
    applied = [item for item in items if item.status is None]
    desk.services.control.refresh([item.key for item in applied if _reads_files(item)])


def _reads_files(item: bulkitem.Item) -> bool:
    """Whether applying it again means something although it is unchanged: env files are read again."""
    return not item.is_namespace and bool(fields.mapping(item.object.get("spec")).get("env_files"))


def _delete(desk: bulkitem.Desk, item: bulkitem.Item) -> None:
    store, live = desk.services.store, desk.services.store.find(item.resource, item.key)
    if live is None:
        return
    outcome = admission.begin_delete(item.resource, live, propagation="Background", now=desk.now)
    if outcome is None:
        store.delete(item.resource, item.key)
    elif outcome.changed:
        item.object = store.update(item.resource, outcome.object)


async def _answer(items: Sequence[bulkitem.Item], warnings: Sequence[str], *, objects: bool) -> replies.Reply:
    parts: list[bytes] = []
    for start in range(0, len(items), SLICE):
        parts += [item.encoded(objects=objects) for item in items[start : start + SLICE]]
        await asyncio.sleep(0)
    head: dict[str, Any] = {"warnings": list(warnings)}
    return replies.Reply(encode.insert(head, "items", encode.array(parts)))
