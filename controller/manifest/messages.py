"""A validator's error as a short sentence of ours, with what to write instead (S1.1).

No text of the validator is ever shown. Only reached for objects that are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controller.core import errors, foreign
from controller.manifest import source

Failure = Any
"""A jsonschema ValidationError, whose attributes are typed as "anything or unset"."""

Problems = Iterator[errors.FieldProblem]

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}

_SHAPES = {
    "duration": ("not a duration", "write it as 500ms, 30s or 1m30s"),
    "size": ("not a size", "write it as 512Ki, 10Mi or 1Gi"),
    "cpu": ("not an amount of cpu", "write it as 500m or 2"),
    "surge": ("neither a number nor a percentage", "write 1 or 25%"),
    "dns_label": (
        "not a name",
        "use lower-case letters, digits and -, at most 63, a letter or digit at both ends",
    ),
    "label_value": (
        "not a label value",
        "use letters, digits, -, _ and ., at most 63, a letter or digit at both ends",
    ),
    "qualified_name": (
        "not a key",
        "use letters, digits, -, _ and ., at most 63, after an optional domain and /",
    ),
    "os_string": ("holds a NUL or half a character", "remove it"),
}
"""Name under `$defs` → what a value that does not match is, and what to write."""

_PLACES = {"umask": ("not an octal mask", 'write umask: "022"'), "generateName": _SHAPES["dns_label"]}


def problems(error: Failure) -> Problems:
    """The field problems of one error."""
    path = tuple(error.absolute_path)
    make = _MAKERS.get(str(error.validator))
    if make is None:
        yield errors.FieldProblem(path, "Invalid", f"not allowed: {foreign.scalar(error.instance)}")
    else:
        yield from make(error, path)


def _type(error: Failure, path: errors.Path) -> Problems:
    yield _wrong_type(path, error.instance, _listed(error.validator_value), error.schema)


def _wrong_type(path: errors.Path, value: Any, types: list[str], schema: Any) -> errors.FieldProblem:
    if value is None:
        fix = (
            'write a value, or "" for an empty one'
            if "string" in types
            else "write a value, or remove the field"
        )
        return errors.FieldProblem(path, "TypeInvalid", "the value is missing", fix, value)
    shape = _definition(schema)
    if shape in ("duration", "size", "cpu") and _is_number(value):
        detail = f"{_SHAPES[shape][0]}: {foreign.scalar(value)}"
    else:
        expected = " or ".join(_TYPE_WORDS[name] for name in types)
        detail = f"expected {expected}, not {_kind_of(value)}: {foreign.scalar(value)}"
    return errors.FieldProblem(path, "TypeInvalid", detail, _type_fix(path, value, types, schema), value)


def _type_fix(path: errors.Path, value: Any, types: list[str], schema: Any) -> str:
    field = str(path[-1]) if path and isinstance(path[-1], str) else ""
    is_scalar = isinstance(value, str | int | float | bool)
    if "string" in types and _definition(schema) == "duration" and _is_number(value):
        return f"add the unit: {field}: {value}s"
    if "string" in types and is_scalar:
        if field == "umask" and isinstance(value, int):
            return 'write umask: "022"'
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f'quote it: "{text}"'
    if "array" in types and is_scalar:
        return f"write {field}: {foreign.scalar([value])}"
    if types == ["object"]:
        return _map_fix(field, value)
    if types == ["integer"] and isinstance(value, str) and value.lstrip("-").isdigit():
        return f"remove the quotes: {value}"
    if types == ["boolean"] and str(value).lower() in ("true", "yes", "on", "1"):
        return f"write {field}: true"
    if types == ["boolean"] and str(value).lower() in ("false", "no", "off", "0"):
        return f"write {field}: false"
    return ""


def _map_fix(field: str, value: Any) -> str:
    if field == "env" and (pairs := foreign.env_as_map(value)):
        return f"write env: {pairs}"
    return f"write {field}: {{key: value}}" if field else ""


def _any_of(error: Failure, path: errors.Path) -> Problems:
    """The branch that has the value's type tells what is wrong with it."""
    wrong_types: list[str] = []
    for place, branch in enumerate(error.validator_value):
        inner = [one for one in error.context or () if one.schema_path[0] == place]
        at_top = [one for one in inner if one.validator == "type" and len(one.relative_path) == 0]
        if not at_top:
            for one in inner:
                yield from problems(one)
            return
        wrong_types += _listed(at_top[0].validator_value)
        del branch
    yield _wrong_type(path, error.instance, wrong_types, error.schema)


