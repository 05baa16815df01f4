"""How a line of a worker, and a change of a set, look in `up`: local time, name in its colour, text."""

from __future__ import annotations

from datetime import UTC, datetime

from controller import clock
from controller.cli import objects, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from controller.cli.context import Context

_WIDEST_NAME = 24


class Printer:
    """Prints `10:14:02 web-0    | Application startup complete.`; names are aligned as they come up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._paint = context.style
        self._width = 8
        self.last_stamp: str | None = None
        self._last_second = ""
        self._last_time = ""

    def log_lines(self, lines: Iterable[bytes]) -> None:
        """Lines of the log endpoint with prefix and timestamps: `web-0 | STAMP text`."""
        out = []
        for raw in lines:
            worker, _, rest = raw.decode("utf-8", "replace").partition(" | ")
            stamp, _, said = rest.partition(" ")
            self.last_stamp = stamp
            out.append(f"{self._local(stamp)} {self._name(worker)} | {said}\n")
        self._context.stdout.write("".join(out))

    def set_line(self, obj: Mapping[str, Any], state: str, why: str) -> None:
        """A change of a set, at the time it is seen."""
        line = f"{self._now()} {self._name(objects.name(obj))} {self._paint.dim('·')} "
        line += f"{objects.ready(obj)} {self._paint.state(state)}"
        self._context.print(f"{line}  {why}" if why else line)

    def trouble(self, text: str) -> None:
        """Something that must be mended, as it is; empty: it was."""
        if text:
            self._context.note(text)
        else:
            self.note("mended")

    def note(self, said: str) -> None:
        """About the project as a whole."""
        self._context.print(f"{self._now()} {self._paint.dim(said)}")

    def _name(self, name: str) -> str:
        self._width = max(self._width, min(len(name), _WIDEST_NAME))
        return self._paint.worker(name, self._width)

    def _local(self, stamp: str) -> str:
        """The wall clock where the user is; lines of one second share the work."""
        second = stamp[:19]
        if second != self._last_second:
            at = text.epoch(stamp)
            self._last_second = second
            self._last_time = _clock_time(at) if at is not None else second
        return self._last_time

    def _now(self) -> str:
        return _clock_time(clock.SystemClock().wall())


def _clock_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")
