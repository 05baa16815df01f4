"""One document of a bulk apply: from what was sent to what to store, through the ordinary write door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from controller.api import encode, namespaces, registry
from controller.api.services import Services
from controller.core import admission, errors, fields, kinds, ownership, threeway

INVENTORY_MANAGER = "workerctl-inventory"
_INVENTORY_PATH = ("f:metadata", "f:labels", f"f:{kinds.LABEL_INVENTORY}")
_APPLIED = (kinds.WORKERSETS, kinds.NAMESPACES)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all items of a request."""

    manager: str = "workerctl"
    server_side: bool = False
    force: bool = False
    dry_run: bool = False
    validation: Literal["Strict", "Warn", "Ignore"] = "Strict"
    inventory: str = ""
    prune: bool = False
    objects: bool = True


def terms_of(body: Mapping[str, Any]) -> Terms:
    """Raises BadRequest for what makes no sense."""
    manager, inventory = body.get("fieldManager") or "workerctl", body.get("inventory") or ""
    validation = body.get("fieldValidation") or "Strict"
    if not isinstance(manager, str) or not isinstance(inventory, str):
        raise errors.BadRequest("fieldManager and inventory must be strings")
    if validation not in ("Strict", "Warn", "Ignore"):
        raise errors.BadRequest(f"fieldValidation must be Strict, Warn or Ignore: {validation!r}")
    flags = {name: body.get(name) is True for name in ("serverSide", "force", "dryRun", "prune")}
    if flags["prune"] and not inventory:
        raise errors.BadRequest("prune needs an inventory: without one nothing says what belongs together")
    return Terms(
        manager,
        flags["serverSide"],
        flags["force"],
        flags["dryRun"],
        cast('Literal["Strict", "Warn", "Ignore"]', validation),
        inventory,
        flags["prune"],
        body.get("objects") is not False,
    )


class Item:
    """A document on its way. `status` is set once it has failed."""

    __slots__ = (
        "before", "changed", "config", "is_pruned", "key", "object", "operation", "resource", "source",
        "status", "warnings", "workers",
    )  # fmt: skip

    def __init__(self, given: Any) -> None:
        one = fields.mapping(given)
        self.config: kinds.Object = fields.mapping(one.get("object"))
        self.source = one["source"] if isinstance(one.get("source"), str) else ""
        self.object: kinds.Object = self.config
        self.before: kinds.Object | None = None
        self.operation = "failed"
        self.changed = False
        self.is_pruned = False
        self.status: dict[str, Any] | None = None
        self.warnings: list[str] = []
        self.workers: list[dict[str, str]] | None = None
        self.resource = kinds.WORKERSETS
        self.key = kinds.Key("", "")
        try:
            self._place()
        except errors.StatusError as problem:
            self.fail(problem)

    def _place(self) -> None:
        version, kind = self.config.get("apiVersion"), self.config.get("kind")
        served = registry.find(version, kind)
        if served is None or served.resource not in _APPLIED:
            raise errors.BadRequest(f"no such kind can be applied here, use WorkerSet: {version}/{kind}")
        self.resource = served.resource
        meta = self.config.get("metadata")
        if not isinstance(meta, dict) or not isinstance(meta.get("name"), str) or not meta["name"]:
            raise errors.BadRequest("metadata.name is required: an applied object has a name of its own")
        meta = dict(meta)
        if served.resource.namespaced:
            meta["namespace"] = meta.get("namespace") or namespaces.DEFAULT
            if not isinstance(meta["namespace"], str):
                raise errors.BadRequest("metadata.namespace must be a string")
        else:
            meta.pop("namespace", None)
            self.config = namespaces.declared(self.config)
        self.config = {**self.config, "metadata": meta}
        self.key = kinds.Key(meta.get("namespace", ""), meta["name"])

    @property
    def is_namespace(self) -> bool:
        return self.resource == kinds.NAMESPACES

    def fail(self, problem: errors.StatusError) -> None:
        self.operation, self.changed = "failed", False
        self.status = encode.status_of(problem)

    def encoded(self, *, objects: bool) -> bytes:
        """The item of the answer; `before` only where it differs, objects only if asked for or pruned."""
        created = self.operation == "created" or (self.operation == "serverside-applied" and not self.before)
        code = int(self.status["code"]) if self.status is not None else 201 if created else 200
        head: dict[str, Any] = {
            "operation": self.operation,
            "code": code,
            "status": self.status,
            "warnings": self.warnings,
            "workers": self.workers if self.workers is not None else [],
            "before": None,
        }
        if not objects and not self.is_pruned:
            return encode.dump(head)
        head["before"] = self.before if self.changed or self.is_pruned else None
        return encode.insert(head, "object", encode.dump(self.object))


