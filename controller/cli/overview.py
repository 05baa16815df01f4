"""The lines `up`, `up -d` and `status` show of a project: a head, and one line a set."""

from __future__ import annotations

from controller.cli import objects, style

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.cli.context import Context
    from controller.cli.objects import Object

_MESSAGE_WIDTH = 34


def head(project: str, pid: int, how: str, logs: str) -> str:
    """`project ~/shop   controller 4711 (new)   logs .workerset/logs`."""
    return f"project {project}   controller {pid} ({how})   logs {logs}"


def show(sets: Sequence[Object], context: Context) -> None:
    """A line a set; on a terminal long reasons are wrapped below themselves."""
    if context.is_terminal and context.style.enabled:
        from controller.cli import render

        several = objects.spans_namespaces(sets)
        rows = [_cells(obj, several=several) for obj in sets]
        render.rows(rows, context, message_width=_MESSAGE_WIDTH)
        return
    for line in set_lines(sets, context.style):
        context.print(line)


def _cells(obj: Object, *, several: bool) -> tuple[str, str, str, str, str]:
    message, source = _message(obj), objects.source(obj)
    if _speaks_alone(obj, message):
        source = ""
    return objects.label(obj, several=several), objects.ready(obj), objects.state(obj), message, source


def set_lines(sets: Sequence[Object], paint: style.Style) -> list[str]:
    """Name, ready, STATUS, why or where it is declared, aligned."""
    several = objects.spans_namespaces(sets)
    rows = [
        (objects.label(obj, several=several), objects.ready(obj), objects.state(obj), obj) for obj in sets
    ]
    names, readies, states = (max((len(row[index]) for row in rows), default=0) for index in range(3))
    lines = []
    for name, ready, state, obj in rows:
        left = f"{name:<{names + 2}}{ready:<{readies + 2}}{paint.state(state, states + 2)}"
        lines.append((left + _right(obj, paint)).rstrip())
    return lines


def _right(obj: Object, paint: style.Style) -> str:
    """The message in full where something is wrong, else beside the manifest's path."""
    message, source = _message(obj), objects.source(obj)
    if _speaks_alone(obj, message):
        return message
    return f"{message:<{_MESSAGE_WIDTH}}{paint.dim(source)}" if source else message


def _message(obj: Object) -> str:
    """Why it is as it is; where there is nothing to say, where it can be reached."""
    return objects.why(obj) or (" ".join(objects.addresses(obj)) if objects.state(obj) == "Ready" else "")


def _speaks_alone(obj: Object, message: str) -> bool:
    """Where something is wrong, why it is matters more than where it was declared. Pure."""
    return (
        len(message) > _MESSAGE_WIDTH
        or bool(message and not objects.has_settled(obj))
        or objects.has_failed(obj)
    )
