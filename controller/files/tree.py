"""What there is below a root: the folders to watch, the files that are meant, and where links lead."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.core import globs, watching

IGNORE_FILE = ".gitignore"
_FOLDERS_A_TURN = 16
_ENVIRONMENT = "pyvenv.cfg"
"""Marks a virtual environment, whatever its folder is called."""

Stamp = tuple[int, int, int]
"""Time, size and inode of a file: while they stand its content does."""


@dataclass(slots=True)
class Tree:
    """`files` are by path relative to `root`; `links` are the files that lead to a path elsewhere."""

    root: str
    folders: list[str] = field(default_factory=list)
    files: dict[str, Stamp] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    links: dict[str, list[str]] = field(default_factory=dict)
    ignores: dict[str, tuple[globs.Glob, ...]] = field(default_factory=dict)

    def is_ignored(self, path: str) -> bool:
        """By the ignore files from the root down to it (gitignore(5): not again below an ignored folder)."""
        parts = path.split("/")
        return any(
            self._is_ignored_itself("/".join(parts[: index + 1]), is_folder=index < len(parts) - 1)
            for index in range(len(parts))
        )

    def _is_ignored_itself(self, path: str, *, is_folder: bool) -> bool:
        shown = f"{path}/." if is_folder else path
        verdict = None
        above = ""
        for part in ("", *path.split("/")[:-1]):
            above = f"{above}/{part}".lstrip("/")
            for_this = globs.decide(self.ignores.get(above, ()), shown)
            verdict = verdict if for_this is None else for_this
        return verdict is True


async def scan(root: str, wanted: watching.Wanted) -> Tree:
    """Walk what may hold something wanted; lets everybody else run in between."""
    tree = Tree(root)
    for count, _ in enumerate(_walk(tree, wanted, "", ignored=False, above=())):
        if count % _FOLDERS_A_TURN == 0:
            await asyncio.sleep(0)
    return tree


def _walk(
    tree: Tree, wanted: watching.Wanted, folder: str, *, ignored: bool, above: tuple[tuple[int, int], ...]
) -> Iterator[None]:
    path = f"{tree.root}/{folder}".rstrip("/")
    try:
        here = os.stat(path)
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError:
        return  # it has just gone, or is not ours to read
    identity = (here.st_dev, here.st_ino)
    if identity in above:
        return  # a link that leads back up
    names = {entry.name for entry in entries}
    if folder and _ENVIRONMENT in names:
        ignored = True
    tree.folders.append(path)
    if IGNORE_FILE in names:
        tree.ignores[folder] = _read_ignores(path, folder)
    yield
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        is_folder = _is_folder(entry)
        out = ignored or tree._is_ignored_itself(name, is_folder=is_folder)
        if is_folder:
            if wanted.holds(name, ignored=out):
                yield from _walk(tree, wanted, name, ignored=out, above=(*above, identity))
        elif wanted.takes(name, ignored=out):
            _add(tree, entry, name, ignored=out)


def _add(tree: Tree, entry: os.DirEntry[str], name: str, *, ignored: bool) -> None:
    found = stamp(entry.path)
    if found is None:
        return
    tree.files[name] = found
    if ignored:
        tree.ignored.add(name)
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        tree.links.setdefault(target, []).append(name)
        folder = os.path.dirname(target)
        if folder not in tree.folders:
            tree.folders.append(folder)


def stamp(path: str) -> Stamp | None:
    """None for what is not there, or is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _read_ignores(path: str, folder: str) -> tuple[globs.Glob, ...]:
    try:
        with open(f"{path}/{IGNORE_FILE}", encoding="utf-8", errors="replace") as file:
            return globs.parse_all(file, folder)
    except OSError:
        return ()
