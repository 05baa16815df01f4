"""docs/schemas.md, made from the schema: `python -m controller.manifest.reference > docs/schemas.md`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from controller.manifest import explain, source

_HEAD = """\
# WorkerSet, field by field

Made from `schemas/workerset.v1.json` by `make docs`; `workerctl explain workerset.spec.FIELD` says the same.
*Restarts* tells whether a change of the field restarts running workers.
How to write manifests: [manifests.md](manifests.md).
"""

_SECTIONS = (("spec",), ("metadata",), ("status",))

_NOTATIONS = ("duration", "size", "cpu", "command", "path", "dns_label", "qualified_name", "label_value")

_UNITS = """
## Notations

| What | How |
| --- | --- |
"""


def reference() -> str:
    """The whole page."""
    lines = [_HEAD]
    for section in _SECTIONS:
        lines += _section(section, depth=2)
    lines.append(_UNITS.rstrip("\\n") + "\n".join(_notations()))
    return "\n".join(lines).rstrip() + "\n"


def _section(path: tuple[str, ...], depth: int) -> Iterator[str]:
    node = source.at(path)
    assert node is not None
    yield f"{'#' * depth} {'.'.join(path)}\n"
    yield f"{node['description']}\n"
    with_restarts = path[0] == "spec"
    head = (
        "| Field | Type | Default | Restarts | What it does |"
        if with_restarts
        else "| Field | Type | What it is |"
    )
    yield head
    yield "| --- " * head.count(" |") + "|"
    nested = []
    for name, declared in node["properties"].items():
        child = source.resolve(declared, source.load())
        yield _row(path, name, {**child, "x-notation": _notation(declared)}, with_restarts)
        if "properties" in child:
            nested.append((*path, name))
    yield ""
    for inner in nested:
        yield from _section(inner, depth + 1)


def _row(path: tuple[str, ...], name: str, node: source.Schema, with_restarts: bool) -> str:
    text = str(node.get("description", ""))
    if "enum" in node:
        text += f" One of {', '.join(f'`{word}`' for word in node['enum'])}."
    for example in node.get("examples", ()):
        text += f" Example: `{name}: {example if isinstance(example, str) else json.dumps(example)}`."
    if support := explain.support_text(node):
        text = f"*{support[0].upper()}{support[1:]}.* {text}"
    cells = [f"`{name}`", node["x-notation"] or explain.type_name(node).replace("|", " or ")]
    if with_restarts:
        default = explain.default_text(node)
        shown = f"`{default}`" if default and "x-default" not in node else default
        parent = source.at(path[:2]) or {}
        restarts = node.get("x-restarts", parent.get("x-restarts", False))
        cells += [shown, "yes" if restarts else "no"]
    return "| " + " | ".join([*cells, text.replace("|", "\\|")]) + " |"


def _notation(declared: source.Schema) -> str:
    """The name of the notation that a field's text follows."""
    name = str(declared.get("$ref", "")).removeprefix("#/$defs/")
    return name.replace("_", " ") if name in _NOTATIONS else ""


def _notations() -> Iterator[str]:
    for name in _NOTATIONS:
        yield f"| {name.replace('_', ' ')} | {source.load()['$defs'][name]['$comment']} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(reference())
