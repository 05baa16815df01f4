"""Turns what happens into keys: writes to the store and news of the runtime add a key, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection

from controller import ports
from controller.core import deletion, kinds, resolution, rules
from controller.core.workqueue import WorkQueue
from controller.engine.claims import ClaimIndex
from controller.engine.dependencies import Dependencies
from controller.engine.memory import identity_of
from controller.engine.reconcile import Reconciler


class Inbox:
    """`muted` while the engine itself writes: it knows. `heard`: there is news of a set; which to look at
    now. `stale` are namespaces in which names may resolve elsewhere, or in which somebody
    who ensured is gone."""

    def __init__(
        self,
        queue: WorkQueue[kinds.Key],
        reconciler: Reconciler,
        indexes: tuple[ClaimIndex, Dependencies],
        woken: Callable[[], None],
        heard: Callable[[kinds.Key], Collection[kinds.Key]],
    ) -> None:
        self.muted = False
        self._heard = heard
        self.stale: set[str] = set()
        self._queue, self._reconciler, self._woken = queue, reconciler, woken
        self._claims, self._dependencies = indexes

    def runtime_changed(self, key: kinds.Key) -> None:
        """Something about the processes of a set is not as before: look now, or when more has come."""
        keys = self._heard(key)
        for one in keys:
            self._queue.add(one)
        if keys:
            self._woken()

    def look(self, key: kinds.Key) -> None:
        """Now, whatever else is on its way."""
        self._queue.add(key)
        self._woken()

    def store_changed(self, change: ports.Change) -> None:
        """A user's write; the engine's own are skipped, it knows what it wrote. But who has to wait, or no
        longer has to, answers to other names than before."""
        if self.muted:
            if change.resource == kinds.WORKERSETS and _gives_or_takes_turn(change):
                self.stale.add(change.object["metadata"]["namespace"])
                self._queue.add(key_of(change.object))
            return
        if change.resource == kinds.WORKERSETS:
            self._set_changed(key_of(change.object), change)
        elif change.resource == kinds.PODS:
            self._pod_changed(change)
        elif change.resource == kinds.NAMESPACES:
            self._queue.add(key_of(change.object))
        else:
            return
        self._woken()

    def _set_changed(self, key: kinds.Key, change: ports.Change) -> None:
        mind, before = self._reconciler.known(key), change.previous
        if mind is not None and (before is None or identity_of(before) != identity_of(change.object)):
            mind.env_stale = True
        if change.type != "DELETED":
            self.index(key, change.object)
        if before is None or change.type == "DELETED" or _goes_by(before) != _goes_by(change.object):
            self.stale.add(key.namespace)
        self._queue.add(key)

    def index(self, key: kinds.Key, obj: kinds.Object) -> None:
        """What the set claims and depends on now; who has to give way, or waits for it, looks again."""
        giving_way = self._claims.claim(key, rules.claims(obj), rules.instance_claims(obj))
        for other in (*giving_way, *self._dependencies.declare(key, obj)):
            self._queue.add(other)

    def _pod_changed(self, change: ports.Change) -> None:
        """A Pod that is deleted is a worker to restart."""
        meta = change.object["metadata"]
        owners = meta.get("ownerReferences") or ()
        if not owners or (change.type != "DELETED" and "deletionTimestamp" not in meta):
            return
        key = kinds.Key(meta["namespace"], owners[0]["name"])
        mind = self._reconciler.mind(key)
        mind.evicted[meta["name"]] = deletion.asked_grace(kinds.PODS, change.object)
        if change.type == "DELETED":
            mind.pods = {name: view for name, view in mind.pods.items() if name != meta["name"]}
        self._queue.add(key)


def _goes_by(obj: kinds.Object) -> tuple[object, bool]:
    """What the namespace's names depend on: who answers to which, and who is there to ask."""
    return resolution.identity(obj), "deletionTimestamp" in obj["metadata"]


def _gives_or_takes_turn(change: ports.Change) -> bool:
    before = change.previous
    return before is not None and resolution.is_conflicted(before) != resolution.is_conflicted(change.object)


def key_of(obj: kinds.Object) -> kinds.Key:
    meta = obj["metadata"]
    return kinds.Key(meta.get("namespace", ""), meta["name"])


def seniority(obj: kinds.Object) -> tuple[bool, str, str, str]:
    """Who claimed first, where it was not stored: last come those with a change no controller has seen."""
    meta = obj["metadata"]
    unseen = (obj.get("status") or {}).get("observedGeneration") != meta["generation"]
    return unseen, meta["creationTimestamp"], meta["namespace"], meta["name"]
