"""What the program declares, through the same door as everybody's writes, with a field owner of its own.

No `await` stands between reading an object and storing its successor (docs/decisions/0001).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from controller.api import bulkitem
from controller.api.services import Services
from controller.core import admission, fields, kinds, stamps
from controller.embedding import errors, states
from controller.embedding.declaring import WorkerSet

MANAGER = "embedding"
RESTARTER = "embedding-restart"
NEXT_SCOPE = "next-scope"
SLICE = 25


async def apply(services: Services, sets: Sequence[WorkerSet], namespace: str) -> tuple[states.Applied, ...]:
    """All of them in one commit, or none. Raises `Refused`, ValueError, TypeError."""
    for one in sets:
        if not isinstance(one, WorkerSet):
            raise TypeError(f"a WorkerSet is expected, not {type(one).__name__}")
    items = [bulkitem.Item({"object": one.to_object(namespace)}) for one in sets]
    _refuse_twice(items)
    desk = bulkitem.Desk(services, bulkitem.Terms(manager=MANAGER, server_side=True, force=True), ())
    for number, item in enumerate(items, 1):
        desk.judge(item)
        if number % SLICE == 0:
            await asyncio.sleep(0)
    _refuse_failed(items)
    with errors.told(), services.store.transaction(durable=True):
        for item in items:
            desk.store(item)
        _refuse_failed(items)
    services.control.refresh([item.key for item in items])
    return tuple(_applied(item) for item in items)


def _refuse_twice(items: Sequence[bulkitem.Item]) -> None:
    seen: set[kinds.Key] = set()
    for item in items:
        if item.key in seen:
            raise ValueError(f"two sets of one call have the same name, give one a set_name: {item.key}")
        seen.add(item.key)


def _refuse_failed(items: Sequence[bulkitem.Item]) -> None:
    """Everything that is wrong with any of them at once (S1.1)."""
    failed = [item for item in items if item.status is not None]
    if not failed:
        return
    problems: list[errors.Problem] = []
    for item in failed:
        status = fields.mapping(item.status)
        name = item.key.name or str(item.config.get("metadata"))
        causes = fields.mapping(status.get("details")).get("causes") or ({"message": status["message"]},)
        problems += [errors.Problem(name, one.get("field", ""), one["message"]) for one in causes]
    told = "; ".join(str(fields.mapping(item.status)["message"]) for item in failed)
    raise errors.Refused(f"nothing was applied: {told}", problems)


def _applied(item: bulkitem.Item) -> states.Applied:
    action: states.AppliedAction = "configured" if item.changed else "unchanged"
    if item.before is None:
        action = "created"
    return states.Applied(action, item.key.namespace, item.key.name, tuple(item.warnings))


def restart(services: Services, key: kinds.Key) -> None:
    """A level, not a command (S4.10): a stamp in the set's annotations, part of its template."""
    with errors.told():
        live = services.store.get(kinds.WORKERSETS, key)
        stamp = stamps.rfc3339_micro(services.clock.wall())
        annotations = fields.mapping(live["metadata"].get("annotations"))
        new = {
            **live,
            "metadata": {
                **live["metadata"],
                "annotations": {**annotations, kinds.ANNOTATION_RESTARTED_AT: stamp},
            },
        }
        options = admission.WriteOptions(
            manager=RESTARTER,
            now=services.now(),
            ensured=services.store.ensures(key.namespace, key.name),
        )
        outcome = admission.admit_update(kinds.WORKERSETS, live, new, options, services.schema)
        with services.store.transaction(durable=True):
            services.store.update(kinds.WORKERSETS, outcome.object)


def delete(services: Services, key: kinds.Key) -> str:
    """Begun; the uid of what is being deleted."""
    with errors.told():
        live = services.store.get(kinds.WORKERSETS, key)
        outcome = admission.begin_delete(kinds.WORKERSETS, live, propagation="Background", now=services.now())
        with services.store.transaction(durable=True):
            if outcome is None:
                services.store.delete(kinds.WORKERSETS, key)
            elif outcome.changed:
                services.store.update(kinds.WORKERSETS, outcome.object)
    return str(live["metadata"]["uid"])


def next_scope(services: Services) -> str:
    """S2.6: the number is on the disk before it is handed out, and no set has it by chance."""
    taken = {obj["spec"].get("scope", "") for obj in services.store.list(kinds.WORKERSETS)[0]}
    known = services.store.setting(NEXT_SCOPE)
    number = known if isinstance(known, int) else 0
    while True:
        number += 1
        scope = f"scope-{number}"
        if scope not in taken:
            break
    with errors.told(), services.store.transaction(durable=True):
        services.store.put_setting(NEXT_SCOPE, number)
    return scope
