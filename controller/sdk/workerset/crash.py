"""What a worker dies of, told before it dies, so that errors and `describe` can name it (S3.6)."""

from __future__ import annotations

import os
import sys

from . import contract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeAlias

    Trace: TypeAlias = "TracebackType | None"

_TEXT_LIMIT = 2000


def install() -> None:
    """Chain to the hook of before, which prints; does nothing in a process that is no worker."""
    if not os.environ.get(contract.NOTIFY_SOCKET) or not os.environ.get(contract.RUN):
        return
    before = sys.excepthook

    def hook(kind: type[BaseException], value: BaseException, trace: Trace) -> None:
        tell(value, trace)
        before(kind, value, trace)

    sys.excepthook = hook


def tell(value: BaseException, trace: Trace = None) -> None:
    """Say that this is what the process dies of."""
    try:
        if not isinstance(value, KeyboardInterrupt):
            _tell(type(value), value, trace or value.__traceback__)
    except Exception:  # noqa: BLE001, S110  # whatever this is, the first error is the one to print
        pass


def _tell(kind: type[BaseException], value: BaseException, trace: Trace) -> None:
    import json

    from . import notify

    place = _place(trace)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    fact = {
        "type": name,
        "message": str(value)[:_TEXT_LIMIT],
        "file": place[0][:_TEXT_LIMIT],
        "line": place[1],
    }
    notify.send(contract.SAY_ERROR + json.dumps(fact).encode("ascii")[: contract.MESSAGE_LIMIT])


def _place(trace: Trace) -> tuple[str, int]:
    """The innermost line of the program's own: an error inside a library is shown where it was called."""
    libraries = ("<", os.path.dirname(os.__file__), os.path.dirname(__file__))
    found = own = ("", 0)
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        found = (path, trace.tb_lineno)
        if not (path.startswith(libraries) or "-packages" in path):
            own = found
        trace = trace.tb_next
    path, line = own if own[0] else found
    here = os.getcwd() + os.sep
    return (path[len(here) :] if path.startswith(here) else path), line
