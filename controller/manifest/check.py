"""All problems of one object: the fast check first, the full one only for what fails it.

jsonschema is imported when the first wrong object is met, since importing it costs more than checking
hundreds of right ones.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core import errors, foreign, kinds, objectrules, vocabulary
from controller.manifest import diagnostics, predicate, source


@dataclass(frozen=True, slots=True)
class Checked:
    """`sound` is the object without its wrong fields, for further rules; None if nothing is left."""

    problems: tuple[errors.FieldProblem, ...]
    sound: kinds.Object | None


class Checker:
    """One schema, loaded and compiled once; no file is touched after construction."""

    def __init__(self) -> None:
        self._root = source.load()
        self._is_surely_valid = predicate.build(self._root)

    def is_surely_valid(self, obj: object) -> bool:
        """What the schema says; rules between fields are not included."""
        return self._is_surely_valid(obj)

    def check(self, obj: kinds.Object) -> Checked:
        if self._is_surely_valid(obj):
            return Checked(objectrules.object_problems(obj), obj)
        return self._check_slowly(obj)

    def _check_slowly(self, obj: kinds.Object) -> Checked:
        of_kind = tuple(_kind_problems(obj))
        if of_kind:
            return Checked(of_kind, None)
        refused = tuple(_not_supported(obj, self._root, self._root, ()))
        hidden = {problem.path for problem in refused}
        wrong = [
            one for one in self._schema_problems(obj) if not any(_within(one.path, path) for path in hidden)
        ]
        found = _without_kind(_unique([*refused, *wrong]))
        sound = _sound(obj, found)
        if sound is not None:
            found += [one for one in objectrules.object_problems(sound) if not _is_noise(one, found)]
        found.sort(key=lambda one: _order(obj, one.path))
        return Checked(tuple(found), sound)

    def _schema_problems(self, obj: kinds.Object) -> Iterator[errors.FieldProblem]:
        from controller.manifest import messages

        for error in full_validator().iter_errors(_without_sound_fields(obj)):
            if "propertyNames" in error.absolute_schema_path:
                yield from messages.key_problems(error)
            else:
                for problem in messages.problems(error):
                    yield self._note_support(problem)

    def _note_support(self, problem: errors.FieldProblem) -> errors.FieldProblem:
        """A fix that names a field which is not supported yet says so."""
        if problem.code != "UnknownField" or not problem.fix.startswith("write "):
            return problem
        field = problem.fix.removeprefix("write ").partition(":")[0]
        node = source.at((*problem.path[:-1], field)) or source.at(("spec", field))
        if node is None or node.get("x-supported") is not False:
            return problem
        fix = f"{problem.fix.partition(':')[0].removeprefix('write ')} is the field for it, not supported yet"
        return errors.FieldProblem(problem.path, problem.code, problem.detail, fix, problem.value)


@functools.cache
def _of_fields() -> dict[str, predicate.Check]:
    return predicate.of_fields(source.load())


def _without_sound_fields(obj: kinds.Object) -> kinds.Object:
    """The full check is slow, and no field of `spec` depends on another in the schema."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return obj
    checks = _of_fields()
    wrong = {key: value for key, value in spec.items() if key not in checks or not checks[key](value)}
    return {**obj, "spec": wrong}


@functools.cache
def full_validator() -> Any:
    """jsonschema's, with the patterns of `source.pattern`."""
    import jsonschema

    def pattern(_: Any, text: str, value: Any, *__: Any) -> Iterator[Any]:
        if isinstance(value, str) and not source.pattern(text).search(value):
            yield jsonschema.ValidationError(f"does not match {text}")

    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, {"pattern": pattern})(source.load())


def _kind_problems(obj: kinds.Object) -> Iterator[errors.FieldProblem]:
    """Of another kind, nothing but that is worth saying."""
    kind, version = obj.get("kind"), obj.get("apiVersion")
    ours = version == "workerset.dev/v1"
    if isinstance(kind, str) and kind != "WorkerSet":
        fix, code = "write kind: WorkerSet", "Invalid"
        if kind.lower().replace("_", "") != "workerset" and not ours:
            fix = f"{vocabulary.LOCAL}; write kind: WorkerSet"
            if isinstance(version, str) and not version.startswith("workerset.dev"):
                code = diagnostics.OTHER_KIND
        yield errors.FieldProblem(("kind",), code, f"not a WorkerSet: {foreign.scalar(kind)}", fix, kind)
    if isinstance(version, str) and not ours and not (isinstance(kind, str) and kind != "WorkerSet"):
        detail = f"not a version of this format: {foreign.scalar(version)}"
        yield errors.FieldProblem(
            ("apiVersion",), "Invalid", detail, "write apiVersion: workerset.dev/v1", version
        )


