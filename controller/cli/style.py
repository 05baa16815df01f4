"""Colours of single words, by hand: what streams must not wait for a rendering library.

Colour is used on a terminal only; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_RESET = "\x1b[0m"
_STATES = {
    "Ready": "32",
    "Completed": "32",
    "Running": "32",
    "Lazy": "36",
    "CatchAll": "36",
    "Starting": "33",
    "Rolling": "33",
    "Waiting": "33",
    "Backoff": "31",
    "Failed": "1;31",
    "Suspended": "2",
}
_WORKERS = ("36", "33", "35", "34", "32", "96", "93", "95", "94", "92")


def is_wanted(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Whether to colour: no-color.org, bixense.com/clicolors, and dumb terminals."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return is_terminal and environ.get("TERM", "") != "dumb"


class Style:
    """Paints where colour is wanted, and leaves text alone where it is not."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self._assigned: dict[str, str] = {}

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.enabled and code else text

    def state(self, word: str, width: int = 0) -> str:
        """A STATUS word (S1.9), padded before it is painted."""
        return self.paint(f"{word:<{width}}", _STATES.get(word, ""))

    def worker(self, name: str, width: int = 0) -> str:
        """A worker's name in the colour it keeps: colours go round in order of appearance."""
        code = self._assigned.get(name)
        if code is None:
            code = self._assigned[name] = _WORKERS[len(self._assigned) % len(_WORKERS)]
        return self.paint(f"{name:<{width}}", code)

    def bold(self, text: str) -> str:
        return self.paint(text, "1")

    def dim(self, text: str) -> str:
        return self.paint(text, "2")

    def good(self, text: str) -> str:
        return self.paint(text, "32")

    def bad(self, text: str) -> str:
        return self.paint(text, "31")
