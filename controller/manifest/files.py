"""Which files a path means, and their text: the only place that opens manifests."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TextIO

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 64 * 1024 * 1024
STANDARD_INPUT = "stdin"
NO_MANIFESTS = "NoManifests"

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text; or, with `message`, why there is none. Line and column count from 0, -1 = no place.

    `is_expected` is false for a file that was named though it is not called like a manifest.
    """

    name: str
    text: str = ""
    message: str = ""
    fix: str = ""
    code: str = "Unreadable"
    line: int = -1
    column: int = 0
    is_expected: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A file that was found: its name as the caller wrote it, where it is, and its size."""

    name: str
    path: str
    size: int
    is_expected: bool = True


Found = Place | FileText
"""A file to read, or why there is none."""


def read(paths: Sequence[str], *, recursive: bool, stdin: TextIO | None, cwd: str) -> Iterator[FileText]:
    """The texts of the files that `paths` mean, in order, each once; `-` is standard input."""
    for found in find(paths, recursive=recursive, cwd=cwd):
        yield read_one(found, stdin)


def find(paths: Sequence[str], *, recursive: bool, cwd: str) -> Iterator[Found]:
    """Folders give their *.yaml, *.yml and *.json by name, hidden ones left out.

    Names are as the caller wrote them; relative ones start from `cwd`.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == "-":
            yield Place(STANDARD_INPUT, "-", 0)
        elif path.startswith(("http://", "https://")):
            yield FileText(
                path, message="manifests are not fetched from the network", fix="download it first"
            )
        else:
            yield from _find_path(path, recursive, cwd, seen)


def are_none(paths: Sequence[str], cwd: str) -> bool:
    """Whether nothing but folders without manifests is named."""
    found = find(paths, recursive=True, cwd=cwd)
    return all(isinstance(one, FileText) and one.code == NO_MANIFESTS for one in found)


def read_one(found: Found, stdin: TextIO | None = None) -> FileText:
    """The text of a file that was found."""
    if isinstance(found, FileText):
        return found
    if found.path == "-":
        return _read_stdin(stdin)
    try:
        with open(found.path, "rb") as file:
            text = decode(found.name, _read_all(file, found.size))
    except OSError as error:
        return _unreadable(found.name, error)
    return text if found.is_expected else dataclasses.replace(text, is_expected=False)


def _read_all(file: BinaryIO, expected: int) -> bytes:
    """At most a byte beyond the limit; asking for what is expected saves a buffer of the limit's size."""
    data = file.read(expected + 1)
    return data if len(data) <= expected else data + file.read(MAX_BYTES)


def _find_path(path: str, recursive: bool, cwd: str, seen: set[tuple[int, int]]) -> Iterator[Found]:
    try:
        status = os.stat(os.path.join(cwd, path))
    except (OSError, ValueError) as error:
        yield _unreadable(path, error)
        return
    if not stat.S_ISDIR(status.st_mode):
        is_expected = path.endswith(SUFFIXES) or not stat.S_ISREG(status.st_mode)
        yield from _once(Place(path, os.path.join(cwd, path), status.st_size, is_expected), status, seen)
        return
    count = 0
    for found in _walk(path, os.path.join(cwd, path), recursive, ()):
        count += 1
        if isinstance(found, FileText):
            yield found
        else:
            yield from _stated(found, seen)
    if not count:
        suffixes = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        fix = "name another folder" if recursive else "name another folder, or add -R for those below it"
        yield FileText(path, message=f"no manifests in this folder ({suffixes})", fix=fix, code=NO_MANIFESTS)


def _walk(name: str, path: str, recursive: bool, above: tuple[tuple[int, int], ...]) -> Iterator[Found]:
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
            yield Place(child, entry.path, 0)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _stated(place: Place, seen: set[tuple[int, int]]) -> Iterator[Found]:
    """An entry of a folder: nobody asked for it by name, so a pipe there is not waited for."""
    try:
        status = os.stat(place.path)
    except OSError as error:
        yield _unreadable(place.name, error)
        return
    if stat.S_ISREG(status.st_mode):
        yield from _once(Place(place.name, place.path, status.st_size), status, seen)
    else:
        fix = "remove it, or name it by itself"
        yield FileText(place.name, message="not a file but a pipe, a socket or a device", fix=fix)


def _once(place: Place, status: os.stat_result, seen: set[tuple[int, int]]) -> Iterator[Place]:
    identity = (status.st_dev, status.st_ino)
    if stat.S_ISREG(status.st_mode):
        if identity in seen:
            return
        seen.add(identity)
    yield place


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
