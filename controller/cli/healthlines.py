"""The probes of workers in `describe`: what each said last, and since when. Pure."""

from __future__ import annotations

from controller.cli import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Object = dict[str, Any]

_PREFIX, _SUFFIX = "workerset.dev/", "-probe"
_RESULTS = {"Passed": "passes", "Failed": "fails", "NotYet": "not yet"}


def lines(pods: Sequence[Object], now: float) -> list[str]:
    """A table of all probes that have answered; nothing where there is none."""
    rows = [("WORKER", "PROBE", "RESULT", "SINCE", "MESSAGE")]
    for pod in pods:
        for found in (pod.get("status") or {}).get("conditions") or ():
            if is_probe(found):
                role = str(found["type"])[len(_PREFIX) : -len(_SUFFIX)]
                reason = str(found.get("reason") or "")
                since = text.age_of(str(found.get("lastTransitionTime") or ""), now)
                message = " ".join(str(found.get("message") or "").split())
                result = _RESULTS.get(reason, reason)
                rows.append((str(pod["metadata"]["name"]), role, result, since, message))
    return ["Probes:", *(f"  {line}" for line in text.columns(rows))] if len(rows) > 1 else []


def others(conditions: Iterable[Object]) -> list[Object]:
    """The conditions that are no probe's."""
    return [found for found in conditions if not is_probe(found)]


def is_probe(condition: Object) -> bool:
    type_ = str(condition.get("type") or "")
    return type_.startswith(_PREFIX) and type_.endswith(_SUFFIX)
