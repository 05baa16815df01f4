"""Instances: the worker names a set runs, one entry each in its status (S1, S3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.core import ensured, kinds, worker
from controller.core.lifecycle import State


def of_views(views: Sequence[worker.View], ensures: ensured.Ensures) -> list[dict[str, Any]]:
    """One entry a worker name; a named set has one. Who ensured it, and since when, where anybody did."""
    groups: dict[str, list[worker.View]] = {}
    for view in views:
        groups.setdefault(view.worker_name, []).append(view)
    found = []
    for name, group in groups.items():
        entry: dict[str, Any] = {
            "name": name,
            "replicas": sum(1 for view in group if view.run),
            "readyReplicas": sum(1 for view in group if view.ready),
            "state": _word(group),
        }
        owners = ensures.get(name)
        if owners:
            entry["ensuredBy"] = sorted(owners)
            entry["since"] = min(owners.values())
        found.append(entry)
    return found


def _word(group: Sequence[worker.View]) -> str:
    """In the words of STATUS (S1.9); one ready process makes a pool's name ready."""
    states = {view.state for view in group}
    if State.READY in states:
        return "Ready"
    if any(view.given_up for view in group):
        return "Failed"
    if states == {State.COMPLETED}:
        return "Completed"
    if State.BACKOFF in states or any(view.failing for view in group):
        return "Backoff"
    return "Starting" if any(view.wanted for view in group) else "Stopping"


def names_of(obj: kinds.Object) -> frozenset[str]:
    """The worker names that a set is asked to run, suspended or not: their vars are kept (S6.7)."""
    spec = obj["spec"]
    if not spec.get("background") or obj["metadata"].get("deletionTimestamp"):
        return frozenset()
    listed = spec.get("instances") or ()
    eager = (spec.get("name", obj["metadata"]["name"]),) if spec.get("num") else ()
    return frozenset((*listed, *eager))
