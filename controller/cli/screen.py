"""The terminal under the screen of `dev`: keys in, changed lines out; nothing is drawn unless it is new.

A terminal that goes away (EIO, end of file) ends the session as Ctrl-C does; nothing is written to it then.
"""

from __future__ import annotations

import contextlib
import os
import termios
import tty

from controller import clock
from controller.cli import errors, objects, render_screen, restart, screenmodel, session, text, watchstream
from controller.client import errors as client_errors
from controller.client import http, resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from controller.cli.context import Context

    Object = dict[str, Any]

FRAME_MS = 40
FIRST_LOOK_SECONDS = 2.0
LONGEST_LOOK_SECONDS = 60.0
"""CPU and memory are looked at ever more rarely while nothing else happens."""

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_ARROWS = {"\x1b[A": "up", "\x1b[B": "down", "\x1bOA": "up", "\x1bOB": "down"}


class TerminalScreen:
    """`session.Shows`, `session.Beside` and `manifestwatch.Tells`; use it with `with`."""

    def __init__(self, context: Context, title: str, sets: Mapping[tuple[str, str], Object]) -> None:
        self._context = context
        self._clock = clock.SystemClock()
        self.model = screenmodel.Screen(title, sets)
        self.last_stamp: str | None = None
        self._input, self._output = context.stdin.fileno(), context.stdout.fileno()
        self._before: list[Any] | None = None
        self._drawn: list[str] = []
        self._size = (0, 0)
        self._draw_at: watchstream.Deadline | None = None
        self._pace = FIRST_LOOK_SECONDS
        self._look_at = watchstream.Deadline(0.0)
        self._used: dict[tuple[str, int], tuple[float, float]] = {}
        self.is_lost = False

    def __enter__(self) -> TerminalScreen:
        with contextlib.suppress(termios.error):
            self._before = termios.tcgetattr(self._input)
            tty.setcbreak(self._input)
        self._write(_ENTER)
        self._changed()
        return self

    def __exit__(self, *_: object) -> None:
        self._write(_LEAVE)
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)
        if self.is_lost:
            silence(self._context)

    # ------------------------------------------------------------------ what is told

    def log_lines(self, lines: Iterable[bytes]) -> None:
        for raw in lines:
            worker, _, rest = raw.decode("utf-8", "replace").partition(" | ")
            self.last_stamp, _, said = rest.partition(" ")
            self.model.add(self._local(self.last_stamp), worker, said)
        self._news()

    def set_line(self, obj: Object, state: str, why: str) -> None:
        said = f"{objects.name(obj)} · {objects.ready(obj)} {state}" + (f"  {why}" if why else "")
        self.note(said)

    def note(self, said: str) -> None:
        self.model.add(_time(self._clock.wall()), "", said)
        self._news()

    def trouble(self, text: str) -> None:
        self.model.trouble = text
        self._changed()

    def _local(self, stamp: str) -> str:
        at = text.epoch(stamp)
        return stamp if at is None else _time(at)

    def _news(self) -> None:
        """Something happens: CPU and memory are of interest again."""
        if self._pace > FIRST_LOOK_SECONDS:
            self._pace = FIRST_LOOK_SECONDS
            self._look_at = watchstream.Deadline(FIRST_LOOK_SECONDS)
        self._changed()

    def _changed(self) -> None:
        if self._draw_at is None:
            self._draw_at = watchstream.Deadline(FRAME_MS / 1000)

    # ------------------------------------------------------------------ polled

    def fileno(self) -> int:
        return self._input

    @property
    def is_pending(self) -> bool:
        return False

    @property
    def left_ms(self) -> int | None:
        if self.is_lost:
            return None
        look = self._look_at.left_ms
        draw = None if self._draw_at is None else self._draw_at.left_ms
        return min((left for left in (look, draw) if left is not None), default=None)

    def take(self) -> str:
        try:
            data = os.read(self._input, 1024)
        except OSError:
            data = b""
        if not data:
            self.is_lost = True
            return session.INTERRUPTED
        for key in _keys(data.decode("utf-8", "replace")):
            asked = self.model.press(key)
            if asked is not None and asked.verb == "quit":
                return session.INTERRUPTED
            if asked is not None:
                self._ask(asked)
        self._changed()
        return ""

    def due(self) -> None:
        if self._look_at.left_ms == 0:
            self._look_at_usage()
        if self._draw_at is None or self._draw_at.left_ms == 0 or self._size != self._terminal_size():
            self._draw()

    def reopen(self) -> None:
        self._changed()

    # ------------------------------------------------------------------ what is asked

    def _ask(self, asked: screenmodel.Asked) -> None:
        namespace, name = asked.key
        path = resources.WORKERSETS.path(namespace, name)
        client = self._context.client()
        try:
            if asked.verb == "restart":
                stamp = {restart.ANNOTATION: restart.now(), restart.CAUSE: None}
                body: dict[str, Any] = {"metadata": {"annotations": stamp}}
                client.request("PATCH", path, {"fieldManager": "workerctl-restart"}, body, http.MERGE_PATCH)
                self.note(f"{name} restarted")
            else:
                num = max(0, objects.declared_num(self.model.sets[asked.key]) + asked.change)
                body = {"spec": {"replicas": num}}
                query: http.Query = {"fieldManager": "workerctl-scale"}
                client.request("PATCH", f"{path}/scale", query, body, http.MERGE_PATCH)
                self.note(f"{name} scaled to {num}")
        except (client_errors.ClientError, errors.NoController) as error:
            self.note(f"{name}: {error}")

    def _look_at_usage(self) -> None:
        self._look_at = watchstream.Deadline(self._pace)
        self._pace = min(2 * self._pace, LONGEST_LOOK_SECONDS)
        try:
            items = self._context.client().request("GET", "/workerset/v1/usage").json().get("items") or ()
        except (client_errors.ClientError, errors.NoController):
            return
        now = self._clock.monotonic()
        found: dict[tuple[str, str], screenmodel.Usage] = {}
        used: dict[tuple[str, int], tuple[float, float]] = {}
        for item in items:
            key = (str(item["namespace"]), str(item["workerset"]))
            process = (f"{item['namespace']}/{item['worker']}", int(item["pid"]))
            seconds = float(item["cpuSeconds"])
            used[process] = (now, seconds)
            total = found.setdefault(key, screenmodel.Usage(0.0))
            total.memory += int(item["memoryBytes"])
            if process in self._used and total.cores is not None:
                before, had = self._used[process]
                total.cores += max(0.0, seconds - had) / max(now - before, 0.001)
            elif process not in self._used:
                total.cores = None
        self._used = used
        if _shown(found) != _shown(self.model.usage):
            self._changed()
        self.model.usage = found

    # ------------------------------------------------------------------ drawn

    def _terminal_size(self) -> tuple[int, int]:
        try:
            found = os.get_terminal_size(self._output)
        except OSError:
            return self._size
        return found.columns or 80, found.lines or 24

    def _draw(self) -> None:
        """Only lines that are not as they were, each in its place."""
        self._draw_at = None
        size = self._terminal_size()
        out = []
        if size != self._size:
            self._size, self._drawn = size, []
            out.append("\x1b[2J")
        width, height = size
        lines = render_screen.frame(self.model, width, height)
        colour = self._context.style.enabled
        encoded = render_screen.encoded(lines, width, self._context.environ, colour=colour)
        for number, line in enumerate(encoded):
            if number >= len(self._drawn) or self._drawn[number] != line:
                out.append(f"\x1b[{number + 1};1H{line}\x1b[K")
        self._drawn = encoded
        self._write("".join(out))

    def _write(self, data: str) -> None:
        if not data or self.is_lost:
            return
        try:
            self._context.stdout.write(data)
            self._context.stdout.flush()
        except OSError:
            self.is_lost = True


def silence(context: Context) -> None:
    """Nobody reads any more: what is still said goes nowhere."""
    context.stdout = context.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end


def _keys(data: str) -> list[str]:
    found = []
    while data:
        arrow = next((one for one in _ARROWS if data.startswith(one)), None)
        if arrow is not None:
            found.append(_ARROWS[arrow])
            data = data[len(arrow) :]
        else:
            found.append("enter" if data[0] in "\r\n" else data[0])
            data = data[1:]
    return found


def _shown(usage: Mapping[tuple[str, str], screenmodel.Usage]) -> object:
    """What of it can be seen."""
    return {
        key: (None if one.cores is None else round(one.cores * 100), one.memory >> 20)
        for key, one in usage.items()
    }


def _time(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")
