"""What the server, and what a client, may say in `metadata`: identity, versions, finalizers.

Source: Kubernetes' ValidateObjectMeta and its BeforeCreate and BeforeUpdate strategies.
"""

from __future__ import annotations

import re
from typing import Any

from controller.core import errors, fields, kinds, labels

_SERVER_SIDE = (
    "uid",
    "creationTimestamp",
    "generation",
    "resourceVersion",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
"""Written by the server alone; whatever a client sends there is not taken over."""

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def typed(resource: kinds.Resource, obj: Any, *, required: bool = False) -> kinds.Object:
    """`obj` if it is an object of this kind; absent apiVersion and kind are filled in unless `required`."""
    if not isinstance(obj, dict):
        raise errors.BadRequest(f"a {resource.kind} is a JSON object")
    if not isinstance(obj.get("metadata", {}), dict):
        raise errors.BadRequest("metadata must be an object")
    version, kind = obj.get("apiVersion"), obj.get("kind")
    if required and not (version and kind):
        raise errors.BadRequest("apiVersion and kind are required in a configuration to apply")
    if version and version != resource.api_version:
        raise errors.BadRequest(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    if kind and kind != resource.kind:
        raise errors.BadRequest(
            f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})"
        )
    rest = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": obj.get("metadata") or {},
        **rest,
    }


def require_same(resource: kinds.Resource, live: kinds.Object, given: kinds.Object) -> None:
    """Name, namespace, uid and resourceVersion, where given, must be those of the live object."""
    held, sent = live["metadata"], given["metadata"]
    if sent.get("name", held["name"]) != held["name"]:
        raise errors.BadRequest(
            f"the name of the object ({sent['name']}) does not match the name on the URL ({held['name']})"
        )
    if sent.get("namespace") and sent["namespace"] != held.get("namespace"):
        raise errors.BadRequest(
            f"the namespace of the provided object ({sent['namespace']}) does not match the namespace "
            f"sent on the request ({held.get('namespace', '')})"
        )
    require_preconditions(resource, live, sent.get("uid"), sent.get("resourceVersion"))


def require_preconditions(resource: kinds.Resource, live: kinds.Object, uid: Any, version: Any) -> None:
    """Raises Conflict unless uid and resourceVersion are unset or those of the live object."""
    held = live["metadata"]
    if uid and uid != held.get("uid"):
        raise conflict(
            resource,
            held["name"],
            f"Precondition failed: UID in precondition: {uid}, UID in object meta: {held.get('uid')}",
        )
    if version and version != held.get("resourceVersion"):
        raise conflict(resource, held["name"], MODIFIED)


def conflict(resource: kinds.Resource, name: str, why: str) -> errors.Conflict:
    return errors.Conflict(
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        kind=resource.plural,
        name=name,
        group=resource.group,
    )


def declared(given: kinds.Object) -> dict[str, Any]:
    """The metadata a client declares, without what only the server writes."""
    return {key: value for key, value in given["metadata"].items() if key not in _SERVER_SIDE}


def stamped(given: kinds.Object, uid: str, now: str, *, keep_managers: bool = False) -> dict[str, Any]:
    """Metadata of a new object."""
    meta = declared(given)
    if not keep_managers:
        meta.pop("managedFields", None)
    meta |= {"uid": uid, "creationTimestamp": now, "generation": 1}
    return meta


def carried_over(resource: kinds.Resource, live: kinds.Object, given: kinds.Object) -> dict[str, Any]:
    """Metadata of a changed object: the server's part from `live`, the rest from `given`."""
    held = live["metadata"]
    meta = declared(given)
    for key in ("name", "namespace", *_SERVER_SIDE):
        if key in held:
            meta[key] = held[key]
    if "managedFields" not in meta and "managedFields" in held:
        meta["managedFields"] = held["managedFields"]
    if held.get("deletionTimestamp"):
        _refuse_new_finalizers(resource, held, meta)
    return meta


def _refuse_new_finalizers(resource: kinds.Resource, held: dict[str, Any], meta: dict[str, Any]) -> None:
    known = held.get("finalizers") or []
    added = [name for name in meta.get("finalizers") or [] if name not in known]
    if added:
        message = (
            "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
            + ", ".join(map(str, added))
        )
        name = held["name"]
        raise errors.Invalid(
            f'{resource.kind}{"." + resource.group if resource.group else ""} "{name}" is invalid: '
            f"metadata.finalizers: {message}",
            kind=resource.kind,
            name=name,
            group=resource.group,
            causes=[errors.Cause("FieldValueForbidden", message, "metadata.finalizers")],
        )


def problems(resource: kinds.Resource, obj: kinds.Object) -> list[errors.FieldProblem]:
    """What is wrong with metadata itself, for every kind alike."""
    meta = obj["metadata"]
    found: list[errors.FieldProblem] = []
    name = meta.get("name")
    if not name:
        found.append(
            errors.FieldProblem(("metadata", "name"), "Required", "name or generateName is required")
        )
    elif not isinstance(name, str) or len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        found.append(
            errors.FieldProblem(
                ("metadata", "name"),
                "Invalid",
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
                "'.', and must start and end with an alphanumeric character, for example my-worker",
                value=name,
            )
        )
    if resource.namespaced and not meta.get("namespace"):
        found.append(errors.FieldProblem(("metadata", "namespace"), "Required", "a namespace is required"))
    for key in ("labels", "annotations"):
        found += _map_problems(key, meta.get(key))
    finalizers = meta.get("finalizers")
    if finalizers is not None and not (
        isinstance(finalizers, list) and all(isinstance(one, str) for one in finalizers)
    ):
        found.append(
            errors.FieldProblem(("metadata", "finalizers"), "TypeInvalid", "must be a list of strings")
        )
    return found


def _map_problems(key: str, value: Any) -> list[errors.FieldProblem]:
    if value is None:
        return []
    if not isinstance(value, dict):
        return [
            errors.FieldProblem(("metadata", key), "TypeInvalid", "must be a map of strings", value=value)
        ]
    wrong = [
        errors.FieldProblem(
            ("metadata", key, name), "TypeInvalid", "must be a string", "quote it", value=item
        )
        for name, item in value.items()
        if not isinstance(item, str)
    ]
    return [*wrong, *labels.problems(key, value)]


def finalizers(obj: kinds.Object) -> list[str]:
    found = fields.mapping(obj.get("metadata")).get("finalizers")
    return list(found) if isinstance(found, list) else []
