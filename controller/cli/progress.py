"""What a drain looks like while it goes on: one sentence, rewritten on a terminal, and the last line."""

from __future__ import annotations

from controller.cli import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from controller.cli.context import Context

AGAIN = " (again = kill now)"


def sentence(step: Mapping[str, Any], hint: str = "") -> str:
    """`stopping 3 workers (again = kill now): web-1 still busy, 27s left`. Pure."""
    remaining = step.get("remaining") or []
    total = len(remaining) + int(step.get("stopped") or 0)
    head = f"stopping {text.plural(total, 'worker')}{hint}"
    if not remaining:
        return head
    latest = max(remaining, key=lambda entry: float(entry.get("secondsLeft") or 0))
    names = [str(latest["worker"]), *(str(e["worker"]) for e in remaining if e is not latest)]
    left = latest.get("secondsLeft")
    tail = "" if left is None else f", {max(round(float(left)), 0)}s left"
    return f"{head}: {text.some_of(names)} still busy{tail}"


def summary(last: Mapping[str, Any]) -> str:
    """`stopped 3 in 3.2s, killed 0.` Pure."""
    seconds = float(last.get("seconds") or 0)
    return f"stopped {last.get('stopped', 0)} in {seconds:.1f}s, killed {last.get('killed', 0)}."


def survivors(last: Mapping[str, Any]) -> list[str]:
    """What no worker could be held for (S4.6), one line each."""
    found = last.get("survivors") or ()
    return [f"  {entry['pid']}  {' '.join(str(entry.get('command', '')).split())}" for entry in found]


class Ticker:
    """One line that changes: rewritten in place on a terminal, else a line whenever the names change."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._in_place = context.is_terminal and context.environ.get("TERM") != "dumb"
        self._shown = ""
        self._is_open = False

    def show(self, line: str, identity: object = None) -> None:
        """`identity` tells lines apart where they cannot be rewritten (a countdown is no news)."""
        if self._in_place:
            self._context.stdout.write(f"\r\x1b[K{line}")
            self._context.stdout.flush()
            self._is_open = True
        elif (key := repr(identity if identity is not None else line)) != self._shown:
            self._shown = key
            self._context.print(line)
            self._context.stdout.flush()

    def clear(self) -> None:
        """Remove the line, before others are printed."""
        if self._is_open:
            self._context.stdout.write("\r\x1b[K")
            self._is_open = False

    def keep(self) -> None:
        """End the line, leaving it to be read."""
        if self._is_open:
            self._context.stdout.write("\n")
            self._is_open = False