def key_of(obj: kinds.Object) -> kinds.Key:
    return kinds.Key(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def pruned(live: kinds.Object) -> Item:
    """The item of a set that is in no document any more."""
    item = Item({"object": live})
    item.before, item.object = live, live
    item.operation, item.is_pruned = "pruned", True
    return item


class Desk:
    """Judges items, and stores them."""

    def __init__(self, services: Services, terms: Terms, spaces: Sequence[kinds.Key]) -> None:
        self.services = services
        self.terms = terms
        self.now = services.now()
        self.schema = services.schema.apart()
        self._coming = {key.name for key in spaces}

    def judge(self, item: Item) -> None:
        """Fill in what storing it would do, or why it cannot be done."""
        if item.status is not None:
            return
        item.before = self.services.store.find(item.resource, item.key)
        item.warnings = []
        try:
            outcome = self._outcome(item)
            self._require_place(item)
        except errors.StatusError as problem:
            item.fail(problem)
            return
        item.object, item.changed = outcome.object, outcome.changed
        if not item.is_namespace:
            self.schema.expect(item.key, item.object)
        item.warnings += outcome.warnings
        item.operation = self._word(item)
        if item.changed and item.before and item.before["metadata"].get("deletionTimestamp"):
            item.warnings.append("it is being deleted: apply again once it is gone")

    def _word(self, item: Item) -> str:
        if self.terms.server_side:
            return "serverside-applied"
        if item.before is None:
            return "created"
        return "configured" if item.changed else "unchanged"

    def store(self, item: Item) -> None:
        """Inside the transaction. Whoever wrote meanwhile is taken into account."""
        store = self.services.store
        if store.find(item.resource, item.key) is not item.before:
            self.judge(item)
        if item.status is not None or not item.changed:
            return
        if item.before is not None:
            item.object = store.update(item.resource, item.object)
            return
        if item.resource.namespaced:
            self._make_namespace(item.key.namespace)
        item.object = store.create(item.resource, item.object)

    def _make_namespace(self, name: str) -> None:
        if self.services.store.find(kinds.NAMESPACES, kinds.Key("", name)) is None:
            self.services.store.create(
                kinds.NAMESPACES, namespaces.new(name, self.services.ids.uid(), self.now)
            )

    def _require_place(self, item: Item) -> None:
        """An unknown namespace is made by a bulk apply alone, and that is said."""
        if item.before is not None:
            return
        if item.is_namespace:
            namespaces.check_name(item.key.name)
            return
        try:
            namespaces.require(self.services.store, item.resource, item.key.namespace, item.key.name)
        except errors.NotFound:
            namespaces.check_name(item.key.namespace)
            if item.key.namespace not in self._coming:
                self._coming.add(item.key.namespace)
                item.warnings.append(f"namespace {item.key.namespace} was not there: it is created too")

    # ------------------------------------------------------------------- through the door

    def _outcome(self, item: Item) -> admission.Outcome:
        live = item.before
        if self.terms.server_side:
            config = _sourced(item.config, item.source) if item.source else item.config
            write = self._options(item, "Apply")
            outcome = admission.admit_apply(item.resource, live, config, write, self.schema)
        else:
            outcome = self._three_way(item, live)
        outcome = self._in_inventory(item, outcome)
        if live is None and item.is_namespace:
            return admission.Outcome(namespaces.completed(outcome.object), outcome.warnings, changed=True)
        return outcome

    def _three_way(self, item: Item, live: kinds.Object | None) -> admission.Outcome:
        """kubectl's client-side apply; a mere other line of the same file is no change."""
        merged = threeway.apply(live, item.config)
        schema, write = self.schema, self._options(item, "Update")
        if live is None:
            new = _sourced(merged, item.source) if item.source else merged
            return admission.admit_create(item.resource, new, write, schema)
        held = fields.mapping(live["metadata"].get("annotations")).get(kinds.ANNOTATION_SOURCE, "")
        if item.source and (merged is not live or _path(held) != _path(item.source)):
            merged = _sourced(merged, item.source)
        if merged is live:
            return admission.Outcome(live, (), changed=False)
        return admission.admit_update(item.resource, live, merged, write, schema)

    def _in_inventory(self, item: Item, outcome: admission.Outcome) -> admission.Outcome:
        """The inventory's label, owned by a manager of its own so that no apply takes it away."""
        name, obj = self.terms.inventory, outcome.object
        before = fields.mapping(obj["metadata"].get("labels"))
        if not name or item.is_namespace or before.get(kinds.LABEL_INVENTORY) == name:
            return outcome
        labels = {**before, kinds.LABEL_INVENTORY: name}
        labelled = {**obj, "metadata": {**obj["metadata"], "labels": labels}}
        if item.before is None and kinds.LABEL_INVENTORY not in before:
            owned = ownership.added(labelled, _INVENTORY_PATH, INVENTORY_MANAGER, self.now)
        else:
            owned = ownership.update(obj, labelled, INVENTORY_MANAGER, "Update", "", self.now)
        return admission.Outcome(owned, outcome.warnings, changed=True)

    def _options(self, item: Item, operation: Literal["Update", "Apply"]) -> admission.WriteOptions:
        return admission.WriteOptions(
            manager=self.terms.manager,
            operation=operation,
            force=self.terms.force,
            validation=self.terms.validation,
            now=self.now,
            uid=self.services.ids.uid(),
            ensured=None
            if item.is_namespace
            else self.services.store.ensures(item.key.namespace, item.key.name),
        )


def _path(source: str) -> str:
    path, colon, line = source.rpartition(":")
    return path if colon and line.isdigit() else source


def _sourced(obj: kinds.Object, source: str) -> kinds.Object:
    """With the manifest it comes from, outside of what counts as declared."""
    meta = obj["metadata"]
    annotations = {**fields.mapping(meta.get("annotations")), kinds.ANNOTATION_SOURCE: source}
    return {**obj, "metadata": {**meta, "annotations": annotations}}
