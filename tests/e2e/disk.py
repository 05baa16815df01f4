"""A small disk for a project's state: tmpfs in a mount namespace of its own, which no test can leave behind.

The project's commands run inside; the test looks in from outside, through /proc (proc(5), `root`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.project import Project

_WAYS = (("--mount",), ("--mount", "--user", "--map-root-user"))


class SmallDisk(Project):
    """A project whose `.workerset` is on a file system of `size`, and can be filled to the last byte."""

    def __init__(self, root: Path, home: Path, holder: subprocess.Popen[bytes], way: tuple[str, ...]) -> None:
        super().__init__(root, home)
        enter = ["--preserve-credentials", "--user"] if "--user" in way else []
        self._enter = ["nsenter", *enter, "--mount", "--target", str(holder.pid)]
        self._outside = Path(f"/proc/{holder.pid}/root{root}")

    @property
    def state(self) -> Path:
        return self._outside / ".workerset"

    def command(self, *words: str) -> list[str]:
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', str(self.root)]
        return [*self._enter, *inside, *super().command(*words)]

    def fill(self) -> None:
        """Not one byte is left."""
        with open(self.state / "filler", "wb", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        (self.state / "filler").unlink()


@contextmanager
def small_disk(root: Path, home: Path, size: str) -> Iterator[SmallDisk]:
    """Skips the test where this machine allows neither root nor users to mount."""
    folder = root / ".workerset"
    folder.mkdir(mode=0o700)
    holder, way = _hold(f"mount -t tmpfs -o size={size},mode=700 none '{folder}' && echo ok && exec cat")
    try:
        project = SmallDisk(root, home, holder, way)
        yield project
        project.close()
    finally:
        holder.communicate()


def _hold(script: str) -> tuple[subprocess.Popen[bytes], tuple[str, ...]]:
    """A process that keeps a mount namespace with the mount in it until its standard input ends."""
    why = "no unshare or nsenter (util-linux)"
    for way in _WAYS if shutil.which("unshare") and shutil.which("nsenter") else ():
        holder = subprocess.Popen(
            ["unshare", *way, "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )
        assert holder.stdout is not None
        if holder.stdout.readline() == b"ok\n":
            return holder, way
        why = holder.communicate()[1].decode().strip()
    pytest.skip(f"cannot mount a small disk: {why}")
