"""Restarts sets whose watched files change (S4.10): follows files, asks `core.reloads`, writes annotations.

A restart is the annotation that `workerctl restart` sets too, so that it is stored, is part of the template
(pools go one by one, HTTP sets roll, what was given up is tried at once), and is done once however often the
controller is restarted in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from controller import ports
from controller.core import admission, door, globs, kinds, notes, reloads, stamps, watching
from controller.engine import envkeys
from controller.engine.engine import Engine
from controller.engine.inbox import key_of

MANAGER = "workerset-watch"
RETRY_SECONDS = 5.0
_LOG = logging.getLogger(__name__)

Interests = Mapping[kinds.Key, watching.Interest]


class SourceWatch:
    """Follows the files of all sets that declare `watch`; without one it costs nothing."""

    def __init__(
        self, engine: Engine, store: ports.Store, runtime: ports.Runtime, files: ports.Files, root: str
    ) -> None:
        self._engine, self._store, self._runtime, self._files = engine, store, runtime, files
        self._root = root
        self._follower = files.follower(root)
        self._interests: dict[kinds.Key, watching.Interest] = {}
        self._checked: dict[kinds.Key, watching.Interest] = {}
        self._histories: dict[kinds.Key, reloads.History] = {}
        self._changed = asyncio.Event()
        self._trouble = ""

    async def run(self) -> None:
        """For ever; ends by being cancelled."""
        sets, _ = self._store.list(kinds.WORKERSETS)
        for obj in sets:
            self._declare(obj)
        self._store.subscribe(self._store_changed)
        while True:
            self._changed.clear()
            interests = dict(self._interests)
            if not interests:
                await self._changed.wait()
                continue
            await self._until_changed(self._follow(interests))

    async def _until_changed(self, following: Coroutine[Any, Any, None]) -> None:
        """Follow until other files are wanted. Errors end the following, not the controller."""
        task = asyncio.ensure_future(following)
        other = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((task, other), return_when=asyncio.FIRST_COMPLETED)
            if task.done() and (error := task.exception()) is not None:
                self._tell_trouble(f"watched files cannot be followed, tried again: {error}")
                async with asyncio.timeout(RETRY_SECONDS):
                    await other
        except TimeoutError:
            pass
        finally:
            for one in (task, other):
                one.cancel()
            await asyncio.gather(task, other, return_exceptions=True)

    async def _follow(self, interests: Interests) -> None:
        stream = self._follower.follow(watching.Union(tuple(interests.values())))
        async for batch in stream:
            if batch.trouble:
                self._tell_trouble(batch.trouble)
            if batch.started:
                self._look_at_patterns(interests, batch)
            if batch.changes:
                self._apply(interests, batch)

    # ------------------------------------------------------------------ what is declared

    def _store_changed(self, change: ports.Change) -> None:
        if change.resource != kinds.WORKERSETS:
            return
        before = self._interests.get(key_of(change.object))
        if change.type == "DELETED":
            self._interests.pop(key_of(change.object), None)
            self._histories.pop(key_of(change.object), None)
        else:
            self._declare(change.object)
        if self._interests.get(key_of(change.object)) != before:
            self._changed.set()

    def _declare(self, obj: kinds.Object) -> None:
        found = watching.interest_of(obj, self._root)
        if found is None:
            self._interests.pop(key_of(obj), None)
        else:
            self._interests[key_of(obj)] = found

    # ------------------------------------------------------------------ what changes

    def _apply(self, interests: Interests, batch: ports.FileBatch) -> None:
        for key, interest in interests.items():
            hits = [one for one in batch.changes if interest.takes(one.path, ignored=one.ignored)]
            env = [(one.path, one.how) for one in hits if one.path in interest.env_files]
            sources = [(one.path, one.how) for one in hits if one.path not in interest.env_files]
            live = self._store.find(kinds.WORKERSETS, key) if hits else None
            if live is None:
                continue
            if env:
                self._read_env_again(live, env)
            if sources:
                self._judge(live, sources)

    def _judge(self, live: kinds.Object, sources: reloads.Changes) -> None:
        key = key_of(live)
        before = self._histories.get(key, reloads.History())
        decision = reloads.decide(before, sources, self._engine.clock.monotonic())
        self._histories[key] = decision.history
        if decision.history.problem != before.problem:
            self._caution(key, decision.history.problem)
            if decision.history.problem:
                self._engine.tell(live, (notes.Note("WatchLoop", decision.history.problem, warning=True),))
        if decision.cause:
            self._restart(live, decision.cause)

    def _caution(self, key: kinds.Key, problem: str) -> None:
        mind = self._engine.memory(key)
        if mind is not None:
            mind.caution = problem
            self._engine.refresh((key,))

    def _read_env_again(self, live: kinds.Object, changes: reloads.Changes) -> None:
        """Its values are part of the template: those that differ restart, a comment does not (S4.12)."""
        key = key_of(live)
        keys = self._differing(key)
        if keys:
            why = f"{watching.cause(changes)}: {', '.join(keys)}"
            self._write(live, {kinds.ANNOTATION_RESTARTED_BY: why})
            self._engine.tell(live, (notes.Note("FilesChanged", f"restarted by {why}"),))
        self._engine.refresh((key,))

    def _differing(self, key: kinds.Key) -> list[str]:
        mind = self._engine.memory(key)
        if mind is None or mind.facts is None:
            return []
        try:
            return envkeys.differing(self._runtime, mind.facts.spec.template, mind.env_file_values)
        except ports.LaunchProblem:
            return []  # the pass that follows says what is wrong with it

    def _restart(self, live: kinds.Object, cause: str) -> None:
        wall = self._engine.clock.wall()
        stamp = {
            kinds.ANNOTATION_RESTARTED_AT: stamps.rfc3339_micro(wall),
            kinds.ANNOTATION_RESTARTED_BY: cause,
        }
        if self._write(live, stamp):
            self._engine.tell(live, (notes.Note("FilesChanged", f"restarted by {cause}"),))

    def _write(self, live: kinds.Object, annotations: Mapping[str, str]) -> bool:
        """As any other writer would, through the door. What is stopped or given up may be written too."""
        meta = live["metadata"]
        key = key_of(live)
        merged = {**(meta.get("annotations") or {}), **annotations}
        options = door.WriteOptions(
            MANAGER,
            now=stamps.rfc3339(self._engine.clock.wall()),
            ensured=self._store.ensures(key.namespace, key.name),
        )
        new = {**live, "metadata": {**meta, "annotations": merged}}
        outcome = admission.admit_update(kinds.WORKERSETS, live, new, options, None)
        if outcome.changed:
            with self._store.transaction():
                self._store.update(kinds.WORKERSETS, outcome.object)
        return outcome.changed

    # ------------------------------------------------------------------ what is wrong

    def _look_at_patterns(self, interests: Interests, batch: ports.FileBatch) -> None:
        """A pattern that no file answers to is a slip of the pen, most often in a folder's name; one that
        every file answers to is too."""
        for key, interest in interests.items():
            live = self._store.find(kinds.WORKERSETS, key)
            if live is None or self._checked.get(key) == interest:
                continue
            self._checked[key] = interest
            for glob in interest.patterns:
                if glob.negated or interest.heeds_ignores:
                    continue
                if watching.means_everything(glob):
                    self._engine.tell(live, (_everything(glob),))
                elif not any(glob.matches(one.path) for one in batch.matched):
                    self._engine.tell(live, (_warning(glob, self._files, self._root),))

    def _tell_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            _LOG.warning(trouble)
            self._engine.tell(notes.project(self._root), (notes.Note("FilesTrouble", trouble, warning=True),))


def _everything(glob: globs.Glob) -> notes.Note:
    text = watching.everything_matches(glob.text)
    return notes.Note("WatchesEverything", text, warning=True, subject=glob.text)


def _warning(glob: globs.Glob, files: ports.Files, root: str) -> notes.Note:
    nearest, like = files.nearest(root, glob.base)
    text = watching.nothing_matches(glob.text, nearest, like)
    return notes.Note("WatchesNothing", text, warning=True, subject=glob.text)
