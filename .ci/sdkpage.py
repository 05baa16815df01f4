"""docs/sdk.md: every public name of the worker library with its signature and what its docstring says."""

from __future__ import annotations

import inspect
import sys
import textwrap
from pathlib import Path
from types import ModuleType

sys.path[:0] = [str(Path(__file__).parents[1] / "controller" / "sdk")]

import workerset  # noqa: E402
from workerset import aio, errors  # noqa: E402

GROUPS = {
    "Who am I": ("available", "name", "scope", "is_background"),
    "Stopping": ("handle", "Handle", "ticks"),
    "Being ready": ("ready", "status"),
    "Calling up others": ("ensure", "ensure_vars", "release"),
    "Publishing and reading": ("set_vars", "get_vars", "generation", "wait_vars", "Published"),
    "Requests and scopes": ("request", "use_scope"),
}
ASYNC = (
    "ensure",
    "ensure_vars",
    "release",
    "get_vars",
    "generation",
    "wait_vars",
    "handle",
    "Handle",
    "ticks",
)
DAMAGE = ("Damaged", "EnumMissing")

HEAD = """\
# The worker library, name by name

Made from the code by `make docs`; [background-workers.md](background-workers.md) is the guide.

`import workerset` works in every Python worker that Workerset starts, Python 3.9 or newer, with nothing to
install: the controller puts the library on the worker's path. It uses the standard library only, loads each
part when it is first used, and is typed. Threads may share it; a forked child goes on with connections of its
own. Where no controller is, `available()` is false and everything else raises `NotAvailable`.
"""

TAIL = """\
## Arguments

A name is a `str` of at least one character without NUL; bytes that are no UTF-8 travel as Python's surrogate
escapes (`os.fsdecode`). A list of names is a `list` or `tuple` without duplicates. A `timeout` is a number of
seconds above zero. Anything else raises `TypeError` or `ValueError` before anything is sent.

`scope=None` is the scope of the task (`use_scope`, `request`), else the one of the worker's own set.
"""


def page() -> str:
    told = {name for names in GROUPS.values() for name in names}
    kinds = {name for name in workerset.__all__ if name in vars(errors)}
    assert told | kinds | set(DAMAGE) == set(workerset.__all__), "a public name is in no group"
    parts = [HEAD]
    for title, names in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_entry(workerset, name, "workerset") for name in names]
    parts.append("## Errors\n")
    parts.append((errors.__doc__ or "").split("\n", 2)[2].strip() + "\n")
    parts += [_entry(workerset, name, "workerset") for name in ("WorkersetError", *DAMAGE)]
    parts.append("## In asyncio\n")
    parts.append("\n".join((aio.__doc__ or "").splitlines()).strip() + "\n")
    parts += [_entry(aio, name, "aio") for name in ASYNC]
    parts.append(TAIL)
    return "\n".join(parts)


def _entry(module: ModuleType, name: str, prefix: str) -> str:
    found = getattr(module, name)
    heading = f"### `{prefix}.{name}`\n"
    text = inspect.getdoc(found) or ""
    if not inspect.isclass(found):
        return "\n".join([heading, _code(found, name), text, ""])
    made_by_hand = issubclass(found, workerset.use_scope.__mro__[1])
    shown = [_code(found, name)] if made_by_hand else []
    members = [
        textwrap.fill(f"- {_member(one, value)}", 108, subsequent_indent="  ", break_on_hyphens=False)
        for one, value in _members(found)
    ]
    return "\n".join([heading, *shown, text, "", *members, *([""] if members else [])])


def _code(function: object, name: str) -> str:
    keyword = "async def " if inspect.iscoroutinefunction(function) else ""
    parameters = str(inspect.signature(function)).replace("'", "")  # type: ignore[arg-type]
    line = f"{keyword}{name}{parameters}"
    if len(line) > 100:
        line = line.replace("(", "(\n    ", 1).replace(", ", ",\n    ")
        line = line.replace(") ->", ",\n) ->").replace("Mapping[Any,\n    Any]", "Mapping[Any, Any]")
    return f"```python\n{line}\n```\n"


def _members(kind: type) -> list[tuple[str, object]]:
    """Its own public ones, in the order of the source; the fields of a tuple come first."""
    fields = getattr(kind, "_fields", ())
    own = [(name, value) for name, value in vars(kind).items() if not name.startswith("_")]
    return [] if fields else own


def _member(name: str, value: object) -> str:
    text = (inspect.getdoc(value) or "").replace("\n", " ")
    if isinstance(value, property):
        return f"`{name}`" + (f": {text}" if text else "")
    parameters = str(inspect.signature(value)).replace("'", "")  # type: ignore[arg-type]
    parameters = parameters.replace("(self, ", "(").replace("(self)", "()")
    return f"`{name}{parameters}`" + (f": {text}" if text else "")
