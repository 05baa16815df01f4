"""Where a stack trace goes: a file, so that users see one line and a report still has everything."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Mapping


def write(error: BaseException, environ: Mapping[str, str]) -> str:
    """Write the trace under $XDG_STATE_HOME (else the temp folder); returns its path."""
    home = environ.get("XDG_STATE_HOME") or os.path.join(
        environ.get("HOME") or "/nonexistent", ".local/state"
    )
    folder = os.path.join(home, "workerset")
    text = "".join(traceback.format_exception(error))
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError:
        folder = tempfile.gettempdir()
    handle, path = tempfile.mkstemp(prefix="trace-", suffix=".txt", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path
