"""Files for the user's eyes only, written whole or not at all."""

from __future__ import annotations

import os

from controller.cli import errors


def write(path: str, text: str) -> None:
    """Replace it. A link is followed, so that it stays one. Raises CliError."""
    path = os.path.realpath(path)
    aside = f"{path}.workerctl-new"
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(aside, path)
    except OSError as error:
        raise errors.CliError(f"cannot write, {error.strerror}: {path}") from None
