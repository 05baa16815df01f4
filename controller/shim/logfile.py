"""One worker's log on disk: whole lines only, rotation that loses none, and what happens when it is full.

Nothing here blocks for long or raises: what cannot be written is counted, and a line says so at the
place where it is missing as soon as there is room again.
"""

from __future__ import annotations

import os

from controller.sdk.workerset import contract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_TAIL = 65536


class LogFile:
    """An append-only file of CRI lines; `stamp(stream, tag)` gives a line's beginning."""

    __slots__ = (
        "_descriptor",
        "_lost_bytes",
        "_lost_lines",
        "_size",
        "keep",
        "max_size",
        "path",
        "trouble",
        "users",
    )

    def __init__(self, path: str) -> None:
        self.path = path
        self.max_size = 0
        self.keep = 0
        self.trouble = ""
        self.users = 0
        self._descriptor = -1
        self._size = 0
        self._lost_lines = 0
        self._lost_bytes = 0

    def append(self, lines: bytes, stamp: Callable[[str, str], bytes]) -> bool:
        """Write whole lines; False if they are lost (counted)."""
        try:
            self._make_ready(len(lines))
            if self._lost_lines:
                text = contract.gap(self._lost_lines, self._lost_bytes, self.trouble)
                self._write(stamp(contract.STREAM_OWN, contract.WHOLE) + text.encode() + b"\n")
                self._lost_lines = self._lost_bytes = 0
            self._write(lines)
        except OSError as error:
            self.trouble = error.strerror or "unknown error"
            self._lost_lines += lines.count(b"\n")
            self._lost_bytes += len(lines)
            return False
        self.trouble = ""
        return True

    def exists(self) -> bool:
        """Whether there is something before the next line."""
        return self._descriptor >= 0 or os.path.exists(self.path)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _make_ready(self, coming: int) -> None:
        if self._descriptor >= 0 and os.fstat(self._descriptor).st_nlink == 0:
            self.close()  # deleted under us: begin anew
        if self._descriptor < 0:
            self._open()
        if self._size and self.max_size and self._size + coming > self.max_size:
            self._rotate()

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            self._descriptor = os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            self._descriptor = os.open(self.path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size
        if self._size and os.pread(self._descriptor, 1, self._size - 1) != b"\n":
            self._cut(self._size)

    def _rotate(self) -> None:
        self.close()
        for number in range(self.keep - 1, 0, -1):
            try:
                os.rename(f"{self.path}.{number}", f"{self.path}.{number + 1}")
            except FileNotFoundError:
                continue
        if self.keep:
            os.rename(self.path, f"{self.path}.1")
        else:
            os.unlink(self.path)
        self._open()

    def _write(self, data: bytes) -> None:
        """All of it, or only whole lines of it and the error."""
        done = 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:] if done else data)
        except OSError:
            if done:
                self._cut(self._size + done)
            raise
        self._size += done

    def _cut(self, end: int) -> None:
        """Take back what is not a whole line at the end."""
        start = max(0, end - _TAIL)
        tail = os.pread(self._descriptor, end - start, start)
        self._size = start + tail.rfind(b"\n") + 1
        os.ftruncate(self._descriptor, self._size)
