"""Discovery: which groups, versions, kinds and verbs there are, all of it from `registry.SERVED`.

In both forms that clients ask for: aggregated, two requests (KEP-3352), and one document a group and version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.api import call as calls
from controller.api import documents, negotiation, registry, replies

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""Clients compare it letter by letter."""


def handlers(served: Iterable[registry.Served] = registry.SERVED) -> dict[str, dict[str, calls.Handler]]:
    """A handler a path."""
    table = tuple(served)
    groups = dict.fromkeys(one.resource.group for one in table)
    core, named = [""] if "" in groups else [], [group for group in groups if group]
    found = {
        "/api": _either(_core_versions(table), _aggregated(table, core)),
        "/apis": _either(_group_list(table, named), _aggregated(table, named)),
    }
    for group in named:
        found[f"/apis/{group}"] = _always(documents.of({**_group(table, group), **_head("APIGroup")}))
    for base, rows in by_base_path(table).items():
        found[base] = _always(documents.of(_resource_list(rows)))
    return {path: {"GET": handler} for path, handler in found.items()}


def by_base_path(table: Iterable[registry.Served]) -> dict[str, list[registry.Served]]:
    """The rows of each group and version."""
    found: dict[str, list[registry.Served]] = {}
    for one in table:
        found.setdefault(one.resource.base_path, []).append(one)
    return found


def _always(document: documents.Document) -> calls.Handler:
    async def send(call: calls.Call) -> replies.Sendable:
        return document.reply(call)

    return send


def _either(plain: Mapping[str, Any], aggregated: Mapping[str, Any]) -> calls.Handler:
    """Aggregated for clients that ask for it."""
    one, other = documents.of(plain), documents.of(aggregated, AGGREGATED)

    async def send(call: calls.Call) -> replies.Sendable:
        wanted = negotiation.wants_aggregated(call.header(b"accept"))
        return (other if wanted else one).reply(call)

    return send


def _head(kind: str) -> dict[str, str]:
    return {"kind": kind, "apiVersion": "v1"}


# --------------------------------------------------------------------------- one document each


def _core_versions(table: Iterable[registry.Served]) -> dict[str, Any]:
    versions = list(dict.fromkeys(one.resource.version for one in table if not one.resource.group))
    return {"kind": "APIVersions", "versions": versions, "serverAddressByClientCIDRs": []}


def _group_list(table: Iterable[registry.Served], groups: Iterable[str]) -> dict[str, Any]:
    return {**_head("APIGroupList"), "groups": [_group(table, group) for group in groups]}


def _group(table: Iterable[registry.Served], group: str) -> dict[str, Any]:
    versions = [{"groupVersion": f"{group}/{one}", "version": one} for one in _versions(table, group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _versions(table: Iterable[registry.Served], group: str) -> list[str]:
    return list(dict.fromkeys(one.resource.version for one in table if one.resource.group == group))


def _resource_list(rows: list[registry.Served]) -> dict[str, Any]:
    entries = [entry for one in rows for entry in (_resource(one), *_subresources(one))]
    return {
        **_head("APIResourceList"),
        "groupVersion": rows[0].resource.api_version,
        "resources": entries,
    }


def _resource(served: registry.Served) -> dict[str, Any]:
    resource = served.resource
    return {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": sorted(served.verbs),
        **_names(served),
    }


def _names(served: registry.Served) -> dict[str, list[str]]:
    named = {"shortNames": served.resource.short_names, "categories": served.resource.categories}
    return {key: list(value) for key, value in named.items() if value}


def _subresources(served: registry.Served) -> list[dict[str, Any]]:
    """Group and version are named where they are not those of the list."""
    found: list[dict[str, Any]] = []
    for name, verbs in served.subresources:
        speaks = served.kind_of(name)
        entry: dict[str, Any] = {
            "name": f"{served.resource.plural}/{name}",
            "singularName": "",
            "namespaced": served.resource.namespaced,
            "kind": speaks["kind"],
            "verbs": sorted(verbs),
        }
        if speaks["group"] != served.resource.group:
            entry |= {"group": speaks["group"], "version": speaks["version"]}
        found.append(entry)
    return found


# --------------------------------------------------------------------------- aggregated


def _aggregated(table: Iterable[registry.Served], groups: Iterable[str]) -> dict[str, Any]:
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
            "versions": [_aggregated_version(table, group, one) for one in _versions(table, group)],
        }
        for group in groups
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_version(table: Iterable[registry.Served], group: str, version: str) -> dict[str, Any]:
    rows = [one for one in table if (one.resource.group, one.resource.version) == (group, version)]
    return {
        "version": version,
        "freshness": "Current",
        "resources": [_aggregated_resource(one) for one in rows],
    }


def _aggregated_resource(served: registry.Served) -> dict[str, Any]:
    resource = served.resource
    found: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": served.gvk,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(served.verbs),
        **_names(served),
    }
    below = [
        {"subresource": name, "responseKind": served.kind_of(name), "verbs": sorted(verbs)}
        for name, verbs in served.subresources
    ]
    return {**found, "subresources": below} if below else found
