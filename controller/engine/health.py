"""What is wrong with the project as a whole, as far as the engine knows."""

from __future__ import annotations

from controller.core.conditions import Condition

_AWAY = "the part that runs processes is away: workers run on, nothing is started or stopped meanwhile"


def conditions(*, connected: bool, storage_problem: str) -> tuple[Condition, ...]:
    reason = "StorageFull" if storage_problem else "Writable"
    return (
        Condition("RuntimeConnected", connected, *(("Connected", "") if connected else ("Away", _AWAY))),
        Condition("StorageWritable", not storage_problem, reason, storage_problem),
    )
