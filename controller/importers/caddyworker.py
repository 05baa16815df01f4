"""One `worker` of FrankenPHP: its block, its short form, and the set that a background one becomes."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from controller.importers import caddytext, convert, drafts

MOST_PATTERNS = 1000
_BRACES = re.compile(r"\{([^{}$]*,[^{}]*)\}")
_PLACEHOLDER = re.compile(r"\{(?!\$)[A-Za-z_.\[\]0-9]+\}")


@dataclass(frozen=True, slots=True)
class Worker:
    """`scope` is the site it is declared in, `folder` the root its server names, `env` what that sets."""

    directive: caddytext.Directive
    scope: str = ""
    folder: str = ""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def is_background(self) -> bool:
        return any(one.name == "background" for one in self.directive.block or ())

    @property
    def file(self) -> str:
        """Relative ones start in the folder, as there."""
        found = [one.args[0] for one in self.directive.block or () if one.name == "file" and one.args]
        path = (self.directive.args or found or [""])[0]
        return posixpath.normpath(posixpath.join(self.folder, path)) if path else ""


def draft(worker: Worker) -> drafts.Draft:
    """A background worker as a set."""
    directive, place = worker.directive, worker.directive.place
    named = next((one.args[0] for one in directive.block or () if one.name == "name" and one.args), "")
    stem = posixpath.basename(worker.file).partition(".")[0]
    made = drafts.Draft(named.removeprefix("m#") or stem or "worker", place, {"background": True})
    if not worker.file:
        made.lose(place, "worker: no file")
    for key, text in (("file", worker.file), ("scope", worker.scope)):
        if caddytext.UNKNOWN.search(text):
            made.lose(place, f"{key}: {_not_known(text)}")
        elif text:
            made.spec[key] = text
    for key, value in worker.env.items():
        drafts.apply(RULES, made, drafts.Field("env", [key, value], place), of="a worker")
    if len(directive.args) > 1:
        _short(made, directive.args[1:], place)
    for one in directive.block or ():
        if caddytext.UNKNOWN.fullmatch(one.name):
            continue  # told for all servers and workers together
        value = one.args[0] if one.args else ""
        given = drafts.Field(one.name, one.args if one.name in ("env", "watch") else value, one.place)
        drafts.apply(RULES, made, given, of="a worker")
    return made


def _short(made: drafts.Draft, rest: list[str], place: str) -> None:
    """`worker FILE NUM` and `worker FILE watch`."""
    if rest[0] == "watch":
        made.spec["watch"] = True
    elif rest[0].isdecimal():
        made.spec["num"] = int(rest[0])
    if len(rest) > 1 or not (rest[0] == "watch" or rest[0].isdecimal()):
        made.lose(place, f"worker: only a number, or watch, may follow the file: {' '.join(rest)}")


def _not_known(text: str) -> str:
    return f"what the variable holds is not known; write it out: {text}"


def _name(made: drafts.Draft, given: drafts.Field) -> None:
    if caddytext.UNKNOWN.search(given.value):
        raise ValueError(_not_known(given.value))
    made.spec["name"] = given.value.removeprefix("m#")


def _env(made: drafts.Draft, given: drafts.Field) -> None:
    if len(given.value) != 2:
        raise ValueError("a name and a value are expected")
    key, value = given.value
    if value == f"{{${key}}}":
        return  # inherited anyway
    if caddytext.UNKNOWN.search(value):
        raise ValueError(_not_known(f"{key} {value}"))
    if _PLACEHOLDER.search(value):
        raise ValueError(f"no placeholders in the values of env: {key} {value}")
    made.set_env(key, value)


def _watch(made: drafts.Draft, given: drafts.Field) -> None:
    if not given.value:
        made.spec.setdefault("watch", True)
        return
    kept = made.spec.get("watch")
    patterns = list(kept) if isinstance(kept, list) else []
    for pattern in given.value:
        if caddytext.UNKNOWN.search(pattern):
            raise ValueError(_not_known(pattern))
        patterns += [convert.pattern(one) for one in _alternatives(pattern)]
    made.spec["watch"] = patterns


def _alternatives(pattern: str) -> list[str]:
    """`*.{php,twig}` as two patterns. Raises ValueError where they are too many."""
    found = [pattern]
    while any(_BRACES.search(one) for one in found):
        found = [other for one in found for other in _first_alternatives(one)]
        if len(found) > MOST_PATTERNS:
            raise ValueError(f"more than {MOST_PATTERNS} patterns: {pattern}")
    return found


def _first_alternatives(pattern: str) -> list[str]:
    braces = _BRACES.search(pattern)
    if braces is None:
        return [pattern]
    before, after = pattern[: braces.start()], pattern[braces.end() :]
    return [f"{before}{part.strip()}{after}" for part in braces[1].split(",")]


RULES: drafts.Rules = {
    "file": drafts.read("`file`, below the `root` that its `php_server` names"),
    "background": drafts.read("`background: true`; without it FrankenPHP itself runs the worker"),
    "name": drafts.Rule("`name`; without it the set is the catch-all of its scope", _name),
    "num": drafts.put("num", convert.number),
    "max_threads": drafts.put("max_threads", convert.number),
    "max_consecutive_failures": drafts.put("max_consecutive_failures", convert.number),
    "env": drafts.Rule("`env`, over that of `php_server`", _env),
    "watch": drafts.Rule("`watch`: `true` without a pattern; `{a,b}` as two", _watch),
    "match": drafts.lost("a background worker serves no requests"),
}
