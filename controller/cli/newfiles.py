"""Files that are written for a user: all or none, and never over one that is there."""

from __future__ import annotations

import os

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.cli.context import Context


def write(context: Context, folder: str, texts: Mapping[str, str], *, force: bool = False) -> None:
    """Raises CliError, before anything is written where that can be known."""
    paths = {name: os.path.join(folder, name) for name in texts}
    there = [path for path in paths.values() if os.path.lexists(context.resolve(path))]
    if there and not force:
        raise errors.CliError(
            f"nothing was written: there already: {', '.join(there)}",
            "--force overwrites, or name another folder",
        )
    try:
        os.makedirs(context.resolve(folder), exist_ok=True)
        for name, path in paths.items():
            with open(context.resolve(path), "w" if force else "x", encoding="utf-8") as file:
                file.write(texts[name])
            context.print(f"{path} written")
    except OSError as error:
        raise errors.CliError(f"cannot write {error.filename}: {error.strerror}") from None
