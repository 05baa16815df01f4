"""Payload files (`layout.py`): written under a private name, renamed, never changed, removed two later."""

from __future__ import annotations

import os
import struct
import zlib

from . import layout

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY | os.O_NONBLOCK


def seal(body: bytes) -> tuple[int, int]:
    """Length and checksum."""
    return len(body), zlib.crc32(body)


def pack(generation: int, sealed: tuple[int, int]) -> bytes:
    """The preamble; the body follows it in the file."""
    return struct.pack(layout.PREAMBLE, layout.PAYLOAD_MAGIC, generation, *sealed, 0)


def unpack(data: bytes, generation: int) -> bytes:
    """The body. `ValueError` says what is wrong with the file's content."""
    if len(data) < layout.PREAMBLE_SIZE:
        raise ValueError(f"it ends after {len(data)} bytes")
    magic, written, length, crc, _ = struct.unpack_from(layout.PREAMBLE, data)
    if magic != layout.PAYLOAD_MAGIC or written != generation:
        raise ValueError("it is no payload of this generation")
    body = data[layout.PREAMBLE_SIZE :]
    if len(body) != length:
        raise ValueError(f"its body has {len(body)} of {length} bytes")
    if zlib.crc32(body) != crc:
        raise ValueError("its checksum does not match")
    return body


def load(slot: str, generation: int) -> bytes:
    """The whole file; `OSError` if it is not there."""
    descriptor = os.open(layout.payload_file(slot, generation), os.O_RDONLY | _FLAGS)
    try:
        left = os.fstat(descriptor).st_size
        pieces = []
        while left > 0:
            piece = os.read(descriptor, left)
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def store(slot: str, generation: int, data: bytes) -> None:
    """Complete or not at all; whoever holds the slot's lock. A full disk leaves nothing behind."""
    private = layout.private_file(slot)
    descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FLAGS, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
        os.rename(private, layout.payload_file(slot, generation))
    except BaseException:
        remove(private)
        raise


def tidy(slot: str, generation: int) -> None:
    """Remove this generation and what killed writers left of those right before it, the oldest first.

    In that order what a killed tidier leaves is again right before what the next one removes.
    """
    oldest = generation
    while oldest > 0 and os.path.exists(layout.payload_file(slot, oldest - 1)):
        oldest -= 1
    for one in range(oldest, generation + 1):
        remove(layout.payload_file(slot, one))


def remove(path: str) -> None:
    """Remove a file that may be gone."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
