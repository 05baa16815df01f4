"""Writes what workers say to their log files: `python -I -S logwriter.py LOGS`, descriptor 3 = the shim.

One chunk of one pipe at a time, so that no worker starves another; stamped when it is read; nothing
is kept back but the beginning of an unfinished line.
"""

from __future__ import annotations

import array
import os
import sys
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from controller.sdk.workerset import contract
from controller.shim import loop as loops
from controller.shim.lean import socket
from controller.shim.logfile import LogFile

_CONTROL = 3
_PACKET = 65536
_CHUNK = 65536
_DRAIN_CHUNKS = 64
_RETRY_SECONDS = 1.0
_RESUMED = "log writer was started again; at most what it had in hand is missing"


class Clock:
    """Beginnings of lines; the part down to the second is made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def stamp(self, stream: str, tag: str) -> bytes:
        second, nanos = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{nanos:09d}Z {stream} {tag} ".encode()


class Stream:
    """One run's output and the beginning of the line it has not finished."""

    __slots__ = ("before", "carry", "descriptor", "file", "run")

    def __init__(self, run: str, descriptor: int, file: LogFile, before: bytes) -> None:
        self.run = run
        self.descriptor = descriptor
        self.file = file
        self.before = before
        self.carry = b""


def lines_of(body: bytes, clock: Clock) -> tuple[bytes, bytes]:
    """Log lines for a chunk, and the rest that is not a whole line yet."""
    head, newline, rest = body.rpartition(b"\n")
    out = b""
    if newline:
        prefix = clock.stamp(contract.STREAM_OUTPUT, contract.WHOLE)
        if _has_long_line(head):
            out = b"".join(_pieces(line, prefix, clock) for line in head.split(b"\n"))
        else:
            out = b"".join((prefix, head.replace(b"\n", b"\n" + prefix), b"\n"))
    if len(rest) > contract.LINE_LIMIT:
        partial = clock.stamp(contract.STREAM_OUTPUT, contract.PARTIAL)
        keep = len(rest) % contract.LINE_LIMIT or contract.LINE_LIMIT
        cut = len(rest) - keep
        out += b"".join(_partials(rest[:cut], partial))
        rest = rest[cut:]
    return out, rest


def _has_long_line(head: bytes) -> bool:
    """A few searches from the end of each window instead of a look at every line."""
    start, limit = 0, contract.LINE_LIMIT
    while len(head) - start > limit:
        found = head.rfind(b"\n", start, start + limit + 1)
        if found < 0:
            return True
        start = found + 1
    return False


def _pieces(line: bytes, prefix: bytes, clock: Clock) -> bytes:
    if len(line) <= contract.LINE_LIMIT:
        return prefix + line + b"\n"
    cut = (len(line) - 1) // contract.LINE_LIMIT * contract.LINE_LIMIT
    partial = clock.stamp(contract.STREAM_OUTPUT, contract.PARTIAL)
    return b"".join(_partials(line[:cut], partial)) + prefix + line[cut:] + b"\n"


def _partials(text: bytes, prefix: bytes) -> list[bytes]:
    size = contract.LINE_LIMIT
    return [prefix + text[start : start + size] + b"\n" for start in range(0, len(text), size)]


