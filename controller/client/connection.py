"""One socket to a controller and the framing of what comes back (RFC 9112): lengths, chunks, lines.

Knows nothing of requests or of Kubernetes; `http.py` is built on it.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Mapping

from controller.client import errors

_CHUNK = 65536


class Connection:
    """One socket and what was read from it and not yet used."""

    def __init__(self, socket_path: str, timeout: float | None) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()
        self._eof = False
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(socket_path)
        except OSError as error:
            self._socket.close()
            if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
                raise errors.NoController(socket_path) from None
            raise errors.ClientError(
                f"cannot reach the controller on {socket_path}: {error.strerror}"
            ) from None

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def is_stale(self) -> bool:
        """Idle and yet readable: the other side has closed it."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return bool(poller.poll(0))

    @property
    def has_buffered(self) -> bool:
        return bool(self._buffer)

    def set_timeout(self, timeout: float | None) -> None:
        self._socket.settimeout(timeout)

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise errors.ConnectionLost("the controller closed the connection") from None
        except TimeoutError:
            raise errors.ClientError(
                "the controller does not take the request; is it stopped or stuck?"
            ) from None

    def fill(self) -> bool:
        """Read what is there (blocking); False at end of file."""
        try:
            data = self._socket.recv(_CHUNK)
        except ConnectionResetError:
            data = b""
        except TimeoutError:
            raise errors.ClientError(
                "the controller did not answer in time; is it stopped or stuck?"
            ) from None
        self._buffer += data
        self._eof = not data
        return bool(data)

    def line(self) -> bytes:
        """One line without its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if not self.fill():
                raise errors.ConnectionLost("the controller went away in the middle of an answer")
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line

    def exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self.fill():
                raise errors.ConnectionLost("the controller went away in the middle of an answer")
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def some(self) -> bytes:
        """All that is buffered, else one read; empty at end of file."""
        if not self._buffer and not self.fill():
            return b""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data


class Body:
    """The framing of one answer's body: yields its pieces as they come."""

    def __init__(self, connection: Connection, headers: Mapping[str, str], *, empty: bool) -> None:
        self._connection = connection
        self._chunked = headers.get("transfer-encoding", "").lower().endswith("chunked")
        length = headers.get("content-length")
        self._left: int | None = 0 if empty else (int(length) if length is not None else None)
        self.until_close = not self._chunked and self._left is None

    def pieces(self) -> Iterator[bytes]:
        if self._chunked and self._left != 0:
            yield from self._chunks()
        elif self._left is not None:
            if self._left:
                yield self._connection.exactly(self._left)
        else:
            while data := self._connection.some():
                yield data

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._connection.line().split(b";")[0], 16):
            piece = self._connection.exactly(size)
            self._connection.line()  # together with its piece, so that an empty buffer means "all was seen"
            yield piece
        while self._connection.line():
            pass


class Stream:
    """Lines of a running answer; iterate, or use `fileno` and `ready_lines` in a poll loop."""

    def __init__(self, connection: Connection, framing: Body, headers: dict[str, str]) -> None:
        self.headers = headers
        self._connection = connection
        self._pieces = framing.pieces()
        self._rest = b""
        self.ended = False

    def fileno(self) -> int:
        return self._connection.fileno()

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        while not self.ended:
            yield from self.next_lines()

    @property
    def is_pending(self) -> bool:
        """More can be had without waiting, though the socket may not be readable."""
        return self._connection.has_buffered

    def next_lines(self) -> list[bytes]:
        """Waits for the next piece; the whole lines it completes, without their ends. Sets `ended`."""
        piece = next(self._pieces, None)
        if piece is None:
            self.ended = True
            rest, self._rest = self._rest, b""
            return [rest] if rest else []
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines


def read_head(connection: Connection) -> tuple[int, dict[str, str]]:
    """Status line and headers; interim answers (1xx) are passed over."""
    while True:
        first = connection.line().split(b" ", 2)
        if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
            raise errors.ClientError(f"what listens there does not speak HTTP: {first[0][:40]!r}")
        headers: dict[str, str] = {}
        while line := connection.line():
            name, _, value = line.decode("latin-1").partition(":")
            key = name.strip().lower()
            headers[key] = f"{headers[key]}\n{value.strip()}" if key in headers else value.strip()
        status = int(first[1])
        if status >= 200:
            return status, headers
