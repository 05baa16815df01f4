"""Keeps the ledger of `max_processes` by what the store holds."""

from __future__ import annotations

from collections.abc import Mapping

from controller import ports, settings
from controller.core import budget, kinds
from controller.core.conditions import Condition
from controller.sdk.workerset import contract

SETTING = "max-processes"


def limits(store: ports.Store, asked: int | None, environ: Mapping[str, str]) -> settings.Limits:
    """That of all processes is kept until another is asked for, 0 is none."""
    if asked is not None:
        store.put_setting(SETTING, asked)
    known = store.setting(SETTING)
    most = known if isinstance(known, int) and known > 0 else None
    try:
        percent = float(environ.get(contract.CPU_SATURATED, ""))
    except ValueError:
        return settings.Limits(most)
    return settings.Limits(most, percent / 100)


def follow(store: ports.Store, limit: int | None) -> budget.Ledger:
    """A ledger of all sets there are, now and after each commit."""
    ledger = budget.Ledger(limit)

    def heard(change: ports.Change) -> None:
        if change.resource == kinds.WORKERSETS:
            ledger.put(_key(change.object), None if change.type == "DELETED" else change.object)

    for obj in store.list(kinds.WORKERSETS)[0]:
        ledger.put(_key(obj), obj)
    store.subscribe(heard)
    return ledger


def condition(ledger: budget.Ledger) -> Condition:
    """A limit that was lowered stops nothing that runs: it is said instead."""
    limit, reserved = ledger.limit, ledger.reserved
    if limit is None or reserved <= limit:
        return Condition("ProcessesFit", True, "Fits", "")
    message = (
        f"max_processes is exceeded by {reserved - limit}: the sets may need {reserved}, the limit is {limit}"
        "; nothing is stopped, and no set gets more; lower num, or raise the limit, after workerctl down: "
        f"workerctl up -d --max-processes {reserved}"
    )
    return Condition("ProcessesFit", False, "TooMany", message)


def _key(obj: kinds.Object) -> kinds.Key:
    return kinds.Key(obj["metadata"]["namespace"], obj["metadata"]["name"])
