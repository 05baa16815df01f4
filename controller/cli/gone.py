"""Waiting until deleted objects are gone; a set goes when nothing of it lives any more (S4.6)."""

from __future__ import annotations

from controller.cli import objects, text, watchstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from controller.cli.chosen import Target
    from controller.cli.context import Context

_FEW = 3


def wait(
    context: Context, begun: Iterable[tuple[Target, str]], deadline: watchstream.Deadline
) -> list[Target]:
    """What is still there at the deadline, of targets with the uids they had."""
    groups: dict[tuple[str, str | None], dict[str, tuple[Target, str]]] = {}
    for target, uid in begun:
        groups.setdefault((target.kind.plural, target.namespace), {})[target.name] = (target, uid)
    return [target for group in groups.values() for target in _wait_group(context, group, deadline)]


def _wait_group(
    context: Context, group: dict[str, tuple[Target, str]], deadline: watchstream.Deadline
) -> list[Target]:
    """All of one kind and namespace, with one watch."""
    (first, _), *_ = group.values()
    query = watchstream.by_name(first.name) if len(group) == 1 else {}
    said = ""
    with watchstream.Mirror(context, first.kind, first.namespace, query) as mirror:
        while left := [
            (group[name][0], obj)
            for (_, name), obj in mirror.objects.items()
            if name in group and group[name][1] in ("", obj["metadata"].get("uid"))
        ]:
            sentence = _sentence(left)
            if sentence != said and (len(left) <= _FEW or not said):
                context.note(sentence)
                said = sentence
            if not mirror.wait(deadline):
                return [target for target, _ in left]
    return []


def _sentence(left: list[tuple[Target, dict[str, Any]]]) -> str:
    """`waiting for web: being deleted: 1 worker still to stop`."""
    target, obj = left[0]
    if len(left) > 1:
        names = text.some_of([one.name for one, _ in left])
        return f"waiting for {names} to end"
    why = str((obj.get("status") or {}).get("message") or "") if objects.is_observed(obj) else ""
    return f"waiting for {target.name}: {why}" if why else f"waiting for {target.name} to end"
