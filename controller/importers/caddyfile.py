"""FrankenPHP's workers in a Caddyfile: background ones become sets, the others stay with FrankenPHP."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from controller.importers import caddyimport, caddytext, caddyworker, drafts, shell, sources

FILES = ("Caddyfile", "frankenphp/Caddyfile")
ABOUT = "Caddyfile with workers of FrankenPHP"

_PORT = re.compile(r"(?:https?://)?[^/{}]*:(\d+)")


@dataclass(slots=True)
class _Seen:
    """What the walk through the sites has found."""

    workers: list[caddyworker.Worker] = field(default_factory=list)
    servers: list[caddytext.Directive] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    is_frankenphp: bool = False


def read(source: sources.Source, files: sources.Files, found: drafts.Drafts) -> None:
    """One file; raises NotOurs."""

    def missing_in(of: sources.Source) -> Callable[[str, int], None]:
        def missing(name: str, line: int) -> None:
            if "FRANKENPHP" in name or "WORKER" in name:
                found.lose(of.at(line), f"{{${name}}}: what the variable holds is not known; write it out")

        return missing

    expander = caddyimport.Expander(files, found, missing_in)
    top = expander.expand(caddytext.parse(source, missing_in(source)))
    seen = _Seen()
    for one in top:
        if one.block is not None and one.words[0].text == "{":
            _global(one.block, seen)
        else:
            _site(one, seen)
    if not seen.is_frankenphp:
        raise sources.NotOurs(source.name, 0, "no frankenphp and no php_server in it", "is this a Caddyfile?")
    for worker in seen.workers:
        if worker.is_background:
            found.sets.append(caddyworker.draft(worker))
    _server(source, seen, found)


def _global(block: list[caddytext.Directive], seen: _Seen) -> None:
    for one in block:
        if one.name == "frankenphp":
            seen.is_frankenphp = True
            seen.servers.append(one)
            for inner in one.block or ():
                if inner.name == "worker":
                    seen.workers.append(caddyworker.Worker(inner))


def _site(site: caddytext.Directive, seen: _Seen) -> None:
    """A block without address is a file of directives for one site."""
    addresses = [part for word in site.words for part in word.text.split(",") if part]
    scope = re.sub(r"^https?://", "", addresses[0]) if addresses else ""
    for address in addresses:
        if port := _PORT.fullmatch(address):
            seen.ports.append(int(port[1]))
    block = site.block or []
    root = _root(block)
    for one, folder in _servers(block, root):
        seen.is_frankenphp = True
        seen.servers.append(one)
        inner = one.block or []
        folder = _root(inner) or folder
        env = {
            words.args[0]: words.args[1] for words in inner if words.name == "env" and len(words.args) == 2
        }
        for worker in inner:
            if worker.name == "worker":
                seen.workers.append(caddyworker.Worker(worker, scope, folder, env))


def _servers(block: list[caddytext.Directive], root: str) -> Iterator[tuple[caddytext.Directive, str]]:
    """`php_server` and `php`, wherever they stand, with the folder they serve."""
    for one in block:
        if one.name in ("php_server", "php"):
            yield one, root
        elif one.block is not None:
            yield from _servers(one.block, _root(one.block) or root)


def _root(block: list[caddytext.Directive]) -> str:
    for one in block:
        if one.name == "root" and one.args and not one.args[-1].startswith(("*", "@")):
            return posixpath.normpath(one.args[-1])
    return ""


def _server(source: sources.Source, seen: _Seen, found: drafts.Drafts) -> None:
    """What serves requests is one program here: FrankenPHP with this very file."""
    serving = [worker for worker in seen.workers if not worker.is_background]
    php = [one for one in seen.servers if one.name != "frankenphp"]
    backgrounds = [worker for worker in seen.workers if worker.is_background]
    if not serving and not php:
        return
    first = (php or [worker.directive for worker in serving])[0]
    draft = drafts.Draft("frankenphp", first.place)
    draft.spec["command"] = shell.simplest(["frankenphp", "run", "--config", source.name])
    ports = list(dict.fromkeys(seen.ports))
    if len(ports) == 1:
        draft.spec["port"] = ports[0]
    for worker in serving:
        draft.change(worker.directive.place, f"worker {worker.file}: FrankenPHP itself runs it")
    if backgrounds:
        lines = ", ".join(worker.directive.place for worker in backgrounds)
        draft.change(
            backgrounds[0].directive.place, f"take the background workers out of the Caddyfile: {lines}"
        )
        for scope in dict.fromkeys(worker.scope for worker in backgrounds):
            option = f" --scope {scope}" if scope else ""
            draft.change(
                backgrounds[0].directive.place,
                f"so that requests can ask for them: workerctl php-ini{option}",
            )
    found.sets.append(draft)
