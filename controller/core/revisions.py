"""Revisions of a set's template as ControllerRevision objects (S1.11): history and undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.core import errors, kinds, names, stamps, status, template

CHANGE_CAUSE = "kubernetes.io/change-cause"


def name_of(obj: kinds.Object) -> str:
    """`<set>-<hash of the declared template>`."""
    return status.revision_name(obj["metadata"]["name"], template.declared_hash(obj["spec"]))


def good(obj: kinds.Object) -> str:
    """The declared part of the last template that was rolled out completely; empty if there was none."""
    current: str = (obj.get("status") or {}).get("currentRevision") or ""
    return current.removeprefix(f"{obj['metadata']['name']}-")


def of_set(found: Sequence[kinds.Object], owner_uid: str) -> list[kinds.Object]:
    """The set's revisions, oldest first."""
    own = [one for one in found if any(ref["uid"] == owner_uid for ref in one["metadata"]["ownerReferences"])]
    return sorted(own, key=lambda one: int(one["revision"]))


def build(obj: kinds.Object, name: str, number: int, now: float) -> kinds.Object:
    meta = obj["metadata"]
    annotations = meta.get("annotations") or {}
    kept = {CHANGE_CAUSE: annotations[CHANGE_CAUSE]} if CHANGE_CAUSE in annotations else {}
    return {
        "apiVersion": kinds.REVISIONS.api_version,
        "kind": kinds.REVISIONS.kind,
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "uid": names.uid("revision", meta["uid"], name),
            "creationTimestamp": stamps.rfc3339(now),
            "labels": {kinds.LABEL_SET: names.label_value(meta["name"])},
            "annotations": kept,
            "ownerReferences": [
                {
                    "apiVersion": obj["apiVersion"],
                    "kind": obj["kind"],
                    "name": meta["name"],
                    "uid": meta["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "data": {"spec": template.declared(obj["spec"])},
        "revision": number,
    }


def next_write(obj: kinds.Object, own: Sequence[kinds.Object], now: float) -> kinds.Object | None:
    """What to write so that the newest revision is the declared template; None if it is already.

    A template that was there before keeps its object and gets the newest number, so `undo` twice goes back.
    """
    name = name_of(obj)
    newest = own[-1] if own else None
    if newest is not None and newest["metadata"]["name"] == name:
        return None
    number = 1 if newest is None else int(newest["revision"]) + 1
    fresh = build(obj, name, number, now)
    for one in own:
        if one["metadata"]["name"] == name:
            return {**one, "revision": number, "metadata": {**one["metadata"], **_notes_of(fresh)}}
    return fresh


def _notes_of(fresh: kinds.Object) -> dict[str, Any]:
    return {"annotations": fresh["metadata"]["annotations"]}


def surplus(own: Sequence[kinds.Object], kept: int) -> Sequence[kinds.Object]:
    """The oldest beyond those that are kept."""
    return own[: max(0, len(own) - kept)]


def find(own: Sequence[kinds.Object], number: int | None, workerset: str) -> kinds.Object:
    """Revision `number`, or the one before the newest. Raises NotFound with what there is."""
    if number is None or number == 0:
        if len(own) < 2:
            raise errors.NotFound(f"no earlier revision to go back to: {workerset}", name=workerset)
        return own[-2]
    for one in own:
        if int(one["revision"]) == number:
            return one
    there = ", ".join(str(one["revision"]) for one in own) or "none"
    raise errors.NotFound(
        f"unable to find revision {number} of {workerset}, there are: {there}", name=workerset
    )


def rolled_back(obj: kinds.Object, revision: kinds.Object) -> kinds.Object:
    """The set with its template as the revision has it; everything else as it is."""
    return {**obj, "spec": template.restore(obj["spec"], revision["data"]["spec"])}
