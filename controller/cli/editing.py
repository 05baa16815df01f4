"""The parts of `edit`: which editor, the file that keeps the text, and the patch between two objects."""

from __future__ import annotations

import os
import shlex

from controller.cli import errors, programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from controller.cli.context import Context

_HEAD = """\
# Edit the object below. Lines at the top that begin with '#' are ignored, an empty file cancels the edit.
# If it is refused, this file opens again with the reason.
"""


class Editor:
    """$VISUAL, else $EDITOR, else vi on a terminal."""

    def __init__(self, context: Context) -> None:
        self._environ = context.environ
        named = context.environ.get("VISUAL") or context.environ.get("EDITOR")
        if not named and not context.is_terminal:
            raise errors.CliError(
                "no editor: neither VISUAL nor EDITOR is set", 'as in EDITOR=nano, EDITOR="code --wait"'
            )
        try:
            self._words = shlex.split(named or "vi")
        except ValueError as error:
            raise errors.CliError(f"VISUAL or EDITOR cannot be read: {error}: {named}") from None

    def open(self, path: str) -> None:
        """Returns when the editor has ended. Raises `CliError` if it cannot, or fails."""
        try:
            code = programs.run([*self._words, path], self._environ)
        except OSError as error:
            raise errors.CliError(
                f"cannot start the editor {self._words[0]}: {error.strerror}",
                f"set EDITOR; the text is in {path}",
            ) from None
        if code != 0:
            raise errors.CliError(
                f"the editor failed with exit code {code}: {self._words[0]}",
                f"the text is in {path}",
            )


class Draft:
    """The file in the editor; it stays until the text has arrived."""

    def __init__(self, stem: str, environ: Mapping[str, str]) -> None:
        import tempfile

        handle, self.path = tempfile.mkstemp(
            prefix=f"workerctl-{stem}-", suffix=".yaml", dir=environ.get("TMPDIR") or None
        )
        os.close(handle)

    def write(self, text: str) -> None:
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self) -> str:
        try:
            with open(self.path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise errors.CliError("the text is not UTF-8", f"it is in {self.path}") from None

    def remove(self) -> None:
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def head(title: str, complaint: str) -> str:
    """The comment on top: what this is, and why it is here again."""
    lines = [f"# {line}".rstrip() for line in complaint.splitlines()]
    reason = "#\n" + "\n".join(lines) + "\n" if lines else ""
    return f"# {title}\n{_HEAD}{reason}#\n"


def body(text: str) -> str:
    """The text without the comment on top."""
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) that makes `after` of `before`; empty if there is nothing to do."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            if inner := merge_patch(old, value):
                patch[key] = inner
        elif key not in before or type(old) is not type(value) or old != value:
            patch[key] = value
    return patch
