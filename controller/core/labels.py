"""The syntax of label and annotation keys and of label values.

Source: Kubernetes' IsQualifiedName, IsValidLabelValue and ValidateAnnotations, whose words are kept where
tools and people know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.core import errors

LONGEST = 63
LONGEST_PREFIX = 253
ANNOTATIONS_BYTES = 262144
"""Of all keys and values of one object together."""

_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_CHARACTERS = (
    "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character"
)


def problems(field: str, found: Mapping[str, Any]) -> Iterator[errors.FieldProblem]:
    """What is wrong with `metadata.labels` or `metadata.annotations`; about values that are text only."""
    path = ("metadata", field)
    for key, value in found.items():
        for detail in key_faults(key):
            yield errors.FieldProblem(path, "Invalid", detail, value=key)
        if field == "labels" and isinstance(value, str):
            for detail in value_faults(value):
                yield errors.FieldProblem(path, "Invalid", detail, value=value)
    if field == "annotations" and _bytes(found) > ANNOTATIONS_BYTES:
        yield errors.FieldProblem(path, "TooLong", f"may not be more than {ANNOTATIONS_BYTES} bytes")


def key_faults(key: str) -> Iterator[str]:
    """`app` or `example.com/app`: an optional DNS subdomain and a slash, then a name."""
    *prefixes, name = key.split("/")
    if len(prefixes) > 1:
        yield (
            f"a qualified name must {_CHARACTERS} (e.g. 'my.name'), with an optional DNS subdomain prefix "
            "and '/' (e.g. 'example.com/MyName')"
        )
        return
    for prefix in prefixes:
        if not prefix:
            yield "prefix part must be non-empty"
        elif len(prefix) > LONGEST_PREFIX:
            yield f"prefix part must be no more than {LONGEST_PREFIX} characters"
        elif not _SUBDOMAIN.fullmatch(prefix):
            yield (
                "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                "characters, '-' or '.', and must start and end with an alphanumeric character "
                "(e.g. 'example.com')"
            )
    if not name:
        yield "name part must be non-empty"
    elif len(name) > LONGEST:
        yield f"name part must be no more than {LONGEST} characters"
    if name and not _NAME.fullmatch(name):
        yield f"name part must {_CHARACTERS} (e.g. 'MyName', or 'my.name', or '123-abc')"


def value_faults(value: str) -> Iterator[str]:
    if len(value) > LONGEST:
        yield f"must be no more than {LONGEST} characters"
    if value and not _NAME.fullmatch(value):
        yield (
            f"a valid label must be an empty string or {_CHARACTERS} "
            "(e.g. 'MyValue', or 'my_value', or '12345')"
        )


def _bytes(found: Mapping[str, Any]) -> int:
    texts = (text for item in found.items() for text in item if isinstance(text, str))
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
