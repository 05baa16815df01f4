"""What a folder can run: by a file of another process manager that lies in it, else by its language's own."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, field

from controller.cli import importfiles, manifesttext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from controller.cli.context import Context

    Found = dict[str, dict[str, Any]]

_FORMATS = ("procfile", "supervisord", "circus", "caddyfile", "compose")
_APPLICATION = re.compile(
    r"^(\w+)(?:\s*:\s*\w+)?\s*=\s*(FastAPI|Starlette|Litestar|Quart|Flask)\(", re.MULTILINE
)
_PYTHON = ("main.py", "app.py", "server.py", "wsgi.py", "asgi.py", "api.py")
_SCRIPTS = ("dev", "start", "serve")
_LOCKS = (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lockb", "bun"), ("bun.lock", "bun"))


@dataclass(slots=True)
class Proposal:
    """File names with their texts; `others` are sentences about what was seen besides."""

    source: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def look(context: Context, root: str) -> Proposal:
    """Raises NotOurs for a file that is there and broken."""
    found = Proposal()
    for name in ("workerset.yaml", "manifests"):
        if os.path.exists(os.path.join(root, name)):
            found.others.append(f"{name} is here already: workerctl up runs it")
    for form in _FORMATS:
        _from_format(context, root, form, found)
    for name in ("ecosystem.config.js", "ecosystem.config.cjs"):
        if os.path.isfile(os.path.join(root, name)):
            found.others.append(f"{name} is a program: workerctl import pm2 {name}")
    if not found.texts:
        for name, read in _OWN.items():
            path = os.path.join(root, name)
            if os.path.isfile(path) and (sets := read(root, path)):
                found.source = name
                found.texts = {
                    f"{one}.yaml": manifesttext.text(_document(one, spec)) for one, spec in sets.items()
                }
                break
    return found


def _from_format(context: Context, root: str, form: str, found: Proposal) -> None:
    from controller.importers import formats

    names = [name for name in formats.FORMATS[form].files if os.path.isfile(os.path.join(root, name))]
    if not names:
        return
    if form == "caddyfile" and not _mentions(os.path.join(root, names[0]), ("frankenphp", "php_server")):
        return
    if found.texts:
        found.others.append(f"left out: {names[0]}; for it: workerctl import {form} {names[0]}")
        return
    source = importfiles.read(names[0], os.path.join(root, names[0]))
    drafts, made = formats.documents(form, (source,), importfiles.Beside(context, folder=root))
    for draft, document in made:
        text = manifesttext.text(document, draft)
        if not found.texts:
            text = manifesttext.head(drafts) + text
        found.texts[f"{document['metadata']['name']}.yaml"] = text
    found.source = names[0] if made else ""
    if not made:
        found.others.append(
            f"nothing in {names[0]} runs on this machine by itself: workerctl import {form} {names[0]}"
        )


def _mentions(path: str, words: tuple[str, ...]) -> bool:
    text = _text(path)
    return any(word in text for word in words)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 20)
    except (OSError, UnicodeDecodeError):
        return ""


def _document(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": {"name": name}, "spec": spec}


def _manage(_root: str, _path: str) -> Found:
    """Django's own server; its reloader would be a second supervisor."""
    command = "python manage.py runserver --noreload 127.0.0.1:8000"
    return {"web": {"command": command, "port": 8000}}


def _pyproject(root: str, path: str) -> Found:
    """An application object in a usual place, with the server that is among the dependencies."""
    try:
        project = tomllib.loads(_text(path)).get("project", {})
    except tomllib.TOMLDecodeError:
        return {}
    needed = {re.split(r"[\s\[<>=!~;]", str(one))[0].lower() for one in project.get("dependencies", ())}
    for folder in _source_folders(root):
        for name in _PYTHON:
            application = _APPLICATION.search(_text(os.path.join(root, folder, name)))
            if application:
                module = ".".join(
                    [*(part for part in folder.split("/") if part and part != "src"), name[:-3]]
                )
                return {"web": _served(f"{module}:{application[1]}", application[2], needed, folder)}
    scripts = project.get("scripts", {})
    return {_slug(str(one)): {"command": str(one)} for one in list(scripts)[:1]}


def _source_folders(root: str) -> list[str]:
    """The folder itself, src, and packages one level down."""
    found = [""]
    for parent in ("", "src"):
        try:
            entries = sorted(os.scandir(os.path.join(root, parent)), key=lambda one: one.name)
        except OSError:
            continue
        found += [
            os.path.join(parent, one.name)
            for one in entries
            if one.is_dir() and os.path.isfile(os.path.join(one.path, "__init__.py"))
        ]
    return found


def _served(application: str, kind: str, needed: set[str], folder: str) -> dict[str, Any]:
    """By the controller's socket where the server takes one."""
    spec: dict[str, Any] = {"command": f"uvicorn {application} --fd 3", "listen": ["127.0.0.1:8000"]}
    if kind == "Flask" and "gunicorn" in needed:
        spec["command"] = f"gunicorn {application}"
    elif kind == "Flask":
        spec = {"command": f"flask --app {application} run --port 8000", "port": 8000}
    return {**spec, "working_dir": "src"} if folder.startswith("src") else spec


def _package(root: str, path: str) -> Found:
    """The script that develops, else the one that starts."""
    try:
        scripts = json.loads(_text(path)).get("scripts", {})
    except (ValueError, AttributeError):
        return {}
    manager = next((one for lock, one in _LOCKS if os.path.isfile(os.path.join(root, lock))), "npm")
    name = next((one for one in _SCRIPTS if isinstance(scripts, dict) and one in scripts), "")
    return {"web": {"command": f"{manager} run {name}"}} if name else {}


def _slug(name: str) -> str:
    from controller.core import names

    return names.slug(name, longest=50)


_OWN: dict[str, Callable[[str, str], Found]] = {
    "manage.py": _manage,
    "pyproject.toml": _pyproject,
    "package.json": _package,
}
