"""Every path there is. Those of kinds follow from the registry, more specific ones first."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from controller.api import (
    bulk,
    deleting,
    logs,
    manylogs,
    private,
    reading,
    registry,
    subresources,
    system,
    writing,
)
from controller.api.call import Endpoint, Handler
from controller.api.services import Services
from controller.api.workers import endpoints, published

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
}
_PRIVATE: Mapping[str, Mapping[str, Handler]] = {
    "/workerset/v1/project": {"GET": private.project},
    "/workerset/v1/apply": {"POST": bulk.apply},
    "/workerset/v1/shutdown": {"POST": private.shutdown},
    "/workerset/v1/env/{namespace}/{name}": {"GET": private.environment},
    "/workerset/v1/rollback/{namespace}/{name}": {"POST": private.rollback},
    "/workerset/v1/logs": {"GET": manylogs.read},
    "/workerset/v1/usage": {"GET": private.usage},
    "/workerset/v1/ensure": {"POST": endpoints.ensure},
    "/workerset/v1/release": {"POST": endpoints.release},
    "/workerset/v1/token/{namespace}": {"GET": endpoints.token},
    "/workerset/v1/vars": {"GET": published.of_all},
    "/workerset/v1/vars/{namespace}": {"GET": published.of_namespace},
    "/version": {"GET": system.version},
    "/healthz": {"GET": system.health},
    "/livez": {"GET": system.health},
    "/readyz": {"GET": system.health},
}


def build(services: Services) -> list[Route]:
    """In the order they are tried."""
    routes: list[Route] = []
    for served in registry.SERVED:
        routes += _of_kind(services, served)
    routes += [Route(path, Endpoint(services, handlers)) for path, handlers in _PRIVATE.items()]
    nothing = Endpoint(
        services, dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), system.nothing_here)
    )
    return [*routes, Route("/{path:path}", _Otherwise(nothing))]


def _of_kind(services: Services, served: registry.Served) -> list[Route]:
    resource = served.resource
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    inside = f"{base}/namespaces/{{namespace}}" if resource.namespaced else base
    collection = f"{inside}/{resource.plural}"
    found = [
        Route(
            f"{collection}/{{name}}/{subresource}",
            Endpoint(
                services,
                _SUBRESOURCES[subresource],
                served,
                subresource=subresource,
                allow=registry.allowed_methods(served, collection=False, subresource=subresource),
            ),
        )
        for subresource, _ in served.subresources
    ]
    item_allow = registry.allowed_methods(served, collection=False)
    allow = registry.allowed_methods(served, collection=True)
    found.append(Route(f"{collection}/{{name}}", Endpoint(services, _ITEM, served, allow=item_allow)))
    found.append(Route(collection, Endpoint(services, _COLLECTION, served, allow=allow)))
    if resource.namespaced:
        everywhere = {"GET": reading.list_or_watch}
        found.append(Route(f"{base}/{resource.plural}", Endpoint(services, everywhere, served, allow="GET")))
    return found


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
