"""`set_vars`: publish the state of this worker (S6.1)."""

from __future__ import annotations

import os

from . import contract, errors, identity, memory, notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_slot: memory.Slot | None = None
_told = False


def set_vars(mapping: Mapping[Any, Any]) -> None:
    """Replace what this background worker has published, as a whole; equal content changes nothing (S6.3).

    Values are None, bool, int, float, str, bytes, list, dict and enum members (S6.2). `ValueError` and
    `TypeError` name what cannot be published, and the old snapshot stays.
    """
    global _slot, _told
    path = os.environ.get(contract.VARS)
    if path is None:
        raise errors.NotAvailable(_why_not())
    if _slot is None or _slot.path != path:
        _slot = memory.Slot(path)
    _slot.publish(mapping)
    if not _told:
        notify.send(contract.SAY_PUBLISHED)
        _told = True


def _why_not() -> str:
    if identity.available() and not identity.is_background():
        return "only background workers publish vars, this is none: declare background: true"
    return identity.not_started(contract.VARS)
