"""Reading API objects for people: how ready a set is, in which state and why, whether it has settled.

Pure functions of JSON; what is missing reads as "not yet", never as an error.
"""

from __future__ import annotations

from controller.core import standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Object = dict[str, Any]

DEFAULT_CAP = 16
SOURCE = "workerset.dev/source"

WELL = standing.WELL
state = standing.state
why = standing.why
is_observed = standing.is_observed
has_failed = standing.has_failed
has_settled = standing.has_settled


def name(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def key(obj: Mapping[str, Any]) -> tuple[str, str]:
    """Namespace and name."""
    return str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])


def label(obj: Mapping[str, Any], *, several: bool) -> str:
    """The name, with its namespace where several are shown."""
    namespace, own = key(obj)
    return f"{namespace}/{own}" if several else own


def spans_namespaces(objects: Iterable[Mapping[str, Any]]) -> bool:
    return len({key(obj)[0] for obj in objects}) > 1


def has_process(pod: Mapping[str, Any]) -> bool:
    """Whether a worker runs now; between two runs its Pod's phase is `Running` too."""
    return bool((pod["metadata"].get("annotations") or {}).get("workerset.dev/pid"))


def is_catch_all(obj: Mapping[str, Any]) -> bool:
    """S2.1."""
    spec = obj.get("spec") or {}
    return bool(spec.get("background")) and not spec.get("name")


def is_lazy(obj: Mapping[str, Any]) -> bool:
    """A named background set that starts nothing by itself (S1)."""
    spec = obj.get("spec") or {}
    return bool(spec.get("background")) and bool(spec.get("name")) and not spec.get("num")


def declared_num(obj: Mapping[str, Any]) -> int:
    """S1: eager processes; 0 for background sets unless declared, 1 for the others."""
    spec = obj.get("spec") or {}
    declared = spec.get("num")
    return int(declared) if declared is not None else (0 if spec.get("background") else 1)


def wanted_num(obj: Mapping[str, Any]) -> int:
    """What is declared, or what an HTTP set was scaled to (S7.3)."""
    found = (obj.get("status") or {}).get("scaling") or {}
    return max(declared_num(obj), int(found.get("target") or 0))


def ready(obj: Mapping[str, Any]) -> str:
    """`2/2`: ready of wanted; a catch-all shows its cap."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    now = int(status.get("readyReplicas") or 0)
    if is_catch_all(obj):
        return f"{now}/{spec.get('max_threads') or DEFAULT_CAP}"
    wanted = max(wanted_num(obj), len(spec.get("instances") or status.get("instances") or ()))
    return f"{now}/{wanted}"


def scaling(obj: Mapping[str, Any]) -> str:
    """Of an HTTP set that finds its number by itself: which, within which bounds, and why (S7.3)."""
    found = (obj.get("status") or {}).get("scaling") or {}
    if not found:
        return ""
    why = str(found.get("message") or "").replace("; ", "\n")
    return f"{found.get('target')}, from {found.get('least')} to {found.get('most')}\n{why}".strip()


def addresses(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Where an HTTP set can be reached (S7.1)."""
    return tuple(str(one) for one in (obj.get("status") or {}).get("addresses") or ())


def source(obj: Mapping[str, Any]) -> str:
    """The manifest it came from, without the line."""
    text = str((obj["metadata"].get("annotations") or {}).get(SOURCE) or "")
    path, colon, line = text.rpartition(":")
    return path if colon and line.isdigit() else text


def condition(obj: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of a type, empty if there is none."""
    for found in (obj.get("status") or {}).get("conditions") or ():
        if found.get("type") == kind:
            return dict(found)
    return {}


def introduce(obj: Mapping[str, Any]) -> str:
    """S1.7: a just created set that runs nothing yet says what it is; empty for others."""
    own = name(obj)
    if (obj.get("spec") or {}).get("instances"):
        return ""
    if is_catch_all(obj) and not declared_num(obj):
        cap = (obj.get("spec") or {}).get("max_threads") or DEFAULT_CAP
        return (
            f"{own} created: catch-all, 0 of {cap} names, nothing runs until ensure(); "
            f"for an ordinary worker add name: {own}, num: 1"
        )
    if is_lazy(obj):
        return f"{own} created: lazy, nothing runs until ensure(); to run it now add num: 1"
    return ""
