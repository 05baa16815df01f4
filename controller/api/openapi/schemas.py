"""Schemas of an OpenAPI document: ours from JSON Schema, those of Kubernetes' own kinds as far as they hold.

OpenAPI 3.0 knows less than JSON Schema 2020-12: one type a schema, no `const`, no rules for keys. How lists
are owned (`x-kubernetes-list-type`) comes from the same table that server-side apply works by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.api import registry
from controller.core import eventrules, fieldset, kinds

Schema = dict[str, Any]

PREFIX = "#/components/schemas/"
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
LIST_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
STATUS = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"

_KEPT = frozenset(
    (
        "description", "default", "required", "enum", "minimum", "maximum", "minLength", "maxLength",
        "pattern", "minItems", "maxItems", "uniqueItems",
    )
)  # fmt: skip
_OF_TEXT = ("minLength", "maxLength", "pattern")
_OF_NUMBERS = ("minimum", "maximum")
_PYTHON_END = "(?!\\n)"
"""What makes `$` mean the very end in Python; elsewhere it does."""


def ref(name: str) -> Schema:
    return {"$ref": PREFIX + name}


def component_name(gvk: Mapping[str, str]) -> str:
    """`dev.workerset.v1.WorkerSet`, `io.k8s.api.core.v1.Pod`."""
    group = gvk["group"]
    if group.count(".") and not group.endswith(".k8s.io"):
        place = ".".join(reversed(group.split(".")))
    else:
        place = f"io.k8s.api.{group.partition('.')[0] or 'core'}"
    return f"{place}.{gvk['version']}.{gvk['kind']}"


def of_kind(served: registry.Served, declared: Mapping[str, Any]) -> Schema:
    """The object itself; `declared` is the JSON Schema of WorkerSets."""
    if served.resource == kinds.WORKERSETS:
        found = converted(declared, ())
        found["properties"]["metadata"] = {"allOf": [ref(OBJECT_META)], "default": {}, **_METADATA}
        found["properties"].update(_words(served.gvk))
    else:
        found = _foreign(served.gvk)
    return {**found, "x-kubernetes-group-version-kind": [served.gvk]}


def of_list(served: registry.Served) -> Schema:
    list_kind = {**served.gvk, "kind": f"{served.resource.kind}List"}
    return {
        "type": "object",
        "description": f"A list of {served.resource.kind} objects.",
        "required": ["items"],
        "properties": {
            **_words(list_kind),
            "metadata": {"allOf": [ref(LIST_META)], "default": {}},
            "items": {"type": "array", "items": ref(component_name(served.gvk))},
        },
        "x-kubernetes-group-version-kind": [list_kind],
    }


def of_other(gvk: Mapping[str, str]) -> Schema:
    """What a subresource speaks."""
    return {**_foreign(gvk), "x-kubernetes-group-version-kind": [dict(gvk)]}


_ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}
_METADATA = {"description": "Name, namespace, labels and annotations."}


def _words(gvk: Mapping[str, str]) -> dict[str, Schema]:
    version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
    return {
        "apiVersion": {"type": "string", "description": f"The version of this format: {version}."},
        "kind": {"type": "string", "description": f"What this object is: {gvk['kind']}."},
    }


_PARTS: Mapping[str, tuple[str, ...]] = {
    "ConfigMap": ("data", "binaryData", "immutable"),
    "ControllerRevision": ("data", "revision"),
    "Event": eventrules.FIELDS,
    "PodMetrics": ("timestamp", "window", "containers"),
    "NodeMetrics": ("timestamp", "window", "usage"),
}
"""What an object of a kind has beside its metadata, where that is not spec and status."""


def _foreign(gvk: Mapping[str, str]) -> Schema:
    """A kind of Kubernetes' own: what is in its parts is described there."""
    parts = {
        name: {"description": f"As in the API of Kubernetes: {gvk['kind']}.{name}.", **_ANYTHING}
        for name in _PARTS.get(gvk["kind"], ("spec", "status"))
    }
    metadata = {"allOf": [ref(OBJECT_META)], "default": {}, **_METADATA}
    return {
        "type": "object",
        "description": f"{gvk['kind']}, as in the API of Kubernetes; here a view of what runs.",
        "properties": {**_words(gvk), "metadata": metadata, **parts},
        **_ANYTHING,
    }


# --------------------------------------------------------------------------- from JSON Schema


