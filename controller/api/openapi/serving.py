"""`/openapi/v3`: an index of documents by hash, which clients keep; and the v2 that old ones probe."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import controller
from controller.api import call as calls
from controller.api import discovery, documents, registry, replies
from controller.api.openapi import operations, schemas
from controller.core import errors

V2 = b"\x0a\x032.0\x12\x0d\x0a\x09workerset\x12\x00\x42\x00\x4a\x00"
"""A whole OpenAPI v2 document in protobuf: swagger "2.0", a title, no paths, no definitions.

kubectl up to 1.28 refuses to apply where there is none, and no client reads more of it than that it is there.
"""

V2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

Built = Mapping[str, documents.Document]


def handlers(declared: Callable[[], Mapping[str, Any]]) -> dict[str, dict[str, calls.Handler]]:
    """A handler a path; nothing is made before somebody asks."""

    @functools.cache
    def built() -> Built:
        return build(declared())

    @functools.cache
    def index() -> documents.Document:
        found = {
            name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={document.hash}"}
            for name, document in built().items()
        }
        return documents.of({"paths": found})

    async def send_index(call: calls.Call) -> replies.Sendable:
        return index().reply(call)

    found: dict[str, calls.Handler] = {"/openapi/v3": send_index, "/openapi/v2": _send_v2}
    found |= {f"/openapi/v3/{name}": _sender(built, name) for name in _names()}
    return {path: {"GET": handler} for path, handler in found.items()}


def _names() -> list[str]:
    """`apis/workerset.dev/v1`, as the index calls a document."""
    return [base.removeprefix("/") for base in discovery.by_base_path(registry.SERVED)]


def _sender(built: Callable[[], Built], name: str) -> calls.Handler:
    async def send(call: calls.Call) -> replies.Sendable:
        document = built()[name]
        return document.reply(call, immutable=call.query.text("hash") == document.hash)

    return send


async def _send_v2(call: calls.Call) -> replies.Sendable:
    if "protobuf" not in call.header(b"accept"):
        raise errors.NotAcceptable("OpenAPI v2 is here in protobuf only, and empty: ask for /openapi/v3")
    return documents.Document(V2, V2_TYPE).reply(call)


def build(declared: Mapping[str, Any]) -> dict[str, documents.Document]:
    """One document a group and version."""
    return {
        base.removeprefix("/"): documents.of(_document(rows, declared))
        for base, rows in discovery.by_base_path(registry.SERVED).items()
    }


def _document(rows: list[registry.Served], declared: Mapping[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    components = dict(schemas.SHARED)
    for served in rows:
        paths |= operations.paths(served)
        components[schemas.component_name(served.gvk)] = schemas.of_kind(served, declared)
        if "list" in served.verbs:
            listed = {**served.gvk, "kind": f"{served.resource.kind}List"}
            components[schemas.component_name(listed)] = schemas.of_list(served)
        for name, _ in served.subresources:
            kind = served.kind_of(name)
            components.setdefault(schemas.component_name(kind), schemas.of_other(kind))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Workerset", "version": controller.__version__},
        "paths": paths,
        "components": {"schemas": components},
    }
