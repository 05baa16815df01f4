"""Which files a path means, and their text: the only place that opens manifests."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 64 * 1024 * 1024
STANDARD_INPUT = "stdin"

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text; or, with `message`, why there is none. Line and column count from 0, -1 = no place."""

    name: str
    text: str = ""
    message: str = ""
    fix: str = ""
    code: str = "Unreadable"
    line: int = -1
    column: int = 0


def read(paths: Sequence[str], *, recursive: bool, stdin: TextIO | None, cwd: str) -> Iterator[FileText]:
    """The files that `paths` mean, in order, each once; `-` is standard input.

    Folders give their *.yaml, *.yml and *.json by name, hidden ones left out. Names are as the caller wrote
    them; relative ones start from `cwd`.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == "-":
            yield _read_stdin(stdin)
        elif path.startswith(("http://", "https://")):
            yield FileText(
                path, message="manifests are not fetched from the network", fix="download it first"
            )
        else:
            yield from _read_path(path, recursive, cwd, seen)


def _read_path(path: str, recursive: bool, cwd: str, seen: set[tuple[int, int]]) -> Iterator[FileText]:
    try:
        found = os.stat(os.path.join(cwd, path))
    except (OSError, ValueError) as error:
        yield _unreadable(path, error)
        return
    if not stat.S_ISDIR(found.st_mode):
        yield from _read_once(path, os.path.join(cwd, path), found, seen)
        return
    count = 0
    for file in _walk(path, os.path.join(cwd, path), recursive, ()):
        count += 1
        yield from (
            _read_once(file.name, os.path.join(cwd, file.name), None, seen) if not file.message else (file,)
        )
    if not count:
        suffixes = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        fix = "name another folder" if recursive else "name another folder, or add -R for those below it"
        yield FileText(path, message=f"no manifests in this folder ({suffixes})", fix=fix, code="NoManifests")


def _walk(name: str, path: str, recursive: bool, above: tuple[tuple[int, int], ...]) -> Iterator[FileText]:
    try:
        here = os.stat(path)
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        yield _unreadable(name, error)
        return
    identity = (here.st_dev, here.st_ino)
    if identity in above:
        yield FileText(name, message="this folder contains itself through a link", fix="remove the link")
        return
    for entry in entries:
        child = os.path.join(name, entry.name)
        if entry.name.startswith("."):
            continue
        if recursive and _is_folder(entry):
            if entry.name not in _SKIPPED_FOLDERS:
                yield from _walk(child, entry.path, recursive, (*above, identity))
        elif entry.name.endswith(SUFFIXES) and not _is_folder(entry):
            yield FileText(child)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _read_once(
    name: str, path: str, found: os.stat_result | None, seen: set[tuple[int, int]]
) -> Iterator[FileText]:
    try:
        found = found or os.stat(path)
        if stat.S_ISREG(found.st_mode):
            identity = (found.st_dev, found.st_ino)
            if identity in seen:
                return
            seen.add(identity)
        with open(path, "rb") as file:
            yield decode(name, file.read(MAX_BYTES + 1))
    except OSError as error:
        yield _unreadable(name, error)


def _read_stdin(stdin: TextIO | None) -> FileText:
    if stdin is None:
        return FileText(STANDARD_INPUT, message="there is no standard input here")
    buffer = getattr(stdin, "buffer", None)
    try:
        data = buffer.read(MAX_BYTES + 1) if buffer is not None else stdin.read(MAX_BYTES + 1).encode()
    except (OSError, ValueError) as error:
        return _unreadable(STANDARD_INPUT, error)
    return decode(STANDARD_INPUT, data)


def decode(name: str, data: bytes) -> FileText:
    """UTF-8, with or without a byte-order mark; anything else is an error that says what it is."""
    if len(data) > MAX_BYTES:
        return FileText(
            name, message="larger than 64 MiB", fix="is this a manifest?", code="Encoding", line=0
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return FileText(name, message="this file is UTF-16", fix="save it as UTF-8", code="Encoding", line=0)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n"), len(before) - (before.rfind(b"\n") + 1)
        if b"\0" in data:
            return _binary(name, data)
        detail = f"not UTF-8: the byte 0x{data[error.start]:02x}"
        return FileText(name, _lossy(data), detail, "save the file as UTF-8", "Encoding", line, column)
    if b"\0" in data:
        return _binary(name, data)
    return FileText(name, text)


def _binary(name: str, data: bytes) -> FileText:
    before = data[: data.index(b"\0")]
    fix = "name the manifest, not a program or an archive"
    return FileText(name, "", "a binary file, not a manifest", fix, "Encoding", before.count(b"\n"))


def _lossy(data: bytes) -> str:
    """For the excerpt: one character a byte, so that columns stay true."""
    return data.decode("latin-1")


def _unreadable(name: str, error: Exception) -> FileText:
    detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FileText(name, message=f"cannot be read: {detail[0].lower()}{detail[1:]}")
