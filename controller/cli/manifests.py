"""Manifests on their way to the controller: which files, checked as a whole, as the items of one request."""

from __future__ import annotations

import os
from dataclasses import dataclass

from controller.cli import errors
from controller.manifest import diagnostics, validate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.context import Context
    from controller.manifest import reader

    Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One document: the object as it will be sent, and where it stands (`manifests/10-web.yaml:1`)."""

    object: Object
    source: str


def default_paths(context: Context) -> list[str]:
    """The project's `workerset.yaml`, else its `manifests/`. Raises where there is neither."""
    root = context.project.root
    for name in ("workerset.yaml", "manifests"):
        path = os.path.join(root, name)
        if os.path.exists(path):
            return [os.path.relpath(path, context.cwd) if _is_near(path, context.cwd) else path]
    raise errors.CliError(
        f"nothing to run: no workerset.yaml and no manifests/ in {context.project_name}",
        "write one (workerctl explain workerset shows its fields), or name it: -f FILE",
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which manifests, and how they are taken."""

    paths: Sequence[str]
    recursive: bool
    namespace: str | None
    strict: bool = False
    undone: str = "sent"
    """What nothing is if any of them is not valid."""


def load(
    context: Context,
    paths: Sequence[str],
    *,
    recursive: bool,
    namespace: str | None,
    strict: bool = False,
    undone: str = "sent",
) -> list[Item]:
    """Every document, valid, with its namespace. All problems are shown at once; any error raises."""
    items, shown = read(context, Wanted(paths, recursive, namespace, strict, undone))
    if shown:
        context.note(shown)
    return items


def read(context: Context, wanted: Wanted) -> tuple[list[Item], str]:
    """The same without a word; warnings are the second. The text of a `CliError` has all problems."""
    paths, namespace = wanted.paths, wanted.namespace
    default = namespace or context.environ.get("WORKERSET_NAMESPACE") or "default"
    options = validate.Options(
        recursive=wanted.recursive,
        strict=wanted.strict,
        root=context.project.root,
        cwd=context.cwd,
        namespace=default,
    )
    report = validate.validate(paths, options, context.stdin)
    shown = diagnostics.render(report.diagnostics) if report.diagnostics else ""
    if not report.ok:
        raise errors.CliError(
            "\n".join(filter(None, (shown, f"nothing was {wanted.undone}: {report.summary()}")))
        )
    if not report.documents:
        raise errors.CliError("no documents in what was named", "write one: workerctl explain workerset")
    return [_item(context, document, default, given=namespace) for document in report.documents], shown


def _item(context: Context, document: reader.Document, namespace: str, *, given: str | None) -> Item:
    obj = document.object
    own = obj["metadata"].get("namespace")
    source = _source(context, document)
    if own is not None and given is not None and own != given:
        raise errors.CliError(
            f"{source}: the namespace of {obj['metadata'].get('name')} is {own}, -n says {given}",
            f"leave out -n, or the namespace in the manifest: {own}",
        )
    if own is None:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
    return Item(obj, source)


def _source(context: Context, document: reader.Document) -> str:
    """Relative to the project where it lies inside; finding the exact line would read the text again."""
    name = document.file.name
    if name != "stdin":
        path = os.path.normpath(os.path.join(context.cwd, name))
        if path.startswith(context.project.root + "/"):
            name = path[len(context.project.root) + 1 :]
    return f"{name}:{document.line_offset + 1}"


def _is_near(path: str, cwd: str) -> bool:
    """A relative path reads better, unless it climbs far."""
    return os.path.relpath(path, cwd).count("..") <= 2
