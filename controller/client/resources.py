"""The kinds as a command line names them: aliases, paths, and the words for messages.

A copy of what `core/kinds.py` declares, in plain objects, because importing dataclasses would cost a
command 10 ms; a test holds the two together.
"""

from __future__ import annotations


class Kind:
    """One row: how users call it and where it lives."""

    __slots__ = ("aliases", "categories", "group", "kind", "namespaced", "plural", "singular", "version")

    def __init__(
        self,
        api_version: str,
        kind: str,
        plural: str,
        short: tuple[str, ...],
        categories: tuple[str, ...] = (),
    ) -> None:
        self.group, _, self.version = api_version.rpartition("/")
        self.kind = kind
        self.plural = plural
        self.singular = kind.lower()
        self.categories = categories
        self.namespaced = kind != "Namespace"
        names = (plural, self.singular, *short)
        group = f".{self.group}" if self.group else ""
        self.aliases = frozenset((*names, *(name + group for name in names[:2]), kind))

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified_plural(self) -> str:
        """`workersets.workerset.dev`, `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def named(self, name: str) -> str:
        """`workerset.workerset.dev/web`, as kubectl names an object."""
        return f"{self.singular}.{self.group}/{name}" if self.group else f"{self.singular}/{name}"

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """The URL path; a `namespace` of None means all of them."""
        parts = [f"/apis/{self.group}" if self.group else "/api", self.version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts += [self.plural, *(part for part in (name, subresource) if part)]
        return "/".join(parts)


WORKERSETS = Kind("workerset.dev/v1", "WorkerSet", "workersets", ("ws",), ("all", "workers"))
NAMESPACES = Kind("v1", "Namespace", "namespaces", ("ns",))
EVENTS = Kind("v1", "Event", "events", ("ev",))
PODS = Kind("v1", "Pod", "pods", ("po", "worker", "workers"), ("all",))
CONFIG_MAPS = Kind("v1", "ConfigMap", "configmaps", ("cm",))
REVISIONS = Kind("apps/v1", "ControllerRevision", "controllerrevisions", ())

KINDS = (WORKERSETS, PODS, EVENTS, NAMESPACES, CONFIG_MAPS, REVISIONS)


def find(word: str) -> tuple[Kind, ...]:
    """The kinds a word stands for: one for an alias, several for a category, none if unknown."""
    for kind in KINDS:
        if word in kind.aliases or word.lower() in kind.aliases:
            return (kind,)
    return tuple(kind for kind in KINDS if word in kind.categories)