def _not_supported(
    value: Any, node: source.Schema, root: source.Schema, path: errors.Path
) -> Iterator[errors.FieldProblem]:
    node = source.resolve(node, root)
    if not source.supports(node, value) and (node.get("x-supported") is False or value in _possible(node)):
        allowed = node.get("x-supported-values")
        what = ".".join(str(part) for part in path[1:])
        if allowed is None:
            yield errors.FieldProblem(
                path, "NotSupported", f"{what} is not supported yet", "remove it", value
            )
        else:
            detail = f"{what}: {foreign.scalar(value)} is not supported yet"
            fix = f"write {' or '.join(foreign.scalar(one) for one in allowed)}, or remove it"
            yield errors.FieldProblem(path, "NotSupported", detail, fix, value)
    elif isinstance(value, dict):
        for key, inner in node.get("properties", {}).items():
            if key in value:
                yield from _not_supported(value[key], inner, root, (*path, key))


class _Everything:
    def __contains__(self, value: object) -> bool:
        return isinstance(value, str | bool)


def _possible(node: source.Schema) -> Any:
    """Values that are right in themselves: only of them it can be said that they are not supported yet."""
    if "enum" in node:
        return node["enum"]
    if "pattern" in node:
        return _Matching(node["pattern"])
    return _Everything()


class _Matching:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and source.pattern(self._pattern).search(value) is not None


def _order(obj: Any, path: errors.Path) -> tuple[int, ...]:
    """Where a path stands in the object, as written; what is not there comes last in its parent."""
    places = []
    for part in path:
        if isinstance(part, int):
            place, inner = part, obj[part] if isinstance(obj, list) and part < len(obj) else None
        else:
            keys = list(obj) if isinstance(obj, dict) else []
            place = keys.index(part) if part in keys else len(keys)
            inner = obj[part] if part in keys else None
        places.append(place)
        obj = inner
    return tuple(places)


def _without_kind(found: list[errors.FieldProblem]) -> list[errors.FieldProblem]:
    """A map that does not even say what it is gets one sentence for all that is missing."""
    missing = {problem.path for problem in found if problem.code == "Required" and len(problem.path) == 1}
    if not {("apiVersion",), ("kind",)} <= missing:
        return found
    detail = "not a WorkerSet: apiVersion and kind are missing"
    fix = "begin with apiVersion: workerset.dev/v1 and kind: WorkerSet"
    kept = [problem for problem in found if problem.path not in missing]
    return [errors.FieldProblem(("apiVersion",), "Required", detail, fix), *kept]


def _within(path: errors.Path, outer: errors.Path) -> bool:
    return path[: len(outer)] == outer


def _unique(found: list[errors.FieldProblem]) -> list[errors.FieldProblem]:
    """Without a second problem of one code at one place."""
    return list({(problem.path, problem.code): problem for problem in reversed(found)}.values())[::-1]


def _sound(obj: kinds.Object, found: list[errors.FieldProblem]) -> kinds.Object | None:
    """What is right about an object: every field of `spec` and `metadata` without a problem."""
    metadata, spec = obj.get("metadata"), obj.get("spec")
    if not isinstance(metadata, Mapping) or not isinstance(spec, Mapping):
        return None
    bad = {problem.path for problem in found}
    kept = {"metadata": dict(metadata), "spec": dict(spec)}
    for place in bad:
        section = kept.get(str(place[0])) if len(place) > 1 else None
        if section is not None and place[1] in section:
            _drop(section, place[1:])
    return {**obj, **kept}


def _drop(section: dict[str, Any], place: errors.Path) -> None:
    """The field, or of a map of free keys only the wrong one."""
    field = str(place[0])
    value = section[field]
    if field in ("env", "labels", "annotations") and len(place) > 1 and isinstance(value, dict):
        section[field] = {key: item for key, item in value.items() if key != place[1]}
    else:
        del section[field]


def _is_noise(problem: errors.FieldProblem, found: list[errors.FieldProblem]) -> bool:
    """A rule that only fires because a wrong field was left out."""
    if problem.code != "Required":
        return False
    if problem.path == ("spec",):
        entry = {("spec", "file"), ("spec", "command")}
        return any(one.path[:2] in entry or "command" in one.fix or "file:" in one.fix for one in found)
    return any(one.path[:2] == problem.path[:2] for one in found)