class LogWriter:
    """Streams by descriptor, files by path."""

    def __init__(self, folder: str, control: socket.socket) -> None:
        self._folder = folder
        self._control = control
        self._clock = Clock()
        self._streams: dict[int, Stream] = {}
        self._by_run: dict[str, Stream] = {}
        self._files: dict[str, LogFile] = {}
        self._in_trouble: dict[str, str] = {}
        self._told = ""
        self.loop = loops.Loop()
        self.loop.watch(control.fileno(), self._listen)

    def _listen(self, _events: int) -> None:
        space = socket.CMSG_SPACE(64 * 4)
        try:
            data, extra, _, _ = self._control.recvmsg(_PACKET, space)
        except ConnectionResetError:
            return  # the shim died with mail from here unread: what it sent is read first, then the end
        if not data:
            self._finish()
            return
        descriptors = array.array("i")
        for _, _, block in extra:
            descriptors.frombytes(block[: len(block) - len(block) % 4])
        waiting = iter(descriptors)
        for line in data.decode().split("\n"):
            words = line.split(" ")
            if words[0] == "A":
                descriptor = next(waiting, -1)
                if descriptor >= 0:
                    self._add(words, descriptor)
            elif words[0] == "X":
                self._settle(words[1])

    def _add(self, words: list[str], descriptor: int) -> None:
        _, run, max_size, keep, resumed, pid, name = words
        os.set_blocking(descriptor, False)
        path = f"{self._folder}/{name}"
        file = self._files.get(path)
        if file is None:
            file = self._files[path] = LogFile(path)
        file.users += 1
        file.max_size, file.keep = int(max_size), int(keep)
        text = _RESUMED if resumed == "1" else contract.run_started(run, int(pid))
        before = self._clock.stamp(contract.STREAM_OWN, contract.WHOLE) + text.encode() + b"\n"
        stream = Stream(run, descriptor, file, before)
        self._streams[descriptor] = self._by_run[run] = stream
        if resumed == "0" and file.exists():
            self._put(stream, b"")
        self.loop.watch(descriptor, lambda _events: self._ready(stream))

    def _ready(self, stream: Stream) -> None:
        self._read(stream)

    def _read(self, stream: Stream) -> bool:
        """One chunk; False if there is no more to read now or ever."""
        try:
            chunk = os.read(stream.descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self._end(stream)
            return False
        out, stream.carry = lines_of(stream.carry + chunk if stream.carry else chunk, self._clock)
        if out:
            self._put(stream, out)
        return True

    def _put(self, stream: Stream, lines: bytes) -> None:
        file = stream.file
        if file.append(stream.before + lines if stream.before else lines, self._clock.stamp):
            stream.before = b""
            self._is_well(file)
        elif file.path not in self._in_trouble:
            self._in_trouble[file.path] = f"{file.trouble}: {file.path}"
            self._tell_trouble()
            self._retry_later()

    def _retry_later(self) -> None:
        if not self.loop.pending("retry"):
            self.loop.at("retry", time.monotonic() + _RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        """Whoever was cut off may have nothing more to say: the gap is marked as soon as there is room."""
        for path in list(self._in_trouble):
            file = self._files[path]
            if file.append(b"", self._clock.stamp):
                self._is_well(file)
        if self._in_trouble:
            self._retry_later()

    def _is_well(self, file: LogFile) -> None:
        if self._in_trouble.pop(file.path, ""):
            self._tell_trouble()
        if not file.users:
            self._forget(file)

    def _forget(self, file: LogFile) -> None:
        """Nobody writes to it and nothing is owed to it."""
        file.close()
        if file.path not in self._in_trouble:
            del self._files[file.path]

    def _tell_trouble(self) -> None:
        text = next(iter(self._in_trouble.values()), "")
        if bool(text) != bool(self._told):
            self._told = text
            self._send(f"T {text}")

    def _end(self, stream: Stream) -> None:
        if stream.carry:
            prefix = self._clock.stamp(contract.STREAM_OUTPUT, contract.WHOLE)
            self._put(stream, prefix + stream.carry + b"\n")
        self.loop.unwatch(stream.descriptor)
        os.close(stream.descriptor)
        del self._streams[stream.descriptor]
        del self._by_run[stream.run]
        stream.file.users -= 1
        if not stream.file.users:
            self._forget(stream.file)
        self._send(f"E {stream.run}")

    def _settle(self, run: str) -> None:
        """Everything the run has said so far goes to its file; then say so."""
        stream = self._by_run.get(run)
        if stream is not None:
            self._drain(stream)
        self._send(f"D {run}")

    def _drain(self, stream: Stream) -> None:
        for _ in range(_DRAIN_CHUNKS):
            if not self._read(stream):
                return

    def _send(self, text: str) -> None:
        try:
            self._control.send(text.encode())
        except OSError:
            return  # the shim is gone: the next round reads the end of the socket

    def _finish(self) -> None:
        """The shim is gone: write what is in the pipes and end."""
        for stream in list(self._streams.values()):
            self._drain(stream)
        for stream in list(self._streams.values()):
            self._end(stream)
        self.loop.running = False


def main(arguments: list[str]) -> None:
    control = socket.socket(fileno=_CONTROL)
    os.set_inheritable(_CONTROL, False)
    LogWriter(arguments[0], control).loop.run()


if __name__ == "__main__":
    main(sys.argv[1:])
