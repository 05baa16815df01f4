"""Short ways to import a text in tests."""

from __future__ import annotations

from typing import Any

from controller.importers import drafts, formats, sources
from tests.fakes.import_files import ImportFiles

NAMES = {
    "procfile": "Procfile",
    "compose": "compose.yaml",
    "supervisord": "supervisord.conf",
    "pm2": "process.json",
    "systemd": "web.service",
    "circus": "circus.ini",
    "caddyfile": "Caddyfile",
}


def translated(form: str, text: str, files: ImportFiles | None = None, name: str = "") -> drafts.Drafts:
    source = sources.Source(name or NAMES[form], text)
    return formats.FORMATS[form].translate((source,), files or ImportFiles())


def spec(form: str, text: str, files: ImportFiles | None = None) -> dict[str, Any]:
    """Of the only set."""
    [draft] = translated(form, text, files).sets
    return draft.spec


def lost(found: drafts.Drafts) -> list[str]:
    notes = [*found.notes, *(note for draft in found.sets for note in draft.notes)]
    return [f"{note.place}: {note.text}" for note in notes if note.kind == "lost"]
