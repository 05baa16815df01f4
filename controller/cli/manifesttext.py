"""Manifests as text for people: keys in their order, and in comments what could not be carried over."""

from __future__ import annotations

from controller.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.importers import drafts


def text(document: dict[str, Any], draft: drafts.Draft | None = None) -> str:
    """One document; with its draft, where it came from and what its notes say."""
    head = "" if draft is None else comments(draft.notes, draft.place)
    return head + output.dump_yaml(document, by_hand=True)


def head(found: drafts.Drafts) -> str:
    """What is to be said about the files as a whole, apart from the first set."""
    said = comments(found.notes)
    return f"{said}\n" if said else ""


def comments(notes: Sequence[drafts.Note], place: str = "") -> str:
    """Lost things with their places, then what changed, then what is not missed."""
    lines = [f"from {place}"] if place else []
    file = place.rpartition(":")[0]
    lost = [f"  {_place(note.place, file)}{note.text}" for note in notes if note.kind == "lost"]
    if lost:
        lines += ["no equivalent:", *dict.fromkeys(lost)]
    lines += dict.fromkeys(f"note: {note.text}" for note in notes if note.kind == "changed")
    needless = dict.fromkeys(note.text for note in notes if note.kind == "needless")
    if needless:
        lines.append(f"not needed: {', '.join(needless)}")
    return "".join(f"# {' '.join(line.split()) if line[:2] != '  ' else line}\n" for line in _flat(lines))


def _flat(lines: Sequence[str]) -> list[str]:
    """A comment ends with its line, whatever a value holds."""
    return ["".join(char if char.isprintable() else " " for char in line) for line in lines]


def _place(place: str, file: str) -> str:
    """`line 7: ` in the file that the comment begins with, else the whole place."""
    name, colon, line = place.rpartition(":")
    if not (colon and line.isdecimal()):
        return ""
    return f"line {line}: " if name == file else f"{place}: "
