"""What a worker that is not ready has yet to do (S5), as its Pod says it and as an error says it (S3.6)."""

from __future__ import annotations

from controller.core import runs, spec

_HANDLE = "it has not taken its handle yet"
_VARS = "it has not published vars yet"
_BOTH = "it has neither taken its handle nor published vars yet"
_NOTIFY = "it has not sent READY=1 yet"

NEVER_PUBLISHED = "never published vars"

MISSING = {
    _HANDLE: "never took its handle",
    _VARS: NEVER_PUBLISHED,
    _BOTH: "never took its handle and never published vars",
    _NOTIFY: "never sent READY=1",
}
"""From the message of a Pod to what an error says is missing."""


def waits_for(gate: spec.Gate, live: runs.Process | None) -> str:
    """The sentence for a run whose gate has not passed; empty where only time is missing."""
    match gate:
        case spec.Gate.HANDLE:
            return _HANDLE
        case spec.Gate.VARS:
            if live is None or not live.handle_taken:
                return _HANDLE if live is not None and live.published else _BOTH
            return _VARS
        case spec.Gate.NOTIFY:
            return _NOTIFY
        case _:
            return ""
