"""Projects on file systems of their own, mounted in a namespace of their own, which no test can leave behind.

The project's commands run inside; the test looks on from outside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.project import Project

_WAYS = (("--mount",), ("--mount", "--user", "--map-root-user"))


class Inside(Project):
    """A project whose commands see what `holder` has mounted."""

    def __init__(self, root: Path, home: Path, holder: subprocess.Popen[bytes], way: tuple[str, ...]) -> None:
        super().__init__(root, home)
        user = ["--preserve-credentials", "--user"] if "--user" in way else []
        self._enter = ["nsenter", *user, "--mount", "--target", str(holder.pid)]
        self.outside = Path(f"/proc/{holder.pid}/root{root}")

    def command(self, *words: str) -> list[str]:
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.root)]
        return [*self._enter, *inside, *super().command(*words)]


class SmallDisk(Inside):
    """A project whose `.workerset` is on a small tmpfs that can be filled to the last byte."""

    @property
    def folder(self) -> Path:
        return self.outside / ".workerset"

    def fill(self) -> None:
        """Not one byte is left."""
        with open(self.folder / "filler", "wb", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        (self.folder / "filler").unlink()


class OddDisk(Inside):
    """A project on a file system that refuses shared memory; its files are seen from outside as well."""

    @property
    def state(self) -> Path:
        return Path((self.folder / "state").read_text().strip())


@contextmanager
def small_disk(root: Path, home: Path, size: str) -> Iterator[SmallDisk]:
    """Skips the test where this machine allows neither root nor users to mount."""
    folder = root / ".workerset"
    folder.mkdir(mode=0o700)
    script = f"mount -t tmpfs -o size={size},mode=700 none '{folder}' && echo ok && exec cat"
    with _held(["sh", "-c", script]) as (holder, way):
        project = SmallDisk(root, home, holder, way)
        yield project
        project.close()


@contextmanager
def odd_disk(root: Path, home: Path, kind: str) -> Iterator[OddDisk]:
    """`kind` is what the mount table calls it: `fuse` or `fuse.NAME`. Skips the test like `small_disk`."""
    server = str(Path(__file__).with_name("passthrough.py"))
    with _held([sys.executable, "-I", "-S", server, str(root), kind]) as (holder, way):
        project = OddDisk(root, home, holder, way)
        yield project
        project.close()


@contextmanager
def _held(argv: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, ...]]]:
    """A process that keeps a mount namespace with the mount in it until its standard input ends."""
    why = "no unshare or nsenter (util-linux)"
    for way in _WAYS if shutil.which("unshare") and shutil.which("nsenter") else ():
        holder = subprocess.Popen(
            ["unshare", *way, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )
        assert holder.stdout is not None
        if holder.stdout.readline() == b"ok\n":
            try:
                yield holder, way
            finally:
                said = holder.communicate()[1].decode()
            assert not said, said
            return
        why = holder.communicate()[1].decode().strip()
    pytest.skip(f"cannot mount here: {why}")
