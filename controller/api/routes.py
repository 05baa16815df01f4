"""Every path there is. Those of kinds follow from the registry, more specific ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from controller.api import (
    bulk,
    clienttokens,
    configmaps,
    deleting,
    deploying,
    discovery,
    files,
    logs,
    manylogs,
    metrics,
    private,
    reading,
    registry,
    reviews,
    subresources,
    system,
    writing,
)
from controller.api.call import Endpoint, Handler
from controller.api.openapi import serving as openapi
from controller.api.services import Services
from controller.api.streams import commands, forwarding, sockets
from controller.api.workers import endpoints, published
from controller.core import kinds

_COLLECTION: Mapping[str, Handler] = {
    "GET": reading.list_or_watch,
    "POST": writing.create,
    "DELETE": deleting.delete_collection,
}
_ITEM: Mapping[str, Handler] = {
    "GET": reading.get,
    "PUT": writing.update,
    "PATCH": writing.patch_object,
    "DELETE": deleting.delete,
}
_STREAMS: Mapping[str, tuple[Sequence[str], sockets.Open]] = {
    "exec": (commands.PROTOCOLS, commands.execute),
    "attach": (commands.PROTOCOLS, commands.attach),
    "portforward": (forwarding.PROTOCOLS, forwarding.forward),
}
_SUBRESOURCES: Mapping[str, Mapping[str, Handler]] = {
    "status": {
        "GET": reading.get,
        "PUT": subresources.update_status,
        "PATCH": subresources.patch_status,
    },
    "scale": {
        "GET": subresources.get_scale,
        "PUT": subresources.update_scale,
        "PATCH": subresources.patch_scale,
    },
    "log": {"GET": logs.read},
    **{
        name: dict.fromkeys(("GET", "POST"), system.needs_websocket(judge))
        for name, (_, judge) in _STREAMS.items()
    },
}
_OF_KIND: Mapping[str, Mapping[str, Handler]] = {
    kinds.ACCESS_REVIEWS.qualified: {"POST": reviews.access},
    kinds.RULES_REVIEWS.qualified: {"POST": reviews.rules},
    kinds.SUBJECT_REVIEWS.qualified: {"POST": reviews.subject},
}
"""The collections of kinds that the store does not hold."""

_ITEMS_OF_KIND: Mapping[str, Mapping[str, Handler]] = {
    kinds.CONFIG_MAPS.qualified: {
        method: handler if method == "GET" else configmaps.writing(handler)
        for method, handler in _ITEM.items()
    },
    kinds.DEPLOYMENTS.qualified: {**_ITEM, "PUT": deploying.update, "PATCH": deploying.patch},
}
"""Single objects of kinds that are written in their own way."""

_SPEAKS_FOR = {(kinds.DEPLOYMENTS.qualified, "scale"): kinds.WORKERSETS}
"""Subresources that are those of another kind, under the same names."""

_PRIVATE: Mapping[str, Mapping[str, Handler]] = {
    "/workerset/v1/project": {"GET": private.project},
    "/workerset/v1/apply": {"POST": bulk.apply},
    "/workerset/v1/shutdown": {"POST": private.shutdown},
    "/workerset/v1/env/{namespace}/{name}": {"GET": private.environment},
    "/workerset/v1/rollback/{namespace}/{name}": {"POST": private.rollback},
    "/workerset/v1/files": {"POST": files.follow},
    "/workerset/v1/logs": {"GET": manylogs.read},
    "/workerset/v1/listen": {"POST": clienttokens.listen, "DELETE": clienttokens.listen_no_more},
    "/workerset/v1/tokens": {"GET": clienttokens.tokens, "POST": clienttokens.create},
    "/workerset/v1/tokens/{name}": {"DELETE": clienttokens.revoke},
    "/workerset/v1/usage": {"GET": private.usage},
    "/workerset/v1/ensure": {"POST": endpoints.ensure},
    "/workerset/v1/release": {"POST": endpoints.release},
    "/workerset/v1/token/{namespace}": {"GET": endpoints.token},
    "/workerset/v1/vars": {"GET": published.of_all},
    "/workerset/v1/vars/{namespace}": {"GET": published.of_namespace},
    "/metrics": {"GET": metrics.read},
    "/version": {"GET": system.version},
    "/healthz": {"GET": system.health},
    "/livez": {"GET": system.health},
    "/readyz": {"GET": system.health},
}


def build(services: Services) -> list[BaseRoute]:
    """In the order they are tried."""
    routes: list[BaseRoute] = []
    for served in registry.SERVED:
        routes += _of_kind(services, served)
    others = {**_PRIVATE, **discovery.handlers(), **openapi.handlers(services.schema.document)}
    routes += [Route(path, Endpoint(services, handlers)) for path, handlers in others.items()]
    nothing = Endpoint(
        services, dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), system.nothing_here)
    )
    return [*routes, Route("/{path:path}", _Otherwise(nothing))]


def _of_kind(services: Services, served: registry.Served) -> list[BaseRoute]:
    resource = served.resource
    base = resource.base_path
    inside = f"{base}/namespaces/{{namespace}}" if resource.namespaced else base
    collection = f"{inside}/{resource.plural}"
    found: list[BaseRoute] = [
        WebSocketRoute(
            f"{collection}/{{name}}/{subresource}",
            sockets.Endpoint(services, served, subresource, *_STREAMS[subresource]),
        )
        for subresource, _ in served.subresources
        if subresource in _STREAMS
    ]
    found += [
        Route(
            f"{collection}/{{name}}/{subresource}",
            Endpoint(
                services,
                _SUBRESOURCES[subresource],
                _speaking(served, subresource),
                subresource=subresource,
                allow=registry.allowed_methods(served, collection=False, subresource=subresource),
            ),
        )
        for subresource, _ in served.subresources
    ]
    items = _ITEMS_OF_KIND.get(resource.qualified, _ITEM)
    if item_allow := registry.allowed_methods(served, collection=False):
        found.append(Route(f"{collection}/{{name}}", Endpoint(services, items, served, allow=item_allow)))
    allow = registry.allowed_methods(served, collection=True)
    handlers = _OF_KIND.get(resource.qualified, _COLLECTION)
    found.append(Route(collection, Endpoint(services, handlers, served, allow=allow)))
    if resource.namespaced:
        everywhere = {"GET": reading.list_or_watch}
        found.append(Route(f"{base}/{resource.plural}", Endpoint(services, everywhere, served, allow="GET")))
    return found


def _speaking(served: registry.Served, subresource: str) -> registry.Served:
    other = _SPEAKS_FOR.get((served.resource.qualified, subresource))
    return served if other is None else next(one for one in registry.SERVED if one.resource == other)


class _Otherwise:
    """A path with a slash too many is tried without it (some clients call `/version/`); else 404."""

    def __init__(self, nothing: Endpoint) -> None:
        self._nothing = nothing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if len(path) > 1 and path.endswith("/"):
            again = {**scope, "path": path.rstrip("/") or "/", "path_params": {}}
            await scope["app"].router(again, receive, send)
            return
        await self._nothing(scope, receive, send)
