"""Every format that can be imported, and which one a text looks like."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from controller.core import kinds
from controller.importers import (
    caddyfile,
    caddyworker,
    circus,
    compose,
    composekeys,
    drafts,
    pm2,
    pm2keys,
    procfile,
    rebase,
    settle,
    sources,
    supervisord,
    systemd,
    unitkeys,
)

Translate = Callable[[tuple[sources.Source, ...], sources.Files], drafts.Drafts]
Read = Callable[[sources.Source, sources.Files, drafts.Drafts], None]


def _each(read: Read) -> Translate:
    """Files of formats that know nothing of each other."""

    def translate(given: tuple[sources.Source, ...], files: sources.Files) -> drafts.Drafts:
        found = drafts.Drafts()
        for source in given:
            read(source, files, found)
        return found

    return translate


@dataclass(frozen=True, slots=True)
class Format:
    """`files` are the names that it usually has, in the order of precedence."""

    name: str
    about: str
    files: tuple[str, ...]
    translate: Translate
    rules: Mapping[str, drafts.Rules]
    """What its keys become, by where they stand."""
    starts_beside: bool = False
    """Whether its relative paths start in its own folder; else where the program was started."""


def _formats() -> Iterator[Format]:
    yield Format(
        "procfile", procfile.ABOUT, procfile.FILES, _each(procfile.read), {"a line": procfile.RULES}, True
    )
    yield Format(
        "compose", compose.ABOUT, compose.FILES, compose.translate, {"a service": composekeys.RULES}, True
    )
    yield Format(
        "supervisord", supervisord.ABOUT, supervisord.FILES, supervisord.translate,
        {"`[program:NAME]`": supervisord.RULES},
    )  # fmt: skip
    yield Format("pm2", pm2.ABOUT, pm2.FILES, _each(pm2.read), {"an app": pm2keys.RULES})
    units = {"`[Service]`": unitkeys.SERVICE, "`[Unit]`": unitkeys.UNIT}
    yield Format("systemd", systemd.ABOUT, systemd.FILES, systemd.translate, units)
    yield Format(
        "circus",
        circus.ABOUT,
        circus.FILES,
        circus.translate,
        {"`[watcher:NAME]`": circus.RULES, "`[circus]`": circus.EVERYWHERE},
    )
    yield Format(
        "caddyfile",
        caddyfile.ABOUT,
        caddyfile.FILES,
        _each(caddyfile.read),
        {"a `worker`": caddyworker.RULES},
    )


FORMATS = {form.name: form for form in _formats()}


def looks_like(source: sources.Source) -> str:
    """The format of a file, by its name, else by what stands in it; empty where nothing tells."""
    base = source.name.rpartition("/")[2]
    for name, form in FORMATS.items():
        if any(fnmatch.fnmatch(base, pattern.rpartition("/")[2]) for pattern in form.files):
            return name
    marks = (
        ("[program:", "supervisord"), ("[supervisord]", "supervisord"),
        ("[watcher:", "circus"), ("[Service]", "systemd"),
        ("frankenphp", "caddyfile"), ("php_server", "caddyfile"), ("\nservices:", "compose"),
        ("module.exports", "pm2"), ('"apps"', "pm2"), ("\napps:", "pm2"),
    )  # fmt: skip
    text = f"\n{source.text}"
    return next((name for mark, name in marks if mark in text), "")


def documents(
    name: str, given: tuple[sources.Source, ...], files: sources.Files
) -> tuple[drafts.Drafts, list[tuple[drafts.Draft, kinds.Object]]]:
    """Everything about one import: what was found, and the documents made of it. Raises NotOurs."""
    for source in given:
        if not source.text.strip():
            raise sources.NotOurs(source.name, 0, "the file is empty", "was it saved?")
    try:
        found = FORMATS[name].translate(given, files)
    except sources.NotOurs as error:
        other = next((form for source in given if (form := looks_like(source)) not in ("", name)), "")
        if not other:
            raise
        raise error.with_fix(
            f"it looks like another kind: workerctl import {other} {given[0].name}"
        ) from None
    folder = posixpath.dirname(given[0].name) if FORMATS[name].starts_beside else ""
    for draft in found.sets:
        _without_missing(draft, files, given[0].name)
        rebase.rebase(draft, posixpath.join(files.base, folder), files.root)
    return found, settle.documents(found)


def _without_missing(draft: drafts.Draft, files: sources.Files, beside: str) -> None:
    """Env files that may be missing, and are."""
    for path, place in draft.optional.items():
        if not files.find(path, beside):
            draft.lose(place, f"left out, since a set waits for an env file that is not there: {path}")
            draft.spec["env_files"] = [one for one in draft.spec["env_files"] if one != path]
    if draft.spec.get("env_files") == []:
        del draft.spec["env_files"]


def markdown() -> str:
    """The tables of docs/importing.md."""
    parts = []
    for form in FORMATS.values():
        parts += [f"## {form.name}", "", f"{form.about[:1].upper()}{form.about[1:]}.", ""]
        for where, rules in form.rules.items():
            parts += [f"Of {where}:", "", drafts.table(rules)]
    return "\n".join(parts)
