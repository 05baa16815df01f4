"""Manifests that are applied as they are saved, for `dev` and `up --watch`.

What is broken changes nothing: the last good state goes on until it is mended. What is no longer declared is
deleted after two seconds, so that a file on its way elsewhere takes nothing with it; and nothing is, while a
folder that held manifests is not there. Env files of the sets are followed too: an apply reads them again.
"""

from __future__ import annotations

import json
import os

from controller.cli import bulk, errors, manifests, watchstream
from controller.client import errors as client_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from controller.cli.bulk import Result
    from controller.cli.context import Context
    from controller.cli.manifests import Item
    from controller.client.connection import Stream

    class Tells(Protocol):
        """Where it is said what became of what was saved."""

        def note(self, said: str) -> None: ...

        def trouble(self, text: str) -> None:
            """Until the next one, or an empty one: mended."""
            ...


PATH = "/workerset/v1/files"
PRUNE_SECONDS = 2.0
_SUFFIXES = ("*.yaml", "*.yml", "*.json")


class ManifestWatch:
    """One more thing that a session polls for (`session.Beside`)."""

    def __init__(
        self, context: Context, wanted: manifests.Wanted, inventory: str, items: Sequence[Item], tells: Tells
    ) -> None:
        self._context, self._wanted, self._inventory, self._tells = context, wanted, inventory, tells
        self._items = list(items)
        paths = [os.path.realpath(context.resolve(path)) for path in wanted.paths]
        self._folders = [path for path in paths if os.path.isdir(path)]
        self._files = [path for path in paths if path not in self._folders]
        self._prune_at: watchstream.Deadline | None = None
        self._shown = ""
        self._warned: set[str] = set()
        self._asked: dict[str, Any] = {}
        self._stream: Stream | None = None
        self.reopen()

    # ------------------------------------------------------------------ polled

    def fileno(self) -> int:
        assert self._stream is not None
        return self._stream.fileno()

    @property
    def is_pending(self) -> bool:
        return self._stream is not None and self._stream.is_pending

    @property
    def left_ms(self) -> int | None:
        return None if self._prune_at is None else self._prune_at.left_ms

    def take(self) -> str:
        """What was saved is applied."""
        assert self._stream is not None
        try:
            told = [json.loads(line) for line in self._stream.next_lines() if line.strip()]
        except client_errors.ConnectionLost:
            return ""  # the session's own streams say so too
        for one in told:
            if one.get("trouble"):
                self._tells.note(str(one["trouble"]))
        if any(one.get("changes") or one.get("started") for one in told):
            self._apply(prune=False)  # once it has started too: what was saved before that is not told
        return ""

    def due(self) -> None:
        """Time to delete what is still not declared."""
        if self.left_ms == 0:
            self._prune_at = None
            self._apply(prune=True)

    def reopen(self) -> None:
        """Follow the files that matter now."""
        self.close()
        self._asked = self._question(self._items)
        self._stream = self._context.client().stream("POST", PATH, None, self._asked)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    # ------------------------------------------------------------------ applied

    def _apply(self, *, prune: bool) -> None:
        try:
            items, warnings = manifests.read(self._context, self._wanted)
            results = bulk.send(self._context.client(), items, self._request(prune=prune))
        except (errors.CliError, client_errors.ClientError) as error:
            self._trouble(f"{error}\nthe last good state goes on until this is mended")
            return
        refused = [f"{result.source}: {result.error}" for result in results if result.operation == "failed"]
        self._trouble("\n".join(refused))
        self._warn(warnings)
        for result in results:
            self._tell(result)
        gone = {_key(item) for item in self._items} - {_key(item) for item in items}
        if prune or not gone:
            self._items, self._prune_at = items, None
        elif lost := _lost_folder(self._context, self._items):
            self._tells.note(f"{lost} is not there any more: what it declared goes on")
        else:
            self._prune_at = self._prune_at or watchstream.Deadline(PRUNE_SECONDS)
        if self._question(items) != self._asked:
            self.reopen()

    def _question(self, items: Sequence[Item]) -> dict[str, Any]:
        """What to follow: folders of manifests by patterns, files by name, below the folder all are in."""
        root = self._context.project.root
        env_files = (env for item in items for env in item.object["spec"].get("env_files") or ())
        files = [*self._files, *(os.path.join(root, env) for env in env_files)]
        top = os.path.commonpath([root, *self._folders, *map(os.path.dirname, files)])
        inside = "/**/" if self._wanted.recursive else "/"
        patterns = [
            f"/{os.path.relpath(folder, top)}{inside}{suffix}".replace("/./", "/")
            for folder in self._folders
            for suffix in _SUFFIXES
        ]
        named = sorted({os.path.relpath(one, top) for one in files})
        return {"root": top, "patterns": patterns, "files": named}

    def _trouble(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            self._tells.trouble(text)

    def _warn(self, text: str) -> None:
        """In passing: what is doubtful is no trouble. Each once, without the line that it is about."""
        told, self._warned = self._warned, {line for line in text.splitlines() if line[:1].strip()}
        for line in sorted(self._warned - told):
            self._tells.note(line)

    def _request(self, *, prune: bool) -> bulk.Request:
        return bulk.Request(inventory=self._inventory, prune=prune, objects=False)

    def _tell(self, result: Result) -> None:
        if result.operation in ("unchanged", "failed"):
            reasons = {one.reason for one in result.actions if one.action == "restart" and one.reason}
            if reasons:
                self._tells.note(f"{result.name} restarted: {', '.join(sorted(reasons))}")
            return
        where = f" by {result.source.rpartition(':')[0]}" if result.source else ""
        self._tells.note(f"{result.name} {result.operation}{where}")


def _key(item: Item) -> tuple[str, str]:
    meta = item.object["metadata"]
    return str(meta.get("namespace")), str(meta["name"])


def _lost_folder(context: Context, items: Sequence[Item]) -> str:
    """A folder that held manifests and is gone: on another branch, or on a disk that is away."""
    for item in items:
        folder = os.path.dirname(item.source.rpartition(":")[0])
        if folder and not os.path.isdir(os.path.join(context.project.root, folder)):
            return folder
    return ""
