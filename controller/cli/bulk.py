"""The private endpoint that takes all documents of an apply in one request, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from controller.cli import errors, objects
from controller.client import http, resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.manifests import Item

    Object = dict[str, Any]

PATH = "/workerset/v1/apply"
DEFAULT_INVENTORY = "default"


@dataclass(frozen=True, slots=True)
class Request:
    """How to apply. `inventory` marks what belongs together; `prune` deletes of it what was not sent;
    without `objects` the results show what was sent."""

    server_side: bool = False
    force: bool = False
    dry_run: bool = False
    field_manager: str = "workerctl"
    inventory: str | None = None
    prune: bool = False
    objects: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """What a change does to one worker: keep, start, stop or restart, and why."""

    worker: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document, or of one pruned set; `before` is None for a new object."""

    operation: str
    object: Object
    before: Object | None
    error: str
    warnings: tuple[str, ...]
    actions: tuple[Action, ...]
    source: str

    @property
    def name(self) -> str:
        return objects.name(self.object)

    @property
    def title(self) -> str:
        return _kind(self.object).named(self.name)


def send(client: http.Client, items: Sequence[Item], request: Request) -> list[Result]:
    """One POST, whatever the number of documents."""
    body = {
        "items": [{"object": item.object, "source": item.source} for item in items],
        "fieldManager": request.field_manager,
        "serverSide": request.server_side,
        "force": request.force,
        "dryRun": request.dry_run,
        "fieldValidation": "Strict",
        "inventory": request.inventory,
        "prune": request.prune,
        "objects": request.objects,
    }
    answer = client.request("POST", PATH, None, body).json()
    return [
        _result(entry, items[index] if index < len(items) else None)
        for index, entry in enumerate(answer["items"])
    ]


def _result(entry: dict[str, Any], sent: Item | None) -> Result:
    """`sent` is None for what was pruned, whose object is always told."""
    status = entry.get("status")
    obj = entry.get("object") or entry.get("before")
    if obj is None and sent is not None:
        obj = sent.object
    assert obj is not None
    return Result(
        operation=str(entry["operation"]),
        object=obj,
        before=entry.get("before") or (obj if entry.get("code") == 200 and not status else None),
        error=errors.describe_status(status) if status else "",
        warnings=tuple(entry.get("warnings") or ()),
        actions=tuple(
            Action(str(found["worker"]), str(found["action"]), str(found.get("reason") or ""))
            for found in entry.get("workers") or ()
        ),
        source="" if sent is None else sent.source,
    )


def _kind(obj: Object) -> resources.Kind:
    found = resources.find(str(obj.get("kind") or "WorkerSet"))
    return found[0] if found else resources.WORKERSETS
