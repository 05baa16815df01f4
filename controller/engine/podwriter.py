"""Writes the Pods that differ from what was written last: a projection of the plan's views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller import ports
from controller.core import kinds, pods, worker


def write(
    store: ports.Store,
    owner: kinds.Object,
    before: Mapping[str, worker.View],
    after: Mapping[str, worker.View],
    *,
    now: float,
    fresh: Iterable[str] | None,
) -> None:
    """Make the store's Pods agree with `after`. `fresh` are the only ones that differ from `before`; None:
    all are written."""
    namespace = owner["metadata"]["namespace"]
    scope = owner["spec"].get("scope", "")
    for name in after if fresh is None else fresh:
        view, known = after.get(name), before.get(name)
        if view is not None and (fresh is None or (known is not view and known != view)):
            _write_one(store, owner, scope, view, now)
    for name in before.keys() - after.keys():
        remove(store, kinds.Key(namespace, name))


def remove(store: ports.Store, key: kinds.Key) -> None:
    if store.find(kinds.PODS, key) is not None:
        store.delete(kinds.PODS, key)


def _write_one(store: ports.Store, owner: kinds.Object, scope: str, view: worker.View, now: float) -> None:
    key = kinds.Key(owner["metadata"]["namespace"], view.ref.worker)
    previous = store.find(kinds.PODS, key)
    pod = pods.build(owner, scope, view, now, previous)
    if previous is not None and previous["metadata"]["uid"] != pod["metadata"]["uid"]:
        store.delete(kinds.PODS, key)
        previous = None
    if previous is None:
        store.create(kinds.PODS, pod)
    else:
        store.update(kinds.PODS, pod)
