"""Rows of Tables as bytes. Those of a kind of which only the age moves are kept, all but the age.

A list of a thousand sets is then a thousand look-ups, whoever asks. Objects are immutable: the very same one
has the very same row.
"""

from __future__ import annotations

from typing import Any

from controller.api import encode
from controller.core import kinds, table, threeway

META_VERSION = "meta.k8s.io/v1"
KEPT = 2048

_UNPRINTED = frozenset({"managedFields", "annotations"})


class Rows:
    """What was encoded, by the object's uid and what `includeObject` wants of it."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._found: dict[tuple[str, str], tuple[kinds.Object, bytes, bytes]] = {}

    def row(self, layout: table.Layout, obj: kinds.Object, now: float, include: str) -> bytes:
        """meta.k8s.io/v1 TableRow."""
        if layout.age is None:
            return b'{"cells":' + encode.dump(layout.cells(obj, now)) + _end(obj, include)
        key = (obj["metadata"].get("uid", ""), include)
        found = self._found.get(key)
        if found is None or found[0] is not obj:
            if len(self._found) >= self._kept:
                self._found.clear()
            found = self._found[key] = (obj, *_around_age(layout.cells(obj, now), layout.age, obj, include))
        return found[1] + encode.dump(table.age_of(obj, now)) + found[2]


def _around_age(cells: list[Any], age: int, obj: kinds.Object, include: str) -> tuple[bytes, bytes]:
    """The row's bytes before and after that cell, which is neither the first nor the last."""
    before, after = encode.dump(cells[:age]), encode.dump(cells[age + 1 :])
    return b'{"cells":' + before[:-1] + b",", b"," + after[1:] + _end(obj, include)


def _end(obj: kinds.Object, include: str) -> bytes:
    if include == "None":
        return b"}"
    return b',"object":' + (encode.dump(obj) if include == "Object" else _printed_metadata(obj)) + b"}"


def _printed_metadata(obj: kinds.Object) -> bytes:
    """Metadata without field owners and what was applied last: two thirds, of which no table tells."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in _UNPRINTED}
    annotations = obj["metadata"].get("annotations") or {}
    if told := {key: value for key, value in annotations.items() if key != threeway.ANNOTATION}:
        meta["annotations"] = told
    return metadata_only({"metadata": meta})


def metadata_only(obj: kinds.Object) -> bytes:
    """meta.k8s.io/v1 PartialObjectMetadata."""
    return encode.dump(
        {"kind": "PartialObjectMetadata", "apiVersion": META_VERSION, "metadata": obj["metadata"]}
    )
