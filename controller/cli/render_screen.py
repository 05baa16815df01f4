"""The screen of `dev` as lines for a terminal of some size, with `rich`: columns, colours, cut to fit."""

from __future__ import annotations

import io
import textwrap

from rich.console import Console
from rich.text import Text

from controller.cli import objects, render, screenmodel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Object = dict[str, Any]

KEYS = "↑↓ choose  f filter  r restart  + - scale  p pause  ⏎ failure  ? help  q quit"
HELP = (
    "j k or the arrows   choose a set",
    "f                   only its lines, or all again",
    "r                   restart it",
    "+ -                 one process more or less",
    "p or space          hold the log still, and go on",
    "enter               what is wrong with it, and what it said last",
    "q or Ctrl-C         stop what was started here, and end",
    "",
    "any key closes this",
)
_HEAD = ("NAME", "READY", "STATUS", "RESTARTS", "CPU", "MEMORY", "LAST")
_NUMBERS = frozenset({"RESTARTS", "CPU", "MEMORY"})
_WORKERS = ("cyan", "yellow", "magenta", "blue", "green", "bright_cyan", "bright_yellow", "bright_magenta")
_LEAST_LOG = 4
_LEAST_NAME = 12
_ENOUGH_CAUSE = 26


def frame(screen: screenmodel.Screen, width: int, height: int) -> list[Text]:
    """Exactly `height` lines of at most `width` cells."""
    if screen.helps or screen.failure is not None:
        title, body = ("keys", list(HELP)) if screen.helps else ("failure", screen.failure_lines())
        wrapped = [part for line in body for part in textwrap.wrap(line, width) or [""]]
        shown = [Text(line) for line in _fitting(wrapped, height - 2, from_end=not screen.helps)]
        lines = [_rule(title, width), *shown]
        return [*_filled(lines, height - 1, width), _cut(Text("any key closes this", "dim"), width)]
    top = _table(screen, width, max(1, height - 3 - _LEAST_LOG))
    trouble = [Text(line, "red") for line in _with_last(screen.trouble.splitlines(), max(1, height // 3))]
    head = [_head(screen), *top, *trouble, _rule(_log_title(screen), width)]
    room = max(0, height - 1 - len(head))
    log = [_log_line(screen, line) for line in screen.shown()[-room:]] if room else []
    return [*_filled([*head, *log], height - 1, width), _cut(Text(KEYS, "dim"), width)]


def encoded(lines: Sequence[Text], width: int, environ: Mapping[str, str], *, colour: bool) -> list[str]:
    """Each line with its escape sequences; without colour only words are left."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ=environ,
    )
    found = []
    for line in lines:
        with console.capture() as captured:
            console.print(line, end="", no_wrap=True, overflow="crop", crop=True)
        found.append(captured.get())
    return found


def _head(screen: screenmodel.Screen) -> Text:
    states = [objects.state(obj) for obj in screen.sets.values()]
    well = sum(1 for state in states if state in objects.WELL)
    text = Text(screen.title, "bold")
    text.append(f"   {len(states)} set{'' if len(states) == 1 else 's'}, {well} well", "")
    bad = sum(1 for obj in screen.sets.values() if objects.has_failed(obj))
    if bad:
        text.append(f", {bad} failed", "bold red")
    return text


def _log_title(screen: screenmodel.Screen) -> str:
    name = "log" if screen.only is None else f"log of {screen.only[1]}"
    return f"{name}, paused" if screen.frozen is not None else name


def _table(screen: screenmodel.Screen, width: int, room: int) -> list[Text]:
    """A line a set, those around the chosen one if not all fit; columns give way from the right."""
    keys = screen.keys
    chosen = screen.chosen
    at = keys.index(chosen) if chosen in keys else 0
    first = max(0, min(at - room // 2, len(keys) - room))
    several = objects.spans_namespaces(screen.sets.values())
    rows = [_cells(screen, key, several=several) for key in keys[first : first + room]]
    sizes = [max(len(row[column]) for row in (_HEAD, *rows)) for column in range(len(_HEAD))]
    sizes[0] = min(sizes[0], _name_room(sizes, width))
    lines = [_row(_HEAD, sizes, mark=" ", dim=True)]
    for key, row in zip(keys[first : first + room], rows, strict=True):
        lines.append(_row(row, sizes, mark="›" if key == chosen else " ", dim=False))
    return lines


def _name_room(sizes: Sequence[int], width: int) -> int:
    """A third of the width at most; less, but still a word, where the cause at the end gets too little."""
    spare = width - sum(sizes[1:-1]) - 2 * len(sizes) - min(sizes[-1], _ENOUGH_CAUSE)
    return max(8, min(width // 3, max(_LEAST_NAME, spare)))


def _cells(screen: screenmodel.Screen, key: tuple[str, str], *, several: bool) -> tuple[str, ...]:
    obj, used = screen.sets[key], screen.usage.get(key, screenmodel.Usage())
    return (
        objects.label(obj, several=several),
        objects.ready(obj),
        objects.state(obj),
        str(screenmodel.restarts(obj)),
        "" if used.cores is None else f"{used.cores * 100:.0f}%",
        f"{used.memory / (1 << 20):.0f}Mi" if used.memory else "",
        screenmodel.cause(obj),
    )


def _row(cells: Sequence[str], sizes: Sequence[int], *, mark: str, dim: bool) -> Text:
    line = Text(f"{mark} ", "dim" if dim else "bold")
    for name, cell, size in zip(_HEAD, cells, sizes, strict=True):
        if name == "LAST":
            line.append(cell, "dim" if dim else "")
            continue
        part = Text(cell, "dim" if dim else render.STATES.get(cell, "") if name == "STATUS" else "")
        part.truncate(size, overflow="ellipsis")
        spare = " " * (size - part.cell_len)
        line.append_text(Text(spare) + part if name in _NUMBERS else part + Text(spare))
        line.append("  ")
    return line


def _log_line(screen: screenmodel.Screen, line: screenmodel.Line) -> Text:
    names = sorted({one.worker for one in screen.lines if one.worker})
    widest = min(24, max((len(name) for name in names), default=8))
    if not line.worker:
        return Text(f"{line.time} {line.text}", "dim")
    text = Text(f"{line.time} ")
    text.append(f"{line.worker:<{widest}}", _WORKERS[names.index(line.worker) % len(_WORKERS)])
    return text.append(f" | {line.text}")


def _rule(title: str, width: int) -> Text:
    return Text(f"── {title} ".ljust(width, "─"), "dim")


def _with_last(lines: list[str], room: int) -> list[str]:
    """What fits, and the last one in any case: it says what goes on meanwhile."""
    return lines if len(lines) <= room else [*lines[: room - 1], lines[-1]]


def _fitting(lines: list[str], room: int, *, from_end: bool) -> list[str]:
    if len(lines) <= room or room < 1:
        return lines[: max(0, room)]
    return [*lines[: room // 2], *lines[len(lines) - (room - room // 2) :]] if from_end else lines[:room]


def _filled(lines: list[Text], height: int, width: int) -> list[Text]:
    cut = [_cut(line, width) for line in lines[:height]]
    return cut + [Text("")] * (height - len(cut))


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line
