"""Probes as a Pod shows them: declared as Kubernetes writes them, and what each said last as a condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.core import probes, stamps, worker

CONDITION = "workerset.dev/{}-probe"
"""The type of a condition of a Pod; `describe` shows it."""

_FIELDS = {
    probes.Role.STARTUP: "startupProbe",
    probes.Role.READINESS: "readinessProbe",
    probes.Role.LIVENESS: "livenessProbe",
}


def declared(asked: probes.Probes, private: str = "") -> dict[str, Any]:
    """Fields of a container. `private` stands for the worker's own socket."""
    given = ((field, asked.of(role)) for role, field in _FIELDS.items())
    return {field: _probe(probe, private) for field, probe in given if probe is not None}


def _probe(probe: probes.Probe, private: str) -> dict[str, Any]:
    return {
        **_handler(probe, private),
        "initialDelaySeconds": _whole(probe.initial_delay_seconds),
        "periodSeconds": max(1, _whole(probe.watchdog_seconds or probe.period_seconds)),
        "timeoutSeconds": max(1, _whole(probe.timeout_seconds)),
        "successThreshold": probe.success_threshold,
        "failureThreshold": 1 if probe.watchdog_seconds else probe.failure_threshold,
    }


def _handler(probe: probes.Probe, private: str) -> dict[str, Any]:
    """A watchdog is nothing that Kubernetes knows: it is shown as the message that is waited for."""
    if probe.command:
        return {"exec": {"command": list(probe.command)}}
    if probe.watchdog_seconds:
        return {"exec": {"command": ["WATCHDOG=1"]}}
    port: int | str = private if probe.port is None else probe.port
    if probe.path:
        return {"httpGet": {"path": probe.path, "port": port, "scheme": "HTTP"}}
    return {"tcpSocket": {"port": port}}


def _whole(seconds: float) -> int:
    return round(seconds)


def conditions(
    health: probes.Health | None, before: Mapping[str, Mapping[str, Any]], now: float
) -> list[dict[str, Any]]:
    """One for each probe that has answered; `before` are the Pod's conditions so far, by type."""
    found = []
    for answer in () if health is None else health.answers:
        type_, value = CONDITION.format(answer.role), "True" if answer.passed else "False"
        old = before.get(type_)
        since = old["lastTransitionTime"] if old and old["status"] == value else stamps.rfc3339(now)
        reason = "Passed" if answer.passed else "Failed" if answer.counted else "NotYet"
        found.append(
            {
                "type": type_,
                "status": value,
                "lastTransitionTime": since,
                "reason": reason,
                "message": answer.message,
            }
        )
    return found


def started(view: worker.View) -> bool:
    """`containerStatuses.started`: it lives, and its startup probe has passed if it has one."""
    return view.run != "" and view.pid != 0 and (view.health is None or bool(view.health.started))
