"""Reading a log forward from a place, through rotations, as far as it goes today; then again tomorrow."""

from __future__ import annotations

import os
from collections.abc import Iterator

from controller.runtime import logtail
from controller.sdk.workerset import contract

_BLOCK = 262144
_RETRIES = 3


class Cursor:
    """A place in one worker's log. Holds a descriptor only while it reads."""

    def __init__(self, path: str, start: logtail.Position | None, until: str = "") -> None:
        self._path = path
        self._inode = start.inode if start is not None else 0
        self._offset = start.offset if start is not None else 0
        self._until = until
        self._done = False
        self._last: tuple[int, bytes] | None = None
        self._pieces: list[bytes] = []

    def lines(self) -> Iterator[logtail.Line]:
        """Whole lines from here to the end, long ones put together; boundaries are left out."""
        for line in self._raw():
            if line.run:
                if line.run == self._until:
                    self._done = True
                    return
                continue
            if line.partial:
                self._pieces.append(line.text)
            elif self._pieces:
                text = b"".join([*self._pieces, line.text])
                self._pieces.clear()
                yield logtail.Line(line.stamp, text, own=line.own)
            else:
                yield line

    def _raw(self) -> Iterator[logtail.Line]:
        while not self._done:
            descriptor = self._open()
            if descriptor < 0:
                return
            try:
                yield from self._rest_of(descriptor)
            finally:
                os.close(descriptor)
            if not self._step_to_newer():
                return

    def _rest_of(self, descriptor: int) -> Iterator[logtail.Line]:
        status = os.fstat(descriptor)
        self._inode = status.st_ino
        self._offset = min(self._offset, status.st_size)  # its torn end was cut off
        while block := os.pread(descriptor, _BLOCK, self._offset):
            end = block.rfind(b"\n") + 1
            if not end:
                return
            for raw in block[: end - 1].split(b"\n"):
                self._last = (self._offset, raw[: contract.STAMP_LENGTH])
                self._offset += len(raw) + 1
                line = logtail.parse(raw)
                if line is not None:
                    yield line

    def _open(self) -> int:
        """The file of the inode, or the oldest one if it is gone."""
        for _ in range(_RETRIES):
            files = logtail.files_of(self._path)
            for file in files:
                try:
                    descriptor = os.open(file, os.O_RDONLY)
                except OSError:
                    continue
                if not self._inode or self._is_ours(descriptor):
                    return descriptor
                os.close(descriptor)
        if not self._inode:
            return -1
        self._inode = self._offset = 0
        self._last = None
        return self._open()

    def _is_ours(self, descriptor: int) -> bool:
        """The inode says so, and what was read last is still there: numbers are given out again."""
        if os.fstat(descriptor).st_ino != self._inode:
            return False
        if self._last is None:
            return True
        at, stamp = self._last
        return os.pread(descriptor, len(stamp), at) == stamp

    def _step_to_newer(self) -> bool:
        """True if the file was rotated away and the next younger one is to be read."""
        for _ in range(_RETRIES):
            inodes = [inode for file in logtail.files_of(self._path) if (inode := _inode_of(file))]
            if self._inode in inodes:
                newer = inodes[inodes.index(self._inode) + 1 :]
                if not newer:
                    return False
                self._inode, self._offset, self._last = newer[0], 0, None
                return True
        return False


def _inode_of(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0
