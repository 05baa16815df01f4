"""Which set answers to a worker name (S2.1–S2.5): all or nothing per scope, never name by name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core import kinds, quantity, refusals, sentences

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Declared:
    """A background set, as far as looking up names is concerned."""

    key: kinds.Key
    scope: str = ""
    name: str | None = None
    num: int = 0
    cap: int = kinds.DEFAULT_CAP
    file: str | None = None
    entrypoint: str = ""
    suspended: bool = False
    idles: bool = False
    seniority: tuple[bool, str, str] = (False, "", "")

    @property
    def is_catch_all(self) -> bool:
        return self.name is None

    @property
    def is_eager(self) -> bool:
        """S3.4: an ensure starts nothing and only waits."""
        return self.name is not None and self.num > 0


def declared(obj: kinds.Object) -> Declared | None:
    """None for a set that answers to no name: not a background set, or one that is being deleted."""
    spec, meta = obj["spec"], obj["metadata"]
    if not spec.get("background") or meta.get("deletionTimestamp"):
        return None
    command = spec.get("command") or ()
    entry = spec.get("file") or (command if isinstance(command, str) else " ".join(command))
    return Declared(
        key=kinds.Key(meta.get("namespace", ""), meta["name"]),
        scope=spec.get("scope", ""),
        name=spec.get("name"),
        num=int(spec.get("num", 0)),
        cap=int(spec.get("max_threads") or kinds.DEFAULT_CAP),
        file=spec.get("file"),
        entrypoint=entry,
        suspended=bool(spec.get("suspend")),
        idles=quantity.parse_duration(spec.get("idle_timeout", "0s")) > 0,
        seniority=(is_conflicted(obj), str(meta.get("creationTimestamp", "")), meta["name"]),
    )


def identity(obj: kinds.Object) -> tuple[Any, ...] | None:
    """What of an object resolution depends on: while this is equal, every name resolves as before."""
    one = declared(obj)
    return None if one is None else (one.scope, one.name)


class Directory:
    """The background sets of one namespace; `others` are names of its other sets."""

    def __init__(self, found: Iterable[Declared], *, namespace: str = "", others: Iterable[str] = ()) -> None:
        self._namespace, self._others = namespace, frozenset(others)
        self._named: dict[str, dict[str, Declared]] = {}
        self._catch_alls: dict[str, Declared] = {}
        self.sets: dict[kinds.Key, Declared] = {}
        for one in sorted(found, key=lambda each: each.seniority):
            self.sets[one.key] = one
            named = self._named.setdefault(one.scope, {})
            if one.name is None:
                self._catch_alls.setdefault(one.scope, one)
            else:
                named.setdefault(one.name, one)

    def chosen_scope(self, scope: str) -> str:
        """S2.2: the caller's scope if it declares any background set, else the global one."""
        return scope if scope in self._named else ""

    def find(self, scope: str, name: str) -> Declared | None:
        """The set that answers to `name` for a caller in `scope`, if any does."""
        chosen = self.chosen_scope(scope)
        return self._named.get(chosen, {}).get(name) or self._catch_alls.get(chosen)

    def resolve(self, scope: str, name: str) -> Declared:
        """S2.3; raises Refusal naming the scope and what it declares. Refuses a catch-all's own name."""
        found = self.find(scope, name)
        if found is None:
            raise self._undeclared(scope, name)
        if found.is_catch_all and is_own_name(found, name):
            raise refusals.invalid(
                f"{name} is the catch-all {found.key.name} itself (it runs {found.entrypoint}), "
                "which cannot be an instance of itself: ensure another name"
            )
        return found

    def _undeclared(self, scope: str, name: str) -> refusals.Refusal:
        chosen = self.chosen_scope(scope)
        known = sorted(self._named.get(chosen, {}))
        where = said(chosen)
        if self._namespace not in ("", "default"):
            where += f" of namespace {self._namespace}"
        if scope != chosen:
            where += f" (scope {scope} declares no background set)"
        has = sentences.several(known, _SHOWN) if known else "no background set"
        return refusals.Refusal(
            refusals.Kind.UNDECLARED,
            f"no background worker answers to {name} in {where}, which declares {has} and no catch-all; "
            f"{self._instead(name)}",
            {"name": name, "scope": chosen, "declared": known[:100]},
        )

    def _instead(self, name: str) -> str:
        """What to do; it may be declared elsewhere, or be a set that answers to another name or to none."""
        elsewhere = [said(scope) for scope, named in sorted(self._named.items()) if name in named]
        if elsewhere:
            return f"it is declared in {sentences.several(elsewhere)}: ask there, or declare it here too"
        if name in self._others:
            return f"the set {name} is no background worker: add background: true and name: {name} to it"
        there = self.sets.get(kinds.Key(self._namespace, name))
        if there is not None:
            answers_to = "any name" if there.name is None else there.name
            return f"the set {name} answers to {answers_to} in {said(there.scope)}"
        return f"declare a set with background: true and name: {name}, or one without a name"


def said(scope: str) -> str:
    return f"scope {scope}" if scope else "the global scope"


def is_own_name(catch_all: Declared, name: str) -> bool:
    """S2.5: its file as declared, below any folder, by its base name, with or without the suffix; and its
    set's name where eager processes run under that."""
    if catch_all.num > 0 and name == catch_all.key.name:
        return True
    if catch_all.file is None:
        return False
    path = posixpath.normpath(catch_all.file)
    stem = posixpath.splitext(path)[0]
    asked = posixpath.normpath(name)
    own = {path, stem, posixpath.basename(path), posixpath.basename(stem)}
    return asked in own or (asked.startswith("/") and asked.endswith("/" + path))


def cap_reached(catch_all: Declared, name: str, holders: Mapping[str, Mapping[str, str]]) -> refusals.Refusal:
    """S2.5; `holders` maps the names that hold the places to who ensured them, and since when."""
    lines = []
    for held, owners in list(holders.items())[:_SHOWN]:
        by = ", ".join(f"{owner} since {since}" for owner, since in owners.items())
        lines.append(f"{held} ({by or 'its manifest'})")
    if len(holders) > _SHOWN:
        lines.append(f"and {len(holders) - _SHOWN} more")
    key = catch_all.key
    where = f" --scope {catch_all.scope}" if catch_all.scope else ""
    return refusals.Refusal(
        refusals.Kind.CAP,
        f"the catch-all {key.name} runs {len(holders)} of {catch_all.cap} names already: {', '.join(lines)}; "
        f"release one (workerctl release NAME{where}), raise max_threads of {key.name}, "
        f"or declare the name as a set of its own: {name}",
        {
            "name": name,
            "scope": catch_all.scope,
            "set": key.name,
            "cap": catch_all.cap,
            "holders": [{"name": held, "owners": dict(owners)} for held, owners in holders.items()],
        },
    )


def is_conflicted(obj: kinds.Object) -> bool:
    """Another set holds what this one claims (S1.2): the older holder answers."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Waiting" and one.get("reason") == "Conflict" for one in conditions)