def _additional(error: Failure, path: errors.Path) -> Problems:
    known = tuple(error.schema["properties"])
    root = source.load()
    spec_fields = root["properties"]["spec"]["properties"]
    for key, value in error.instance.items():
        if key not in error.schema["properties"]:
            yield foreign.unknown_field((*path, key), value, known, spec_fields)


def _required(error: Failure, path: errors.Path) -> Problems:
    fixes = {
        "apiVersion": "write apiVersion: workerset.dev/v1",
        "kind": "write kind: WorkerSet",
        "metadata": "write metadata: {name: jobs}",
        "spec": "write spec: {command: [python, app.py]}",
    }
    for name in error.validator_value:
        if name not in error.instance and f"'{name}'" in error.message:
            yield errors.FieldProblem((*path, name), "Required", f"{name} is missing", fixes.get(name, ""))


def _enum(error: Failure, path: errors.Path) -> Problems:
    value, field = error.instance, str(path[-1]) if path else ""
    fix = foreign.value_fix(field, value, error.validator_value)
    detail = f"not one of {', '.join(error.validator_value)}: {foreign.scalar(value)}"
    yield errors.FieldProblem(path, "Invalid", detail, fix, value)


def _const(error: Failure, path: errors.Path) -> Problems:
    detail = f"must be {error.validator_value}, not {foreign.scalar(error.instance)}"
    fix = f"write {path[-1]}: {error.validator_value}"
    yield errors.FieldProblem(path, "Invalid", detail, fix, error.instance)


def _pattern(error: Failure, path: errors.Path) -> Problems:
    if error.instance == "" and error.schema.get("minLength"):
        return
    name = _definition(error.schema)
    place = _PLACES.get(str(path[-1])) if path else None
    detail, fix = place or _SHAPES.get(name, _SHAPES["os_string"])
    yield errors.FieldProblem(
        path, "Invalid", f"{detail}: {foreign.scalar(error.instance)}", fix, error.instance
    )


def _property_names(error: Failure, path: errors.Path) -> Problems:
    inner = error.context or [error]
    key = inner[0].instance if error.context else error.instance
    if path[-1:] == ("env",):
        detail, fix = f"not the name of a variable: {foreign.scalar(key)}", "use letters, digits and _"
    else:
        detail, fix = f"not a key: {foreign.scalar(key)}", _SHAPES["qualified_name"][1]
    yield errors.FieldProblem((*path, key), "Invalid", detail, fix, key)


def _bound(word: str) -> Callable[[Failure, errors.Path], Problems]:
    def make(error: Failure, path: errors.Path) -> Problems:
        limit = error.validator_value
        detail = f"{word} {limit}: {foreign.scalar(error.instance)}"
        yield errors.FieldProblem(path, "Invalid", detail, f"write {limit}", error.instance)

    return make


def _too_short(error: Failure, path: errors.Path) -> Problems:
    what = "the list is empty" if isinstance(error.instance, list) else "the text is empty"
    yield errors.FieldProblem(path, "Invalid", what, "write a value, or remove the field", error.instance)


def _too_long(error: Failure, path: errors.Path) -> Problems:
    limit, value = error.validator_value, error.instance
    unit = "entries" if isinstance(value, list) else "characters"
    name = _definition(error.schema)
    fix = _SHAPES[name][1] if name in ("duration", "size", "cpu") else "shorten it"
    yield errors.FieldProblem(path, "Invalid", f"longer than {limit} {unit}: {len(value)}", fix, value)


def _unique(error: Failure, path: errors.Path) -> Problems:
    for place, item in enumerate(error.instance):
        if item in error.instance[:place]:
            detail = f"listed twice: {foreign.scalar(item)}"
            yield errors.FieldProblem((*path, place), "Duplicate", detail, "remove one", item)


_MAKERS: Mapping[str, Callable[[Any, errors.Path], Problems]] = {
    "type": _type,
    "anyOf": _any_of,
    "additionalProperties": _additional,
    "required": _required,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minimum": _bound("below the smallest value,"),
    "maximum": _bound("above the largest value,"),
    "minLength": _too_short,
    "minItems": _too_short,
    "maxLength": _too_long,
    "maxItems": _too_long,
    "uniqueItems": _unique,
}


def key_problems(error: Failure) -> Problems:
    """For an error found under `propertyNames`, whose path is that of the map."""
    return _property_names(error, tuple(error.absolute_path))


def _listed(types: Any) -> list[str]:
    return [types] if isinstance(types, str) else list(types)


def _kind_of(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a map")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _definition(schema: Any) -> str:
    """The name under `$defs` of a schema that was reached through a reference."""
    if isinstance(schema, Mapping):
        for name, definition in source.load()["$defs"].items():
            if definition.get("pattern") == schema.get("pattern") and "pattern" in definition:
                return str(name)
    return ""
