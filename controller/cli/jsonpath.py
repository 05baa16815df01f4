"""Kubernetes' JSONPath templates: `{range .items[*]}{.metadata.name}{"\\n"}{end}`.

What a template finds and prints; `jsonparser.py` reads it. Differences from kubectl are on the generous
side: `$` is the whole object everywhere, and a template without braces is a path.
"""

from __future__ import annotations

import json

from controller.cli import errors, jsonparser, jsonsteps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Template:
    """A parsed template. `render` prints an object through it, `find` gives the values of a single path."""

    def __init__(self, parts: Sequence[jsonparser.Part]) -> None:
        self._parts = parts

    def find(self, obj: Any) -> list[Any]:
        return [value for part in self._parts for value in jsonsteps.run(part.steps, [obj], obj)]

    def render(self, obj: Any) -> str:
        out: list[str] = []
        _print(self._parts, obj, obj, out)
        return "".join(out)


def parse(template: str) -> Template:
    """Raises `UsageError` that shows the position."""
    bare = template.strip()
    if "{" not in template and bare[:1] in (".", "$", "["):
        return path(bare)
    return Template(jsonparser.Parser(template).template())


def path(text: str) -> Template:
    """One path as `--sort-by`, `custom-columns` and `wait --for` take it: without braces or first dot."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    if not inner:
        raise errors.UsageError("jsonpath: a path is empty")
    if inner[0] not in ".$@[":
        inner = f".{inner}"
    return Template(jsonparser.Parser(f"{{{inner}}}").template())


def text_of(value: Any) -> str:
    """A value as a template prints it: texts as they are, the rest as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _print(parts: Sequence[jsonparser.Part], current: Any, root: Any, out: list[str]) -> None:
    for part in parts:
        values = jsonsteps.run(part.steps, [current], root) if part.steps else []
        if part.body is not None:
            for value in values:
                _print(part.body, value, root, out)
        elif part.steps:
            out.append(" ".join(map(text_of, values)))
        else:
            out.append(part.text)
