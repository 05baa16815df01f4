"""The program of a service: `entrypoint` and `command`, else what its Dockerfile runs; and its paths."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Mapping

from controller.importers import composefile, drafts, shell, sources
from controller.manifest import trees

_INSTRUCTION = re.compile(r"^\s*(FROM|CMD|ENTRYPOINT|WORKDIR)\s+(.+)$", re.IGNORECASE | re.MULTILINE)


def put(
    draft: drafts.Draft,
    service: composefile.Service,
    tree: trees.Tree,
    files: sources.Files,
    beside: str,
) -> None:
    """`command` and `working_dir`; a note where there is no program to be found."""
    image = _dockerfile(tree, files, beside)
    place = service.places.get("command", service.places.get("entrypoint", draft.place))
    try:
        entry, command = _given(tree.get("entrypoint")), _given(tree.get("command"))
        if entry is None:
            entry = image.get("ENTRYPOINT")
            command = image.get("CMD") if command is None else command
        whole = [*(entry or ()), *(command or ())]
        if not whole or whole[0].startswith("-"):  # options of what the image runs
            what = "its program is that of an image" if "image" in (tree.fields or {}) else "no command"
            draft.lose(place, f"{service.name}: {what}: install it, and write a command")
            return
        if tree.get("command") is None and tree.get("entrypoint") is None:
            draft.change(place, "the command is that of its Dockerfile")
        _folder(draft, tree, image)
        draft.spec["command"] = shell.simplest(shell.for_shell(whole))
        _rebase(draft, tree)
    except ValueError as error:
        draft.lose(place, f"command: {error}")


def _given(tree: trees.Tree | None) -> list[str] | None:
    """Words; one string is split as a shell would, and run without one, as compose has it."""
    if tree is None or (tree.is_scalar and tree.text is None):
        return None
    if tree.items is not None:
        return [one.text or "" for one in tree.items]
    return shlex.split(tree.text or "")


def _dockerfile(tree: trees.Tree, files: sources.Files, beside: str) -> dict[str, list[str]]:
    """CMD, ENTRYPOINT and WORKDIR of the last stage."""
    build = tree.get("build")
    if build is None:
        return {}
    context = _text(build.get("context")) if build.fields is not None else build.text
    name = _text(build.get("dockerfile")) if build.fields is not None else ""
    found = files.find(posixpath.join(context or ".", name or "Dockerfile"), beside)
    made: dict[str, list[str]] = {}
    for one in found[:1]:
        for key, value in _INSTRUCTION.findall(one.text.replace("\\\n", " ")):
            if key.upper() == "FROM":
                made = {}
            else:
                made[key.upper()] = _instruction(key.upper(), value.strip())
    return made


def _instruction(key: str, value: str) -> list[str]:
    if value.startswith("["):
        try:
            return [str(one) for one in json.loads(value)]
        except ValueError:
            return []
    if key == "WORKDIR":
        return [value]
    made = shell.program(value).command
    return shlex.split(made) if isinstance(made, str) else made


def _text(tree: trees.Tree | None) -> str:
    return (tree.text or "") if tree is not None else ""


def _mounts(tree: trees.Tree) -> dict[str, str]:
    """Folders of the container that are folders of this machine, the longest first."""
    found: dict[str, str] = {}
    volumes = tree.get("volumes")
    for one in (volumes.items or ()) if volumes is not None else ():
        if one.fields is not None:
            host, inside = _text(one.get("source")), _text(one.get("target"))
        else:
            host, _, rest = (one.text or "").partition(":")
            inside = rest.partition(":")[0]
        if inside.startswith("/") and host.startswith((".", "/", "~")):
            found[inside.rstrip("/") or "/"] = posixpath.normpath(host)
    return dict(sorted(found.items(), key=lambda one: -len(one[0])))


def _folder(draft: drafts.Draft, tree: trees.Tree, image: Mapping[str, list[str]]) -> None:
    """`working_dir` is a folder of the container: the one that is mounted there, else that of the build."""
    inside = _text(tree.get("working_dir")) or "".join(image.get("WORKDIR", [])[:1])
    build = tree.get("build")
    context = (
        (_text(build.get("context")) or ".")
        if build is not None and build.fields is not None
        else _text(build)
    )
    host = _on_host(inside, _mounts(tree)) if inside else None
    if host is None and build is not None:
        host = posixpath.normpath(context or ".")
    elif host is None and inside:
        draft.lose(draft.place, f"working_dir: a folder of the image: {inside}")
    if host is not None and host != ".":
        draft.spec["working_dir"] = host


def _on_host(path: str, mounts: Mapping[str, str]) -> str | None:
    for inside, host in mounts.items():
        if path == inside or path.startswith(inside.rstrip("/") + "/"):
            return posixpath.normpath(posixpath.join(host, path[len(inside) :].lstrip("/")))
    return None


def _rebase(draft: drafts.Draft, tree: trees.Tree) -> None:
    """Words of the command that are paths of the container."""
    mounts = _mounts(tree)
    start = str(draft.spec.get("working_dir", "."))

    def one(word: str) -> str:
        host = _on_host(word, mounts) if word.startswith("/") else None
        if host is None:
            return word
        if posixpath.isabs(host) or posixpath.isabs(start):
            return host
        near = posixpath.relpath(host, start)
        return near if "/" in near or word != command[0] else f"./{near}"

    given = draft.spec["command"]
    command = given.split(" ") if isinstance(given, str) else given
    changed = [one(word) for word in command]
    if changed != command:
        draft.spec["command"] = " ".join(changed) if isinstance(given, str) else changed
        draft.change(draft.place, "paths of the container became those they are mounted from")