def converted(node: Mapping[str, Any], path: fieldset.Path) -> Schema:
    """One schema, without what this version does not run."""
    found: Schema = {key: node[key] for key in _KEPT & node.keys()}
    if "pattern" in found:
        found["pattern"] = found["pattern"].removesuffix(_PYTHON_END)
    if "const" in node:
        found["enum"] = [node["const"]]
        found["type"] = _type_of(node["const"])
    if node.get("examples"):
        found["example"] = node["examples"][0]
    if "anyOf" in node:
        found["anyOf"] = [converted(branch, path) for branch in node["anyOf"]]
    _add_type(found, node.get("type"))
    _add_members(found, node, path)
    if found.get("type") == "array":
        found |= _list_type(path)
    return found


def _type_of(value: Any) -> str:
    return "boolean" if isinstance(value, bool) else "string"


def _add_type(found: Schema, given: Any) -> None:
    """`null` makes it nullable; one of two types becomes a choice, each with its own rules."""
    types = [one for one in ([given] if isinstance(given, str) else given or ()) if one != "null"]
    if not isinstance(given, str) and given is not None and "null" in given:
        found["nullable"] = True
    if len(types) == 1:
        found["type"] = types[0]
    elif types:
        found["anyOf"] = [
            {"type": one} | {key: found[key] for key in _rules_of(one) if key in found} for one in types
        ]
        for key in (*_OF_TEXT, *_OF_NUMBERS):
            found.pop(key, None)
        if set(types) == {"integer", "string"}:
            found["x-kubernetes-int-or-string"] = True


def _rules_of(kind: str) -> tuple[str, ...]:
    return _OF_TEXT if kind == "string" else _OF_NUMBERS


def _add_members(found: Schema, node: Mapping[str, Any], path: fieldset.Path) -> None:
    if "properties" in node:
        found["properties"] = {
            name: converted(below, (*path, f"f:{name}"))
            for name, below in node["properties"].items()
            if below.get("x-supported") is not False
        }
    more = node.get("additionalProperties")
    if isinstance(more, Mapping):
        found["additionalProperties"] = converted(more, (*path, "f:*"))
    if isinstance(node.get("items"), Mapping):
        found["items"] = converted(node["items"], (*path, "v:*"))


def _list_type(path: fieldset.Path) -> Schema:
    if path in fieldset.KEYED:
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [fieldset.KEYED[path]]}
    return {"x-kubernetes-list-type": "set" if path in fieldset.SETS else "atomic"}


# --------------------------------------------------------------------------- shared by all kinds

_TEXT_MAP: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_TIME: Schema = {"type": "string", "format": "date-time", "nullable": True}

SHARED: Mapping[str, Schema] = {
    OBJECT_META: {
        "type": "object",
        "description": "What every object has: its name, its place, and what the server knows of it.",
        "properties": {
            "name": {"type": "string", "description": "Unique in the namespace."},
            "generateName": {"type": "string", "description": "The server appends five characters to it."},
            "namespace": {"type": "string", "description": "Where the object is; `default` unless given."},
            "labels": {**_TEXT_MAP, "description": "What selectors pick objects by."},
            "annotations": {**_TEXT_MAP, "description": "Any other text about the object."},
            "uid": {"type": "string", "description": "Of this very object; set by the server."},
            "resourceVersion": {"type": "string", "description": "Changes with every write."},
            "generation": {"type": "integer", "format": "int64", "description": "Counts changes of spec."},
            "creationTimestamp": {**_TIME, "description": "When it was made."},
            "deletionTimestamp": {**_TIME, "description": "When its deletion was asked for."},
            "deletionGracePeriodSeconds": {"type": "integer", "format": "int64", "nullable": True},
            "finalizers": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "ownerReferences": {
                "type": "array",
                "items": {"type": "object", **_ANYTHING},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["uid"],
            },
            "managedFields": {
                "type": "array",
                "description": "Who set which fields.",
                "items": {"type": "object", **_ANYTHING},
                "x-kubernetes-list-type": "atomic",
            },
            "selfLink": {"type": "string"},
        },
    },
    LIST_META: {
        "type": "object",
        "properties": {
            "resourceVersion": {"type": "string"},
            "continue": {"type": "string", "description": "Asks for the next page."},
            "remainingItemCount": {"type": "integer", "format": "int64"},
        },
    },
    STATUS: {
        "type": "object",
        "description": "How a request ended, if not with an object.",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [ref(LIST_META)], "default": {}},
            "status": {"type": "string", "enum": ["Success", "Failure"]},
            "message": {"type": "string"},
            "reason": {"type": "string"},
            "details": {"type": "object", **_ANYTHING},
            "code": {"type": "integer", "format": "int32"},
        },
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Status"}],
    },
}
