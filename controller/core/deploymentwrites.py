"""What a changed Deployment means for the WorkerSet that it is a view of.

Replicas, pausing, restarting, labels, annotations, and of the one container its command, arguments, folder
and environment. A template of an earlier revision is that revision, whatever it holds beyond that. Anything
else is refused: whoever wrote it must not believe that it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controller.core import deployments, door, errors, fields, kinds, revisions, threeway

_OWN = "workerset.dev/"
_INSTEAD = "a Deployment is a view here and this is not part of it; change the WorkerSet {name}"
_FIELDS = {"args": "args", "workingDir": "working_dir"}
_IN_CONTAINER = ("command", "env", *_FIELDS)


def workerset(live: kinds.Object, history: Sequence[kinds.Object], new: kinds.Object) -> kinds.Object:
    """The set as the changed Deployment `new` wants it. Raises Invalid for what cannot be meant."""
    before = deployments.deployment(live, history)
    problems = list(_strange(before, new, live["metadata"]["name"]))
    if problems:
        name = live["metadata"]["name"]
        raise door.invalid("Deployment.apps", name, problems, kind="Deployment", group="apps")
    earlier = _earlier(live, history, before, new)
    if earlier is not None:
        live = revisions.rolled_back(live, earlier)
        cause = earlier["metadata"].get("annotations") or {}
        return {**live, "metadata": _restarted(_caused(live["metadata"], cause), before, new)}
    spec = {**live["spec"], **_container(live["spec"], before, new)}
    wanted = new["spec"].get("replicas", 1)
    if not fields.same(wanted, before["spec"]["replicas"]):
        spec["num"] = wanted
    spec = _paused(spec, before, new)
    return {**live, "metadata": _metadata(live["metadata"], before, new), "spec": spec}


# --------------------------------------------------------------------------- what cannot be meant


def _strange(before: kinds.Object, new: kinds.Object, name: str) -> Iterator[errors.FieldProblem]:
    """Everything that differs outside of what is understood."""
    instead = _INSTEAD.format(name=name)
    for path in _differences(before["spec"], new.get("spec"), ("spec",)):
        if path[:4] == ("spec", "template", "spec", "containers"):
            continue
        if path[:2] in (("spec", "replicas"), ("spec", "paused")):
            continue
        if path[:4] == ("spec", "template", "metadata", "annotations"):
            continue
        yield errors.FieldProblem(path, "Forbidden", instead)
    found = fields.at(new, ("spec", "template", "spec", "containers"))
    containers = found if isinstance(found, list) else []
    if len(containers) != 1 or not isinstance(containers[0], dict):
        yield errors.FieldProblem(
            ("spec", "template", "spec", "containers"), "Invalid", "a worker has one container, main"
        )
        return
    at = ("spec", "template", "spec", "containers", 0)
    for path in _differences(_container_of(before), containers[0], at):
        if path[5] not in _IN_CONTAINER:
            yield errors.FieldProblem(path, "Forbidden", instead)
    for number, one in enumerate(containers[0].get("env") or ()):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or "valueFrom" in one:
            yield errors.FieldProblem((*at, "env", number), "Invalid", "should be a name and its value")


def _differences(one: Any, other: Any, at: tuple[str | int, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differences(one.get(key), other.get(key), (*at, key))
    elif not fields.same(one, other) and (one or other):
        yield at


# --------------------------------------------------------------------------- what it means


def _container_of(deployment: kinds.Object) -> dict[str, Any]:
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def _earlier(
    live: kinds.Object, history: Sequence[kinds.Object], before: kinds.Object, new: kinds.Object
) -> kinds.Object | None:
    """The revision whose template this is, if it is another than the declared one (`rollout undo`)."""
    wanted = _container_of(new)
    if fields.same(wanted, _container_of(before)):
        return None
    for one in reversed(history):
        shown = deployments.template(live["metadata"], one["data"]["spec"])
        if fields.same(shown["spec"]["containers"][0], wanted):
            return one
    return None


def _container(declared: dict[str, Any], before: kinds.Object, new: kinds.Object) -> dict[str, Any]:
    """The fields of the set that follow from a changed container."""
    old, wanted = _container_of(before), _container_of(new)
    changed: dict[str, Any] = {
        ours: wanted.get(theirs) or ([] if ours == "args" else ".")
        for theirs, ours in _FIELDS.items()
        if not fields.same(old.get(theirs), wanted.get(theirs))
    }
    if not fields.same(old.get("command"), wanted.get("command")):
        changed["command"] = wanted.get("command")
    if not fields.same(old.get("env"), wanted.get("env")):
        known = fields.mapping(declared.get("env"))
        given = {one["name"]: one.get("value", "") for one in wanted.get("env") or ()}
        kept = [name for name in known if name in given]
        changed["env"] = {name: given[name] for name in [*kept, *(n for n in given if n not in known)]}
    return changed


def _paused(spec: dict[str, Any], before: kinds.Object, new: kinds.Object) -> dict[str, Any]:
    wanted = bool(new["spec"].get("paused"))
    if wanted is bool(before["spec"].get("paused")):
        return spec
    rules = {key: value for key, value in fields.mapping(spec.get("rollout")).items() if key != "paused"}
    if wanted:
        rules["paused"] = True
    kept = {key: value for key, value in spec.items() if key != "rollout"}
    return {**kept, "rollout": rules} if rules else kept


def _metadata(meta: dict[str, Any], before: kinds.Object, new: kinds.Object) -> dict[str, Any]:
    """Labels and annotations as given; ours cannot be taken away through the view."""
    given = fields.mapping(new.get("metadata"))
    changed = dict(meta)
    for name in ("labels", "annotations"):
        if fields.same(before["metadata"].get(name), given.get(name)):
            continue
        own = {key: value for key, value in (meta.get(name) or {}).items() if key.startswith(_OWN)}
        wanted = {**fields.mapping(given.get(name)), **own}
        changed[name] = _stored(wanted, meta) if name == "annotations" else wanted
    return _restarted(changed, before, new)


def _stored(given: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """Annotations of the view as those of the set, which keeps what was applied as set."""
    wanted = {key: text for key, text in given.items() if key != deployments.ANNOTATION_REVISION}
    wanted.pop(deployments.ANNOTATION_APPLIED, None)
    if applied := wanted.pop(threeway.ANNOTATION, ""):
        wanted[deployments.ANNOTATION_APPLIED] = applied
    if (own := fields.mapping(meta.get("annotations")).get(threeway.ANNOTATION)) is not None:
        wanted[threeway.ANNOTATION] = own
    return wanted


def _caused(meta: dict[str, Any], of_revision: dict[str, str]) -> dict[str, Any]:
    """Why it was changed is the word of the revision that comes back."""
    kept = {k: v for k, v in (meta.get("annotations") or {}).items() if k != revisions.CHANGE_CAUSE}
    return {**meta, "annotations": {**kept, **of_revision}}


def _restarted(meta: dict[str, Any], before: kinds.Object, new: kinds.Object) -> dict[str, Any]:
    path = ("spec", "template", "metadata", "annotations", deployments.ANNOTATION_RESTARTED)
    wanted = fields.at(new, path)
    if not wanted or wanted == fields.at(before, path):
        return meta
    annotations = {**(meta.get("annotations") or {}), kinds.ANNOTATION_RESTARTED_AT: str(wanted)}
    annotations.pop(kinds.ANNOTATION_RESTARTED_BY, None)  # it was somebody, not a file
    return {**meta, "annotations": annotations}
