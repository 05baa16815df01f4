"""Rules about probes that the schema cannot express (S1.2): one check each, and one that can be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.core import errors, quantity, words

NAMES = ("startup_probe", "readiness_probe", "liveness_probe")
KINDS = ("exec", "http", "tcp", "watchdog")
UNIX = "unix"

Problems = Iterator[errors.FieldProblem]
Spec = Mapping[str, Any]


def problems(declared: Spec) -> Problems:
    """All problems of the probes of one set."""
    for name in NAMES:
        probe = declared.get(name)
        if isinstance(probe, Mapping):
            yield from _one(name, probe, declared)


def _one(name: str, probe: Spec, declared: Spec) -> Problems:
    given = [kind for kind in KINDS if kind in probe]
    if len(given) != 1:
        listed = ", ".join(given) or "none"
        yield _problem((name,), f"exactly one of exec, http, tcp and watchdog, not: {listed}", "keep one")
        return
    match given[0]:
        case "exec":
            yield from _command(name, probe)
        case "watchdog":
            yield from _watchdog(name, probe)
            return
        case _:
            yield from _connection(name, given[0], probe, declared)
    yield from _numbers(name, probe)


def _command(name: str, probe: Spec) -> Problems:
    command = probe["exec"]
    if isinstance(command, str):
        try:
            words.split(command)
        except words.NeedsShell as error:
            yield _problem((name, "exec"), error.message, error.fix.replace("command:", "exec:"), command)
    elif not command[0]:
        yield _problem((name, "exec", 0), "the program's name is empty", "write exec: [pg_isready]")
    if "port" in probe:
        yield _problem((name, "port"), "port belongs to http and tcp", "remove port")


def _watchdog(name: str, probe: Spec) -> Problems:
    """systemd's, which knows neither a period nor thresholds of ours."""
    if name != "liveness_probe":
        yield _problem((name, "watchdog"), "a watchdog says whether it is alive", "move it to liveness_probe")
    if quantity.parse_duration(probe["watchdog"]) <= 0:
        yield _problem((name, "watchdog"), "the watchdog has no time at all", "write watchdog: 10s")
    for field in probe:
        if field != "watchdog":
            yield _problem((name, field), f"{field} has no meaning with watchdog", f"remove {field}")


def _connection(name: str, kind: str, probe: Spec, declared: Spec) -> Problems:
    shared, own = "listen" in declared, declared.get("probe_port")
    if kind == "tcp" and probe["tcp"] is False:
        yield _problem((name, "tcp"), "tcp: false checks nothing", "write tcp: true, or remove the probe")
    if shared and own is None:
        detail = "any process of the pool may answer on the shared socket"
        yield _problem((name,), detail, "add probe_port: 9000 and probe that")
    elif own is not None and "port" in probe:
        detail = "probe_port gives each process a port of its own already"
        yield _problem((name, "port"), detail, "remove port")
    elif own == UNIX and kind == "tcp":
        detail = "a connection to a socket that is handed over succeeds whoever serves on it"
        yield _problem((name, "tcp"), detail, "write http: /healthz")
    elif own is None and "port" not in probe and "port" not in declared:
        yield _problem((name,), f"{kind} needs a port to connect to", "write port: 8000")


def _numbers(name: str, probe: Spec) -> Problems:
    for field in ("period", "timeout"):
        if field in probe and quantity.parse_duration(probe[field]) <= 0:
            yield _problem((name, field), f"{field} must be longer than nothing", f"write {field}: 1s")
    if name != "readiness_probe" and probe.get("success_threshold", 1) != 1:
        detail = "what has passed once is started, and alive"
        yield _problem((name, "success_threshold"), detail, "remove success_threshold")


def _problem(path: errors.Path, detail: str, fix: str, value: object = None) -> errors.FieldProblem:
    return errors.FieldProblem(("spec", *path), "Invalid", detail, fix, value)
