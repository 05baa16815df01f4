"""Procfiles of Heroku, Foreman, Honcho, Overmind and Hivemind: one `name: command` a line."""

from __future__ import annotations

import re

from controller.importers import drafts, shell, sources

FILES = ("Procfile", "Procfile.dev")
ABOUT = "Procfile (Heroku, Foreman, Honcho, Overmind)"

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(?!\{\s*[\"\w-]+:)(\S.*)")
"""A map in braces is YAML, no command."""
_PORT = re.compile(r"\$\{?PORT\b")
FIRST_PORT, STEP = 5000, 100
"""Foreman's: 5000 for the first line, 100 more for each that follows."""

RULES = {
    "name: command": drafts.read("a set; `command` runs without a shell where it can, else `[sh, -c, …]`"),
    "A=b command": drafts.read("`env`"),
    "cd DIR && command": drafts.read("`working_dir`"),
    "$PORT": drafts.read(
        "`port`: 5000 for the first line, 100 more for each that follows, as Foreman counts"
    ),
    "web without $PORT": drafts.read("`env: {PORT: …}`, since its program may read it"),
    "release": drafts.read("`restart: never`, `ready_when: completed`: runs once"),
    ".env beside it": drafts.read("`env_files`"),
}


def read(source: sources.Source, files: sources.Files, found: drafts.Drafts) -> None:
    """One file; raises NotOurs."""
    lines = [(number, line.rstrip()) for number, line in enumerate(source.text.splitlines(), 1)]
    meant = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    fitting = [(number, match) for number, line in meant if (match := _LINE.fullmatch(line))]
    if not fitting or len(fitting) * 2 < len(meant):
        raise sources.NotOurs(
            source.name, meant[0][0] if meant else 0, "not a Procfile", "each line is name: command"
        )
    env_files = [".env"] if files.find(".env", source.name) else []
    for place, (number, match) in enumerate(fitting):
        draft = _set(match[1], match[2], source.at(number), FIRST_PORT + STEP * place)
        if env_files:
            draft.spec["env_files"] = list(env_files)
        found.sets.append(draft)
    numbers = {number for number, _ in fitting}
    for number, line in meant:
        if number not in numbers:
            found.lose(source.at(number), f"not of the form name: command: {line.strip()}")


def _set(name: str, line: str, place: str, port: int) -> drafts.Draft:
    draft = drafts.Draft(name, place)
    if _PORT.search(line):
        draft.spec["port"] = port
    elif name == "web":
        draft.set_env("PORT", str(port))
    try:
        shell.put(draft, line, ("PORT",) if "port" in draft.spec else ())
    except ValueError as error:
        draft.lose(place, f"{line}: {error}")
    if name == "release":
        draft.spec |= {"restart": "never", "ready_when": "completed"}
        draft.change(place, "release runs once; it does not hold up the others")
    return draft
