"""What the screen of `dev` shows, and what its keys do: a value that changes, no terminal."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from controller.cli import objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Object = dict[str, Any]
    Key = tuple[str, str]

KEPT_LINES = 2000
_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\x00-\x08\x0b-\x1f\x7f]"
)
"""Escape sequences and what else would move the cursor (ECMA-48)."""

FAILURE_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log; `worker` is empty for what we say ourselves."""

    time: str
    worker: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a key asks of the controller: `restart`, `scale` (by `change`), or `quit`."""

    verb: str
    key: Key = ("", "")
    change: int = 0


@dataclass(slots=True)
class Usage:
    """Processor time in cores since the last look, and memory."""

    cores: float | None = None
    memory: int = 0


@dataclass(slots=True)
class Screen:
    """`sets` is the session's own mapping. `frozen` are the lines shown while paused."""

    title: str
    sets: Mapping[Key, Object]
    usage: dict[Key, Usage] = field(default_factory=dict)
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    selected: Key | None = None
    only: Key | None = None
    frozen: list[Line] | None = None
    failure: Key | None = None
    trouble: str = ""
    helps: bool = False

    # ------------------------------------------------------------------ what is told

    def add(self, time: str, worker: str, text: str) -> None:
        self.lines.append(Line(time, worker, _CONTROL.sub("", text.replace("\t", "    "))))

    # ------------------------------------------------------------------ what is seen

    @property
    def keys(self) -> list[Key]:
        return sorted(self.sets)

    @property
    def chosen(self) -> Key | None:
        """The set the keys are about: the first one until another was chosen, or it went."""
        keys = self.keys
        if self.selected in self.sets:
            return self.selected
        return keys[0] if keys else None

    def shown(self) -> Sequence[Line]:
        """The lines of the log that pass the filter."""
        lines: Sequence[Line] = list(self.lines) if self.frozen is None else self.frozen
        if self.only is None:
            return lines
        return [line for line in lines if line.worker and self.set_of(line.worker) == self.only[1]]

    def set_of(self, worker: str) -> str:
        """S1.10: workers are called after their set; the longest name that fits is it."""
        names = [name for _, name in self.sets if worker == name or worker.startswith(f"{name}-")]
        return max(names, key=len, default="")

    def failure_lines(self) -> list[str]:
        """All that is known of what is wrong with a set, and what it said last."""
        if self.failure is None:
            return self.trouble.splitlines()
        obj = self.sets.get(self.failure)
        if obj is None:
            return [f"{self.failure[1]} is gone"]
        found = [f"{objects.name(obj)}  {objects.ready(obj)}  {objects.state(obj)}", ""]
        for one in (obj.get("status") or {}).get("conditions") or ():
            message = str(one.get("message") or "")
            if message and message not in found:
                found += [message]
        said = [
            line.text for line in self.lines if line.worker and self.set_of(line.worker) == self.failure[1]
        ]
        return [*found, "", "last lines", *(f"  {text}" for text in said[-FAILURE_LINES:])]

    # ------------------------------------------------------------------ what is pressed

    def press(self, key: str) -> Asked | None:
        """What a key changes here; what it asks for is returned."""
        chosen = self.chosen
        if key in ("q", "\x03", "\x04"):
            return Asked("quit")
        if self.failure is not None or self.helps:
            self.failure, self.helps = None, False
            return None
        if key == "?":
            self.helps = True
        elif key in ("p", " "):
            self.frozen = list(self.lines) if self.frozen is None else None
        elif key in ("j", "down", "k", "up"):
            self._move(1 if key in ("j", "down") else -1)
        elif chosen is None:
            return None
        elif key == "f":
            self.only = None if self.only == chosen else chosen
        elif key == "enter":
            self.failure = chosen
        elif key == "r":
            return Asked("restart", chosen)
        elif key in ("+", "=", "-"):
            return Asked("scale", chosen, -1 if key == "-" else 1)
        return None

    def _move(self, by: int) -> None:
        keys = self.keys
        if keys and self.chosen is not None:
            self.selected = keys[(keys.index(self.chosen) + by) % len(keys)]
            if self.only is not None:
                self.only = self.selected


def cause(obj: Mapping[str, Any]) -> str:
    """What is wrong with a set; where nothing is, why it was last restarted."""
    why = objects.why(obj)
    if why:
        return why
    restarted = (obj["metadata"].get("annotations") or {}).get("workerset.dev/restarted-by")
    return f"restarted by {restarted}" if restarted else " ".join(objects.addresses(obj))


def restarts(obj: Mapping[str, Any]) -> int:
    return int((obj.get("status") or {}).get("restarts") or 0)
