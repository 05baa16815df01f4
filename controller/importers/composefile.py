"""Compose files put together: several files, `include`, `extends`, and how two definitions merge."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from controller.importers import drafts, sources
from controller.manifest import trees

_ADDED = frozenset({"ports", "expose", "volumes", "env_file", "dns", "tmpfs", "devices", "profiles", "links"})
_DEPTH = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A service as all files together define it; where it and each of its keys stand."""

    name: str
    tree: trees.Tree
    place: str
    places: dict[str, str]


def services(
    given: tuple[sources.Source, ...], files: sources.Files, found: drafts.Drafts
) -> dict[str, Service]:
    """By name, in order of appearance. Raises NotOurs."""
    merged: dict[str, Service] = {}
    for source in given:
        for name, service in _of(source, files, found, 0):
            before = merged.get(name)
            if before is not None:
                tree = merge(before.tree, service.tree)
                service = Service(name, tree, before.place, {**before.places, **service.places})
            merged[name] = service
    return merged


def _of(
    source: sources.Source, files: sources.Files, found: drafts.Drafts, depth: int
) -> Iterator[tuple[str, Service]]:
    root = read(source)
    for path in _included(root):
        if depth >= _DEPTH:
            raise sources.NotOurs(source.name, root.line, "include leads in a circle")
        others = files.find(path.text or "", source.name)
        if not others:
            found.lose(source.at(path.line), f"include: no such file: {path.text}")
        for other in others:
            yield from _of(other, files, found, depth + 1)
    for key, line in root.key_lines.items():
        if key not in ("services", "include", "version", "name") and not key.startswith("x-"):
            found.notes.append(drafts.Note(source.at(line), key, "needless"))
    known = root.get("services")
    for name, tree in (known.fields or {}).items() if known is not None else ():
        line = known.key_lines[name] if known is not None else 1
        whole = _extended(tree, source, files, found, depth)
        places = {key: source.at(at) for key, at in whole.key_lines.items()}
        yield name, Service(name, whole, source.at(line), places)


def read(source: sources.Source) -> trees.Tree:
    """The document. Raises NotOurs for what is no compose file."""
    try:
        roots = trees.parse(source.text)
    except trees.BadText as error:
        raise sources.NotOurs(source.name, error.line, error.message, error.fix) from None
    root = roots[0] if roots else None
    known = root.get("services") if root is not None else None
    if root is None or len(roots) > 1 or (known is None and root.get("include") is None):
        raise sources.NotOurs(source.name, 0, "no services in it", "is this a compose file?")
    if known is not None and known.fields is None and known.text is not None:
        raise sources.NotOurs(source.name, known.line, "services is not a map")
    for name, tree in (known.fields or {}).items() if known is not None else ():
        if tree.fields is None:
            raise sources.NotOurs(source.name, tree.line, f"a service is a map of keys: {name}")
    return root


def _included(root: trees.Tree) -> Iterator[trees.Tree]:
    given = root.get("include")
    for one in (given.items or ()) if given is not None else ():
        path = one if one.is_scalar else one.get("path")
        if path is not None:
            yield from path.items or (path,)


def _extended(
    tree: trees.Tree, source: sources.Source, files: sources.Files, found: drafts.Drafts, depth: int
) -> trees.Tree:
    given = tree.get("extends")
    if given is None:
        return tree
    if depth >= _DEPTH:
        raise sources.NotOurs(source.name, given.line, "extends leads in a circle")
    file, service = given.get("file"), given if given.is_scalar else given.get("service")
    others = files.find(file.text or "", source.name) if file is not None else (source,)
    name = (service.text if service is not None else "") or ""
    base = (read(others[0]).get("services") or trees.Tree(0)).get(name) if others else None
    if base is None:
        where = (file.text or "") if file is not None else source.name
        found.lose(source.at(given.line), f"extends: no service {name} in {where}")
        return _without(tree, "extends")
    whole = _extended(base, others[0], files, found, depth + 1)
    if others[0] is not source:
        whole = dataclasses.replace(whole, key_lines=dict.fromkeys(whole.key_lines, given.line))
    return _without(merge(whole, tree), "extends")


def merge(base: trees.Tree, over: trees.Tree, key: str = "") -> trees.Tree:
    """Maps key by key, some lists one after the other, all else replaced; `!reset` and `!override` obeyed."""
    if over.tag == "!override" or base.is_scalar or over.is_scalar:
        return over
    if key in ("environment", "labels", "args", "depends_on", "networks"):
        base, over = as_map(base), as_map(over)
    if base.items is not None or over.items is not None:
        both = base.items is not None and over.items is not None
        return dataclasses.replace(over, items=base.items + over.items) if both and key in _ADDED else over  # type: ignore[operator]
    fields, lines = dict(base.fields or {}), dict(base.key_lines)
    for name, value in (over.fields or {}).items():
        if value.tag == "!reset":
            fields.pop(name, None)
            continue
        fields[name] = merge(fields[name], value, name) if name in fields else value
        lines[name] = over.key_lines[name]
    return dataclasses.replace(over, fields=fields, key_lines=lines)


def as_map(tree: trees.Tree) -> trees.Tree:
    """A list of `KEY=value` (or of names) as a map."""
    if tree.items is None:
        return tree
    fields: dict[str, trees.Tree] = {}
    for item in tree.items:
        name, equals, value = (item.text or "").partition("=")
        fields[name] = dataclasses.replace(item, text=value if equals else None)
    return trees.Tree(tree.line, fields=fields, key_lines={name: one.line for name, one in fields.items()})


def _without(tree: trees.Tree, key: str) -> trees.Tree:
    fields = {name: value for name, value in (tree.fields or {}).items() if name != key}
    return dataclasses.replace(tree, fields=fields)
