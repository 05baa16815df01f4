"""Names of workers, and values fit for labels (S1.10)."""

from __future__ import annotations

import functools
import hashlib
import re

MAX_LABEL = 63
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_SLUG = re.compile(r"[^a-z0-9]+")


def worker(workerset: str, ordinal: int) -> str:
    """`<set>-<ordinal>`: a worker of a named background or plain set."""
    return f"{workerset}-{ordinal}"


def http_worker(workerset: str, revision: str, ordinal: int) -> str:
    """`<set>-<revision>-<ordinal>`: a worker of an HTTP set; a new template makes new ones beside the old."""
    return f"{workerset}-{revision}-{ordinal}"


@functools.lru_cache(maxsize=8192)
def instance(workerset: str, name: str) -> str:
    """`<set>-<slug>-<hash>`: the worker of a catch-all that answers to `name`, which may be any text."""
    return f"{workerset}-{slug(name)}-{short_hash(name, 8)}"


def slug(text: str, *, longest: int = 24) -> str:
    """Lower-case letters, digits and single hyphens; `x` where nothing is left."""
    return _SLUG.sub("-", text.lower()).strip("-")[:longest].strip("-") or "x"


def is_label_value(text: str) -> bool:
    return len(text) <= MAX_LABEL and (text == "" or _LABEL.fullmatch(text) is not None)


def label_value(text: str) -> str:
    """`text` itself where it is a valid label value, else a stand-in that is unique to it."""
    return text if is_label_value(text) else f"{slug(text)}-{short_hash(text, 8)}"


def short_hash(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:digits]


def uid(*parts: object) -> str:
    """A stable UUID-shaped id made from `parts`, for objects that are projections (Pods, Events)."""
    text = short_hash("\0".join(str(part) for part in parts), 32)
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"
