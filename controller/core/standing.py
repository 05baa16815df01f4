"""Where a set stands, read from its object (S1.9, S4.5). What is missing reads as "not yet"; no error."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WELL = frozenset({"Ready", "Lazy", "CatchAll", "Suspended", "Completed"})


def state(obj: Mapping[str, Any]) -> str:
    """The STATUS word of S1.9, also before the engine has looked at this generation."""
    status = obj.get("status") or {}
    if obj["metadata"].get("deletionTimestamp"):
        return "Waiting"
    if not is_observed(obj):
        return "Starting"
    return str(status.get("state") or "Starting")


def why(obj: Mapping[str, Any]) -> str:
    """The one line for people."""
    if not is_observed(obj):
        return ""
    message = str((obj.get("status") or {}).get("message") or "")
    return " ".join(message.split())


def is_observed(obj: Mapping[str, Any]) -> bool:
    """The status speaks of the current spec."""
    status = obj.get("status") or {}
    return int(status.get("observedGeneration") or 0) >= int(obj["metadata"].get("generation") or 0) > 0


def has_failed(obj: Mapping[str, Any]) -> bool:
    """Given up (S4.5)."""
    return state(obj) == "Failed"


def has_settled(obj: Mapping[str, Any]) -> bool:
    """The boot phase is over: each eager process was ready, completed, or was given up (S4.5)."""
    return has_failed(obj) or state(obj) in WELL
