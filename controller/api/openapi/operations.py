"""Paths of an OpenAPI document: an operation a verb, with the parameters it takes.

Clients look at these in particular: that PATCH takes `fieldValidation` (kubectl then leaves validation to the
server) and which kind an operation is about.
"""

from __future__ import annotations

from typing import Any

from controller.api import registry
from controller.api.openapi import schemas
from controller.core import kinds

Operation = dict[str, Any]

_APPLY = "application/apply-patch+yaml"
_PLAIN_PATCHES = ("application/json-patch+json", "application/merge-patch+json")
_STRATEGIC = "application/strategic-merge-patch+json"


def _query(name: str, kind: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "schema": {"type": kind, "uniqueItems": True}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}


_DRY_RUN = _query("dryRun", "string", "All: everything but storing it.")
_WRITE = (
    _DRY_RUN,
    _query("fieldManager", "string", "Who owns the fields that are set."),
    _query("fieldValidation", "string", "What an unknown field is: Strict, Warn or Ignore."),
)
_PATCH = (*_WRITE, _query("force", "boolean", "Of an apply: take fields that others own."))
_DELETE = (
    _DRY_RUN,
    _query("gracePeriodSeconds", "integer", "Instead of the object's own grace."),
    _query("propagationPolicy", "string", "Background, Foreground or Orphan."),
)
_LIST = (
    _query("labelSelector", "string", "Only objects with these labels."),
    _query("fieldSelector", "string", "Only objects with these fields."),
    _query("limit", "integer", "The most objects of a page."),
    _query("continue", "string", "The next page."),
    _query("resourceVersion", "string", "The version to watch from."),
    _query("resourceVersionMatch", "string", "Exact or NotOlderThan."),
    _query("sendInitialEvents", "boolean", "A watch begins with what is there."),
    _query("allowWatchBookmarks", "boolean", "A watch tells its position now and then."),
    _query("timeoutSeconds", "integer", "How long a watch goes on."),
    _query("watch", "boolean", "Changes instead of a list."),
)
_LOG = tuple(
    _query(name, kind, about)
    for name, kind, about in (
        ("container", "string", "A worker has one: main."),
        ("follow", "boolean", "Go on with what is printed from now on."),
        ("previous", "boolean", "Of the run before this one."),
        ("tailLines", "integer", "The last lines only."),
        ("sinceSeconds", "integer", "Not older than this."),
        ("sinceTime", "string", "Not older than this moment."),
        ("timestamps", "boolean", "With the time of each line."),
        ("limitBytes", "integer", "At most so much."),
    )
)

_TAKES = {"get": (), "list": _LIST, "create": _WRITE, "update": _WRITE, "patch": _PATCH, "delete": _DELETE}
_METHODS = {
    "get": "get",
    "list": "get",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
}
_ACTIONS = {"create": "post", "update": "put"}
"""What Kubernetes calls these verbs in `x-kubernetes-action`."""

_OF_ITEM = ("get", "update", "patch", "delete")
_OF_COLLECTION = ("list", "create")


def paths(served: registry.Served) -> dict[str, Any]:
    """Every path of one kind."""
    resource = served.resource
    inside = f"{resource.base_path}/namespaces/{{namespace}}" if resource.namespaced else resource.base_path
    place = [_in_path("namespace")] if resource.namespaced else []
    collection = f"{inside}/{resource.plural}"
    item, named = f"{collection}/{{name}}", [*place, _in_path("name")]
    found = {
        collection: _path(served, "", _OF_COLLECTION, place),
        item: _path(served, "", _OF_ITEM, named),
    }
    for name, _ in served.subresources:
        found[f"{item}/{name}"] = _path(served, name, _OF_ITEM, named)
    if resource.namespaced:
        found[f"{resource.base_path}/{resource.plural}"] = _path(served, "", ("list",), [], "AllNamespaces")
    return {path: value for path, value in found.items() if len(value) > 1}


def _path(
    served: registry.Served, subresource: str, verbs: tuple[str, ...], parameters: list[Any], where: str = ""
) -> dict[str, Any]:
    there = served.verbs_of(subresource)
    operations = {
        _METHODS[verb]: _operation(served, subresource, verb, where) for verb in verbs if verb in there
    }
    return {**operations, "parameters": parameters}


def _operation(served: registry.Served, subresource: str, verb: str, where: str) -> Operation:
    kind = served.kind_of(subresource)
    what = schemas.ref(schemas.component_name(kind))
    takes = _LOG if subresource == "log" else _TAKES[verb]
    found: Operation = {
        "operationId": f"{verb}{served.resource.kind}{subresource.capitalize()}{where}",
        "description": f"{verb} {served.resource.plural}{subresource and '/'}{subresource}",
        "parameters": list(takes),
        "responses": _responses(served, subresource, verb, what),
        "x-kubernetes-action": _ACTIONS.get(verb, verb),
        "x-kubernetes-group-version-kind": kind,
    }
    if verb in ("create", "update"):
        found["requestBody"] = _body(what, ("application/json", "application/yaml"))
    elif verb == "patch":
        found["requestBody"] = _body({}, _patch_formats(served.resource, subresource))
    return found


def _patch_formats(resource: kinds.Resource, subresource: str) -> tuple[str, ...]:
    """Views are not applied on the server's side, and Kubernetes' own kinds take strategic patches."""
    if subresource == "scale":
        return _PLAIN_PATCHES
    if resource == kinds.DEPLOYMENTS:
        return (*_PLAIN_PATCHES, _STRATEGIC)
    return (_APPLY, *_PLAIN_PATCHES) if resource.group else (_APPLY, *_PLAIN_PATCHES, _STRATEGIC)


def _body(schema: dict[str, Any], formats: tuple[str, ...]) -> dict[str, Any]:
    return {"required": True, "content": {name: {"schema": schema} for name in formats}}


def _responses(served: registry.Served, subresource: str, verb: str, what: dict[str, Any]) -> dict[str, Any]:
    """`default` is every refusal."""
    if subresource == "log":
        good: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
    else:
        listed = {**served.gvk, "kind": f"{served.resource.kind}List"}
        body = schemas.ref(schemas.component_name(listed)) if verb == "list" else what
        good = {"application/json": {"schema": body}}
    refused = {"application/json": {"schema": schemas.ref(schemas.STATUS)}}
    codes = ("201",) if verb == "create" else ("200", "201") if verb == "patch" else ("200",)
    found: dict[str, Any] = {code: {"description": "done", "content": good} for code in codes}
    return {**found, "default": {"description": "a Status that says why not", "content": refused}}
