"""SPDY/3.1 as far as port-forwarding uses it: frames in and out, headers compressed, no flow control.

Bytes in, frames out and back; no I/O. The draft's sections 2.2 (frames) and 2.6 (control frames).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from controller.api.streams import dictionary

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 1
MOST_BYTES = 1 << 24
_HEADS = 1 << 16
"""Bytes of headers that one frame may hold once they are unpacked."""


class Damaged(ValueError):
    """What came is no SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`kind` is 0 for data, else the control type. A ping has its number as `stream`."""

    kind: int
    stream: int
    fin: bool = False
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Frames from bytes, however they are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=dictionary.SPDY3)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Raises Damaged."""
        self._buffer += data
        while len(self._buffer) >= 8:
            head, rest = struct.unpack_from(">II", self._buffer)
            length = rest & 0xFFFFFF
            if len(self._buffer) < 8 + length:
                return
            body = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if not head & 0x80000000:
                yield Frame(0, head, bool(rest >> 24 & FIN), body)
                continue
            if head >> 16 & 0x7FFF != 3:
                raise Damaged(f"version {head >> 16 & 0x7FFF} of SPDY, this is 3")
            found = self._control(head & 0xFFFF, rest >> 24, body)
            if found is not None:
                yield found

    def _control(self, kind: int, flags: int, body: bytes) -> Frame | None:
        if kind not in (SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY):
            return None
        if len(body) < 4:
            raise Damaged("a control frame is cut short")
        stream = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
        if kind == SYN_STREAM:
            return Frame(kind, stream, bool(flags & FIN), headers=self._headers(body[10:]))
        if kind == SYN_REPLY:
            self._headers(body[4:])
        return Frame(kind, stream, bool(flags & FIN))

    def _headers(self, packed: bytes) -> dict[str, str]:
        """Names in lower case. One stream of compression for all frames, so each must be unpacked."""
        try:
            block = self._inflate.decompress(packed, _HEADS)
            count, at = int.from_bytes(block[:4], "big"), 4
            words: list[str] = []
            for _ in range(count * 2):
                size = int.from_bytes(block[at : at + 4], "big")
                if at + 4 + size > len(block):
                    raise Damaged("headers are cut short")
                words.append(block[at + 4 : at + 4 + size].decode("latin-1"))
                at += 4 + size
        except zlib.error as error:
            raise Damaged(f"headers cannot be unpacked, {error}") from None
        return {name.lower(): value for name, value in zip(words[::2], words[1::2], strict=True)}


class Writer:
    """Bytes from frames."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=dictionary.SPDY3)

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers."""
        packed = self._deflate.compress(bytes(4)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, struct.pack(">I", stream) + packed)

    def open(self, stream: int, headers: Mapping[str, str], *, fin: bool = False) -> bytes:
        """SYN_STREAM."""
        block = struct.pack(">I", len(headers))
        for word in (one for pair in headers.items() for one in pair):
            data = word.encode("latin-1")
            block += struct.pack(">I", len(data)) + data
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + packed, FIN if fin else 0)


def data(stream: int, payload: bytes, *, fin: bool = False) -> bytes:
    return struct.pack(">II", stream, (FIN if fin else 0) << 24 | len(payload)) + payload


def ping(number: int) -> bytes:
    return _control(PING, struct.pack(">I", number))


def reset(stream: int) -> bytes:
    """RST_STREAM: cancel."""
    return _control(RST_STREAM, struct.pack(">II", stream, 5))


def _control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", 0x80000000 | 3 << 16 | kind, flags << 24 | len(body)) + body
