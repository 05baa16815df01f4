"""A WorkerSet on its way: what was carried over, and a note for each thing that was not.

What a key becomes is a `Rule` in its importer's table; the same tables make docs/importing.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.importers import convert

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """`lost` has no equivalent, and counts; `changed` is worth knowing; `needless` is not missed."""

    place: str
    text: str
    kind: Literal["lost", "changed", "needless"]


@dataclass(frozen=True, slots=True)
class Field:
    """A key with its value, and where it stands."""

    key: str
    value: Any
    place: str


@dataclass(slots=True)
class Draft:
    """One set. `name` is as the source has it; `place` is where it begins there.

    `optional` are env files that may be missing, with their places: here a set waits for one that is.
    `late` are variables whose values refer to others, as `$(NAME)`: `env` takes no such values.
    """

    name: str
    place: str
    spec: Spec = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)
    late: dict[str, str] = field(default_factory=dict)

    def lose(self, place: str, text: str) -> None:
        self.notes.append(Note(place, text, "lost"))

    def change(self, place: str, text: str) -> None:
        self.notes.append(Note(place, text, "changed"))

    def set_env(self, key: str, value: str) -> None:
        self.late.pop(key, None)
        self.spec.setdefault("env", {})[key] = value

    @property
    def env(self) -> dict[str, str]:
        found: dict[str, str] = self.spec.get("env", {})
        return found

    def set_late(self, key: str, value: str) -> None:
        self.late[key] = value
        self.env.pop(key, None)
        if not self.env:
            self.spec.pop("env", None)


@dataclass(slots=True)
class Drafts:
    """What an importer makes of its files; `notes` are about the files as a whole."""

    sets: list[Draft] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def lose(self, place: str, text: str) -> None:
        self.notes.append(Note(place, text, "lost"))

    def change(self, place: str, text: str) -> None:
        self.notes.append(Note(place, text, "changed"))


Apply = Callable[[Draft, Field], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a key becomes, in words; `apply` does it. Without `apply` it is lost, or needless."""

    becomes: str
    apply: Apply | None = None
    is_lost: bool = False


Rules = Mapping[str, Rule]


def put(field: str, make: Callable[[str], Any]) -> Rule:
    """The value, converted, under another name, which may be one of a map: `log.keep`."""
    section, _, inner = field.partition(".")

    def act(draft: Draft, given: Field) -> None:
        text = given.value if isinstance(given.value, str) else given.value.text
        if text is None:
            return
        if inner:
            draft.spec.setdefault(section, {})[inner] = make(text)
        else:
            draft.spec[field] = make(text)

    return Rule(f"`{field}`", act)


def text_of(value: Any) -> str:
    """Of a text, or of a scalar of a tree."""
    return str((value if isinstance(value, str) else value.text) or "")


def where_false(field: str, value: bool | str) -> Rule:
    """A switch whose other position is the default here."""

    def act(draft: Draft, given: Field) -> None:
        if not convert.truth(text_of(given.value)):
            draft.spec[field] = value

    return Rule(f"`{field}: {str(value).lower()}` where it is false", act)


def lost_if_on(why: str) -> Rule:
    """Has no equivalent, which matters only where it is switched on."""

    def act(_draft: Draft, given: Field) -> None:
        if text_of(given.value).strip().lower() not in ("", "0", "false", "no", "off"):
            raise ValueError(why)

    return Rule(f"nothing where it is off; else no equivalent: {why}", act)


def lost(why: str) -> Rule:
    """No equivalent: `why` says what to do instead."""
    return Rule(why, is_lost=True)


def needless(why: str) -> Rule:
    """Nothing is missing without it."""
    return Rule(why)


def read(key: str) -> Rule:
    """Taken together with other keys, where the importer looks for it."""
    return Rule(key, lambda _draft, _field: None)


def apply(rules: Rules, draft: Draft, given: Field, *, of: str) -> None:
    """One key of a set by its rule; a key without one is unknown, and lost."""
    rule = rules.get(given.key)
    if rule is None:
        draft.lose(given.place, f"{given.key}: unknown key of {of}")
    elif rule.apply is not None:
        try:
            rule.apply(draft, given)
        except ValueError as error:
            draft.lose(given.place, f"{given.key}: {error}")
    elif rule.is_lost:
        draft.lose(given.place, f"{given.key}: {rule.becomes.replace('`', '')}")
    else:
        draft.notes.append(Note(given.place, given.key, "needless"))


def table(rules: Rules) -> str:
    """Markdown: keys that become the same share a row."""
    shared: dict[str, list[str]] = {}
    for key, rule in rules.items():
        said = rule.becomes
        if rule.apply is None:
            said = f"no equivalent: {said}" if rule.is_lost else f"not needed: {said}"
        shared.setdefault(said, []).append(f"`{key}`")
    rows = [f"| {', '.join(keys)} | {said.replace('|', chr(92) + '|')} |" for said, keys in shared.items()]
    return "\n".join(["| key | becomes |", "| --- | --- |", *rows]) + "\n"
