"""The fast answer: a function, made from the schema, that is true exactly for supported, valid objects.

It covers the keywords the schema uses and refuses any other when it is made, so that a new keyword
cannot be silently skipped; a property test holds it equal to jsonschema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.manifest import source

Check = Callable[[Any], bool]

_ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples"}
)


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


_TYPES: Mapping[str, Check] = {
    "string": lambda value: type(value) is str,
    "integer": _is_integer,
    "number": _is_number,
    "boolean": lambda value: type(value) is bool,
    "array": lambda value: type(value) is list,
    "object": lambda value: type(value) is dict,
    "null": lambda value: value is None,
}


def build(root: source.Schema) -> Check:
    """The predicate of a whole schema."""
    return _Builder(root).check(root)


def of_fields(root: source.Schema) -> dict[str, Check]:
    """One for each field of `spec`."""
    builder = _Builder(root)
    return {name: builder.check(node) for name, node in root["properties"]["spec"]["properties"].items()}


class _Builder:
    def __init__(self, root: source.Schema) -> None:
        self._root = root
        self._made: dict[str, Check] = {}

    def check(self, node: source.Schema) -> Check:
        checks = []
        for keyword, argument in node.items():
            if keyword in _ANNOTATIONS or (keyword.startswith("x-") and "supported" not in keyword):
                continue
            if keyword in ("additionalProperties", "propertyNames") and "properties" in node:
                if keyword != "additionalProperties" or argument is not False:
                    raise NotImplementedError(f"{keyword} beside properties")
                continue
            make = getattr(self, "_" + keyword.replace("$", "").replace("-", "_"), None)
            if make is None:
                raise NotImplementedError(f"the fast check does not know this keyword: {keyword}")
            checks.append(make(argument, node))
        return _all(checks)

    def _ref(self, reference: str, _: source.Schema) -> Check:
        name = reference.removeprefix("#/$defs/")
        if name not in self._made:
            self._made[name] = self.check(self._root["$defs"][name])
        return self._made[name]

    def _type(self, names: str | list[str], _: source.Schema) -> Check:
        if isinstance(names, str):
            return _TYPES[names]
        checks = [_TYPES[name] for name in names]
        return lambda value: any(check(value) for check in checks)

    def _properties(self, properties: Mapping[str, source.Schema], node: source.Schema) -> Check:
        checks = {name: self.check(inner) for name, inner in properties.items()}
        closed = node.get("additionalProperties") is False

        def check(value: Any) -> bool:
            if type(value) is not dict:
                return True
            for key, item in value.items():
                inner = checks.get(key)
                if inner is None:
                    if closed:
                        return False
                elif not inner(item):
                    return False
            return True

        return check

    def _additionalProperties(self, inner: source.Schema, _: source.Schema) -> Check:  # noqa: N802
        check = self.check(inner)
        return lambda value: type(value) is not dict or all(check(item) for item in value.values())

    def _propertyNames(self, inner: source.Schema, _: source.Schema) -> Check:  # noqa: N802
        check = self.check(inner)
        return lambda value: type(value) is not dict or all(check(key) for key in value)

    def _required(self, names: list[str], _: source.Schema) -> Check:
        return lambda value: type(value) is not dict or all(name in value for name in names)

    def _items(self, inner: source.Schema, _: source.Schema) -> Check:
        check = self.check(inner)
        return lambda value: type(value) is not list or all(check(item) for item in value)

    def _anyOf(self, branches: list[source.Schema], _: source.Schema) -> Check:  # noqa: N802
        checks = [self.check(branch) for branch in branches]
        return lambda value: any(check(value) for check in checks)

    def _allOf(self, branches: list[source.Schema], _: source.Schema) -> Check:  # noqa: N802
        return _all([self.check(branch) for branch in branches])

    def _enum(self, allowed: list[str], _: source.Schema) -> Check:
        values = frozenset(allowed)
        return lambda value: type(value) is str and value in values

    def _const(self, only: str, _: source.Schema) -> Check:
        return lambda value: type(value) is str and value == only

    def _pattern(self, pattern: str, _: source.Schema) -> Check:
        search = source.pattern(pattern).search
        return lambda value: type(value) is not str or search(value) is not None

    def _minimum(self, limit: float, _: source.Schema) -> Check:
        return lambda value: not _is_number(value) or value >= limit

    def _maximum(self, limit: float, _: source.Schema) -> Check:
        return lambda value: not _is_number(value) or value <= limit

    def _minLength(self, limit: int, _: source.Schema) -> Check:  # noqa: N802
        return lambda value: type(value) is not str or len(value) >= limit

    def _maxLength(self, limit: int, _: source.Schema) -> Check:  # noqa: N802
        return lambda value: type(value) is not str or len(value) <= limit

    def _minItems(self, limit: int, _: source.Schema) -> Check:  # noqa: N802
        return lambda value: type(value) is not list or len(value) >= limit

    def _maxItems(self, limit: int, _: source.Schema) -> Check:  # noqa: N802
        return lambda value: type(value) is not list or len(value) <= limit

    def _uniqueItems(self, _: bool, __: source.Schema) -> Check:  # noqa: N802
        """Of strings: other items are refused by `items`."""
        return lambda value: (
            type(value) is not list or len({item for item in value if type(item) is str}) == len(value)
        )

    def _x_supported(self, _: bool, node: source.Schema) -> Check:
        return lambda value: source.supports(node, value)

    def _x_supported_values(self, _: list[Any], node: source.Schema) -> Check:
        return lambda value: source.supports(node, value)


def _all(checks: list[Check]) -> Check:
    if not checks:
        return lambda _: True
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:
        first, second = checks
        return lambda value: first(value) and second(value)

    def check(value: Any) -> bool:
        for one in checks:  # noqa: SIM110
            if not one(value):
                return False
        return True

    return check
