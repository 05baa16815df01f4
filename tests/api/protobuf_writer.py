"""Writes Kubernetes' protobuf envelopes, as clients do, for tests of the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(fields: Mapping[int, Any]) -> bytes:
    """Texts and bytes, numbers, messages as mappings, repeated fields as lists."""
    return b"".join(_field(number, value) for number, value in fields.items())


def _field(number: int, value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(_field(number, one) for one in value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, Mapping):
        value = message(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def pairs(values: Mapping[str, Any]) -> list[dict[int, Any]]:
    """A map field."""
    return [{1: key, 2: value} for key, value in values.items()]


def envelope(api_version: str, kind: str, fields: Mapping[int, Any]) -> bytes:
    return b"k8s\x00" + message({1: {1: api_version, 2: kind}, 2: message(fields), 3: "", 4: ""})
