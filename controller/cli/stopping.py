"""What `stop` and `start` share: `spec.suspend` under a field owner of its own, which no apply undoes."""

from __future__ import annotations

from controller.cli import chosen, watchstream
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from controller.cli.context import Context

    Object = dict[str, Any]

MANAGER = "workerctl-stop"


def put(context: Context, target: chosen.Target, suspend: bool | None) -> Object:
    """Server-side apply of `suspend` alone; None lets go of the field."""
    body: Object = {
        "apiVersion": target.kind.api_version,
        "kind": target.kind.kind,
        "metadata": {"name": target.name, "namespace": target.namespace},
    }
    if suspend is not None:
        body["spec"] = {"suspend": suspend}
    query: watchstream.Query = {"fieldManager": MANAGER, "force": True}
    answer = context.client().request("PATCH", target.path, query, body, http.APPLY_PATCH)
    obj: Object = answer.json()
    return obj


def read(context: Context, target: chosen.Target) -> Object:
    """Raises NotFound, where an apply would create the set."""
    obj: Object = context.client().request("GET", target.path).json()
    return obj


def is_suspended(obj: Object) -> bool:
    return bool((obj.get("spec") or {}).get("suspend"))
