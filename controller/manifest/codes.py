"""The codes of diagnostics, a closed list: what each means, and what helps. docs/validate.md shows it."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "Duplicate": ("the same key, name, place or address twice", "keep one of the two, or rename one"),
    "Empty": ("a file with nothing in it", "save it again, or remove it"),
    "Encoding": ("a file that is not UTF-8 text", "save it as UTF-8"),
    "Invalid": ("a value that is not possible in its field", "write one that the message names"),
    "NoDocument": ("a document that is not a map", "begin with apiVersion: workerset.dev/v1"),
    "NoManifests": ("a folder without manifests", "name another folder, or add -R"),
    "NotFound": ("a path, or the name of a set, that is not there", "create or declare it, or correct it"),
    "NotSupported": ("a field that this version does not run yet", "remove it"),
    "OtherFile": ("a file that holds no WorkerSet", "leave it out, or do without --strict"),
    "OtherKind": ("a document of another kind", "leave it out, or do without --strict"),
    "PlainScalar": ("a plain scalar that other tools read as something else than text", "quote it"),
    "Required": ("a field that must be there is missing", "add it"),
    "Syntax": ("text that is not YAML, or not JSON", "mend the line that is pointed at"),
    "TypeInvalid": ("a value of another type than the field's", "write the type that the message names"),
    "UnknownField": ("a field that WorkerSets do not have", "write the field that is meant, or remove it"),
    "Unreadable": ("a file that could not be opened", "correct its name, or what it permits"),
}
"""Code → what it is about, and what to do."""
