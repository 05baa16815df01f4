"""What a terminal can do that a pipe cannot, with `rich`: imported only where it is needed (35 ms)."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.cli.context import Context

_STATES = {
    "Ready": "green",
    "Completed": "green",
    "Lazy": "cyan",
    "CatchAll": "cyan",
    "Starting": "yellow",
    "Rolling": "yellow",
    "Waiting": "yellow",
    "Pending": "yellow",
    "Backoff": "red",
    "Failed": "bold red",
    "Suspended": "dim",
}


def console(context: Context) -> Console:
    """Standard output as rich sees it; no markup, no highlighting by guesswork."""
    return Console(
        file=context.stdout, force_terminal=True, highlight=False, markup=False, emoji=False, soft_wrap=False
    )


def rows(cells: Sequence[Sequence[str]], context: Context) -> None:
    """Name, ready, STATUS, why, where: the reason is wrapped in its own column."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, style="dim")
    for name, ready, state, why, where in cells:
        table.add_row(name, ready, Text(state, _STATES.get(state, "")), why, where)
    console(context).print(table)
