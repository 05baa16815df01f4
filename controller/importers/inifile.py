"""INI files as supervisord and circus read them, with the line of each key."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass, field

from controller.importers import drafts, sources

_SECTION = re.compile(r"\[([^]]+)\]")
_KEY = re.compile(r"([^\s=:#;\[][^=:]*?)\s*[=:]")


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    place: str
    fields: dict[str, drafts.Field] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`program` of `[program:web]`."""
        return self.name.partition(":")[0].strip()

    @property
    def title(self) -> str:
        """`web` of `[program:web]`."""
        return self.name.partition(":")[2].strip()

    def text(self, key: str, default: str = "") -> str:
        found = self.fields.get(key)
        return str(found.value) if found is not None else default


def parse(source: sources.Source, comments: tuple[str, ...]) -> list[Section]:
    """`comments` end a value where white space stands before them. Raises NotOurs."""
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=comments)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys of [env] are names of variables
    try:
        parser.read_string(source.text, source.name)
    except configparser.MissingSectionHeaderError as error:
        raise sources.NotOurs(
            source.name, error.lineno, "not an INI file: no [section] stands above this line"
        ) from None
    except configparser.ParsingError as error:
        raise sources.NotOurs(
            source.name, error.errors[0][0], "neither a [section] nor key = value", "mend this line"
        ) from None
    lines = _lines(source.text)
    found = []
    for name in parser.sections():
        section = Section(name, source.at(lines.get((name, ""), 1)))
        for key, value in parser.items(name):
            place = source.at(lines.get((name, key), 1))
            section.fields[key] = drafts.Field(key, (value or "").strip(), place)
        found.append(section)
    return found


def _lines(text: str) -> dict[tuple[str, str], int]:
    """Where sections and keys stand; a later one of the same name wins, as its value does."""
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _SECTION.match(line):
            section = header[1]
            found.setdefault((section, ""), number)
        elif key := _KEY.match(line):
            found[section, key[1]] = number
    return found
