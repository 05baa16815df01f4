"""What a terminal can do that a pipe cannot, with `rich`: imported only where it is needed (35 ms)."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.cli.context import Context

STATES = {
    "Ready": "green",
    "Completed": "green",
    "Lazy": "cyan",
    "CatchAll": "cyan",
    "Starting": "yellow",
    "Rolling": "yellow",
    "Waiting": "yellow",
    "Backoff": "red",
    "Failed": "bold red",
    "Suspended": "dim",
}


def console(context: Context) -> Console:
    """Standard output as rich sees it; no markup, no highlighting by guesswork."""
    return Console(
        file=context.stdout,
        force_terminal=True,
        color_system="standard",
        highlight=False,
        markup=False,
        emoji=False,
        _environ=context.environ,
    )


def rows(cells: Sequence[Sequence[str]], context: Context, *, message_width: int) -> None:
    """Name, ready, STATUS, then why and where: a long reason is wrapped below itself."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, ready, state, why, where in cells:
        said = Text(f"{why:<{message_width}}" if where else why)
        said.append(where, "dim")
        table.add_row(name, ready, Text(state, STATES.get(state, "")), said)
    console(context).print(table)
