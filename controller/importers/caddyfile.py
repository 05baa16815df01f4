"""FrankenPHP's workers in a Caddyfile: background ones become sets, the others stay with FrankenPHP."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.importers import caddyimport, caddytext, caddyworker, drafts, shell, sources

FILES = ("Caddyfile", "frankenphp/Caddyfile")
ABOUT = "Caddyfile with workers of FrankenPHP"

_PHP = ("php_server", "php")
_PORT = re.compile(r"(?:https?://)?[^/{}]*:(\d+)")


@dataclass(slots=True)
class _Seen:
    """What the walk through the sites has found."""

    workers: list[caddyworker.Worker] = field(default_factory=list)
    servers: list[caddytext.Directive] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)


def read(source: sources.Source, files: sources.Files, found: drafts.Drafts) -> None:
    """One file; raises NotOurs."""
    top = caddyimport.Expander(files, found).expand(caddytext.parse(source))
    seen = _Seen()
    for one in top:
        if _is_global(one):
            _global(one.block or [], seen)
    for one in _sites([one for one in top if not _is_global(one)]):
        _site(one, seen)
    if not seen.servers:
        fix = "Caddy alone is one program: workerctl create caddy -- caddy run"
        raise sources.NotOurs(source.name, 0, "no frankenphp and no php_server in it", fix)
    _unknown([*seen.servers, *(worker.directive for worker in seen.workers)], found)
    for worker in seen.workers:
        if worker.is_background:
            found.sets.append(caddyworker.draft(worker))
    _server(source, seen, found)


def _is_global(one: caddytext.Directive) -> bool:
    return one.block is not None and one.words[0].text == "{"


def _sites(top: list[caddytext.Directive]) -> list[caddytext.Directive]:
    """A file with one site may go without its braces: an address, then what would be in them."""
    is_bare = any(one.name in _PHP or (one.block is None and not _is_unknown(one)) for one in top)
    return [caddytext.Directive(top[0].words, top[0].source, top[1:])] if is_bare else top


def _is_unknown(one: caddytext.Directive) -> bool:
    """A variable in the place of directives."""
    return caddytext.UNKNOWN.fullmatch(one.name) is not None and one.block is None


def _unknown(blocks: list[caddytext.Directive], found: drafts.Drafts) -> None:
    """Variables that may hold workers, or what a worker is told."""
    for one in [inner for block in blocks for inner in block.block or () if _is_unknown(inner)]:
        found.lose(one.place, f"{one.name}: what the variable holds is not known; write it out")


def _global(block: list[caddytext.Directive], seen: _Seen) -> None:
    for one in block:
        if one.name == "frankenphp":
            seen.servers.append(one)
            for inner in one.block or ():
                if inner.name == "worker":
                    seen.workers.append(caddyworker.Worker(inner))


def _site(site: caddytext.Directive, seen: _Seen) -> None:
    addresses = [part for word in site.words for part in word.text.split(",") if part]
    scope = re.sub(r"^https?://", "", addresses[0]) if addresses else ""
    for address in addresses:
        if port := _PORT.fullmatch(address):
            seen.ports.append(int(port[1]))
    for one in _servers(site.block or []):
        seen.servers.append(one)
        inner = one.block or []
        env = {
            words.args[0]: words.args[1] for words in inner if words.name == "env" and len(words.args) == 2
        }
        for worker in inner:
            if worker.name == "worker":
                seen.workers.append(caddyworker.Worker(worker, scope, _root(inner), env))


def _servers(block: list[caddytext.Directive]) -> Iterator[caddytext.Directive]:
    """`php_server` and `php`, wherever they stand."""
    for one in block:
        if one.name in _PHP:
            yield one
        elif one.block is not None:
            yield from _servers(one.block)


def _root(server: list[caddytext.Directive]) -> str:
    """The folder that `php_server` itself names; with the `root` of its site files start where it runs."""
    return next((posixpath.normpath(one.args[0]) for one in server if one.name == "root" and one.args), "")


def _server(source: sources.Source, seen: _Seen, found: drafts.Drafts) -> None:
    """What serves requests is one program here: FrankenPHP with this very file."""
    serving = [worker for worker in seen.workers if not worker.is_background]
    php = [one for one in seen.servers if one.name != "frankenphp"]
    backgrounds = [worker for worker in seen.workers if worker.is_background]
    if backgrounds and not serving and not php:
        return
    first = [*php, *(worker.directive for worker in serving), *seen.servers][0]
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
