"""Rows of Tables as bytes. Those of a kind of which only the age moves are kept, all but the age.

A list of a thousand sets is then a thousand look-ups, whoever asks. Objects are immutable: the very same one
has the very same row.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from controller.api import encode
from controller.core import ages, kinds, table

META_VERSION = "meta.k8s.io/v1"
KEPT = 2048

INCLUDES = ("Metadata", "None", "Object")
IN_NAMESPACE, ANYWHERE = "in a namespace", "anywhere"
"""What lists have whose request does not say: of the metadata only what tables are printed from."""

_PRINTED = {IN_NAMESPACE: ("name", "labels"), ANYWHERE: ("name", "namespace", "labels")}


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row without the age of its object, which was made at `born`."""

    obj: kinds.Object
    before: bytes
    after: bytes
    born: float | None


class Rows:
    """What was encoded, by the object's uid and what is included of it."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._found: dict[tuple[str, str], _Kept] = {}

    def row(self, layout: table.Layout, obj: kinds.Object, now: float, include: str) -> bytes:
        """meta.k8s.io/v1 TableRow; `include` is one of INCLUDES, or of what lists have."""
        if layout.age is None:
            return b'{"cells":' + encode.dump(layout.cells(obj, now)) + _end(obj, include)
        key = (obj["metadata"].get("uid", ""), include)
        found = self._found.get(key)
        if found is None or found.obj is not obj:
            if len(self._found) >= self._kept:
                self._found.clear()
            found = self._found[key] = _around_age(layout, layout.age, obj, include)
        return found.before + _age(None if found.born is None else int(now - found.born)) + found.after


@functools.lru_cache(maxsize=4096)  # sets are made together, and ages are told in few words
def _age(seconds: int | None) -> bytes:
    return encode.dump(ages.UNKNOWN if seconds is None else ages.duration(seconds))


def _around_age(layout: table.Layout, age: int, obj: kinds.Object, include: str) -> _Kept:
    """The row's bytes before and after that cell, which is neither the first nor the last."""
    cells = layout.cells(obj, 0.0)
    before, after = encode.dump(cells[:age]), encode.dump(cells[age + 1 :])
    return _Kept(
        obj,
        b'{"cells":' + before[:-1] + b",",
        b"," + after[1:] + _end(obj, include),
        ages.born(obj["metadata"].get("creationTimestamp")),
    )


def _end(obj: kinds.Object, include: str) -> bytes:
    if include == "None":
        return b"}"
    if include == "Object":
        return b',"object":' + encode.dump(obj) + b"}"
    if printed := _PRINTED.get(include):
        meta = obj["metadata"]
        obj = {"metadata": {key: meta[key] for key in printed if key in meta}}
    return b',"object":' + metadata_only(obj) + b"}"


def metadata_only(obj: kinds.Object) -> bytes:
    """meta.k8s.io/v1 PartialObjectMetadata."""
    return encode.dump(
        {"kind": "PartialObjectMetadata", "apiVersion": META_VERSION, "metadata": obj["metadata"]}
    )
