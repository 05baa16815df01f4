"""What the schema cannot say about one object (S1.2, S1.6, S8.2): rules between its fields.

Every function takes a schema-valid object and returns problems; nothing here raises or looks beyond
the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controller.core import (
    addresses,
    errors,
    foreign,
    kinds,
    probeports,
    proberules,
    quantity,
    words,
)

RESERVED_ENV = frozenset(
    {
        "WORKERSET_NAME",
        "WORKERSET_SCOPE",
        "WORKERSET_ORDINAL",
        "WORKERSET_BACKGROUND",
        "WORKERSET_HANDLE_FD",
        "WORKERSET_SOCKET",
        "WORKERSET_TOKEN",
        "WORKERSET_VARS",
        "WORKERSET_PROBE_PORT",
        "WORKERSET_PROBE_SOCKET",
        "WATCHDOG_USEC",
        "NOTIFY_SOCKET",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
        "FRANKENPHP_WORKER",
        "FRANKENPHP_WORKER_NAME",
        "FRANKENPHP_WORKER_BACKGROUND",
    }
)
"""S8.2: what the controller itself tells a worker."""

RESERVED_PREFIXES = ("m#", "workerset.dev/")
"""A worker name cannot begin with these: upstream's own names, and ours."""

SMALLEST_LOG = 4096

Problems = Iterator[errors.FieldProblem]
Spec = Mapping[str, Any]


def object_problems(obj: kinds.Object) -> tuple[errors.FieldProblem, ...]:
    """All problems of one object that its schema accepts."""
    declared: Spec = obj["spec"]
    found = [] if obj["metadata"].get("name") else list(_nameless(obj))
    for rule in _RULES:
        found.extend(rule(declared))
    found.extend(_catch_all_cap(obj))
    return tuple(found)


def _nameless(obj: kinds.Object) -> Problems:
    if not obj["metadata"].get("generateName"):
        yield errors.FieldProblem(
            ("metadata", "name"), "Required", "the set has no name", "write metadata: {name: jobs}"
        )


def _entrypoint(declared: Spec) -> Problems:
    """Exactly one of the two, and what belongs to only one of them."""
    if "file" in declared and "command" in declared:
        yield _spec_problem("file", "Invalid", "file and command exclude each other", "remove one of them")
    elif "file" not in declared and "command" not in declared:
        yield errors.FieldProblem(
            ("spec",), "Required", "nothing to run", "write file: bin/jobs.py or command: [python, app.py]"
        )
    if "interpreter" in declared and "file" not in declared:
        yield _spec_problem(
            "interpreter",
            "Invalid",
            "interpreter works with file only",
            "write it as the command's first word",
        )


def _command(declared: Spec) -> Problems:
    command = declared.get("command")
    if isinstance(command, str):
        try:
            words.split(command)
        except words.NeedsShell as error:
            yield _spec_problem("command", "Invalid", error.message, error.fix, command)
    elif command is not None and not command[0]:
        yield errors.FieldProblem(
            ("spec", "command", 0),
            "Invalid",
            "the program's name is empty",
            "write command: [python, app.py]",
        )


def _limits(declared: Spec) -> Problems:
    num, limit = declared.get("num"), declared.get("max_threads")
    catch_all = declared.get("background") and "name" not in declared
    if num is not None and limit is not None and num > limit and not catch_all:
        fix = f"lower num, or write max_threads: {num}"
        yield _spec_problem("num", "Invalid", f"num is above max_threads: {num} > {limit}", fix, num)
    size = declared.get("log", {}).get("max_size")
    if size is not None and quantity.parse_size(size) < SMALLEST_LOG:
        yield errors.FieldProblem(
            ("spec", "log", "max_size"),
            "Invalid",
            f"below the smallest log file, 4Ki: {size}",
            "write 10Mi",
            size,
        )


def _kind(declared: Spec) -> Problems:
    """S1.7: what belongs to one of the three kinds only."""
    background, listen = declared.get("background", False), "listen" in declared
    catch_all = background and "name" not in declared
    if background:
        for field in ("listen", "rollout"):
            if field in declared:
                yield _spec_problem(
                    field, "Invalid", f"{field} is for HTTP sets, not for background sets", f"remove {field}"
                )
    elif "rollout" in declared and not listen:
        yield _spec_problem(
            "rollout", "Invalid", "rollout is for HTTP sets: a plain set restarts in place", "remove rollout"
        )
    if not background and "name" in declared:
        fix = "add background: true, or remove name"
        yield _spec_problem("name", "Invalid", "only a background set answers to a worker name", fix)
    if "instances" in declared and not catch_all:
        yield from _instances(declared)


def _rollout(declared: Spec) -> Problems:
    """S7.2: with neither of the two there is no room to replace anything."""
    rolls = declared.get("rollout", {})
    shares = (rolls.get("max_surge", 1), rolls.get("max_unavailable", 0))
    if any(quantity.number_of_share(one) for one in shares):
        return
    at = "max_surge" if "max_surge" in rolls else "max_unavailable"
    yield errors.FieldProblem(
        ("spec", "rollout", at),
        "Invalid",
        "with max_surge and max_unavailable both 0 nothing can be replaced",
        "write max_surge: 1, or max_unavailable: 1",
        rolls.get(at),
    )


def _instances(declared: Spec) -> Problems:
    """S3.2: a named set runs its own name, nothing else."""
    name = declared.get("name")
    if not declared.get("background") or name is None:
        fix = "remove name from a background set to make it a catch-all, or remove instances"
        yield _spec_problem("instances", "Invalid", "instances is for catch-alls only", fix)
    for listed in declared["instances"]:
        if name is not None and listed != name:
            detail = f"a set with a name runs that name only, not: {listed}"
            yield _spec_problem("instances", "Invalid", detail, f"remove it, or write [{name}]", listed)


def _listen(declared: Spec) -> Problems:
    """S1.6: each address by itself, and that the set does not stand in its own way."""
    known: list[addresses.Address] = []
    for place, given in enumerate(declared.get("listen", ())):
        path = ("spec", "listen", place)
        try:
            one = addresses.parse(given)
        except addresses.BadAddress as error:
            detail = f"not an address to listen on, {error.message}: {given}"
            yield errors.FieldProblem(path, "Invalid", detail, error.fix, given)
            continue
        if other := next((other for other in known if addresses.overlap(other, one)), None):
            detail = f"covered by {other} of the same set: {given}"
            yield errors.FieldProblem(path, "Duplicate", detail, "keep one of the two", given)
        known.append(one)
    if known and "port" in declared:
        detail = "the set listens already, on sockets that are handed over"
        yield _spec_problem("port", "Invalid", detail, "remove port, or remove listen")


def _idle(declared: Spec) -> Problems:
    """S6.9: it stops what an ensure started."""
    if declared.get("idle_timeout", "0s") != "0s" and not declared.get("background"):
        fix = "remove idle_timeout"
        yield _spec_problem("idle_timeout", "Invalid", "idle_timeout is for background sets", fix)


def _catch_all_cap(obj: kinds.Object) -> Problems:
    """S2.5, for what is declared; names that were ensured meanwhile are no mistake of this object."""
    declared = obj["spec"]
    if not declared.get("background") or "name" in declared:
        return
    cap = declared.get("max_threads") or kinds.DEFAULT_CAP
    if len(declared.get("instances") or ()) <= cap:
        return
    from controller.core import ensured  # what most manifests do without is not loaded for them

    listed = ensured.declared(obj)
    if len(listed) > cap:
        detail = f"more names than the catch-all may run: {len(listed)} of {cap}"
        yield _spec_problem("instances", "Invalid", detail, f"write max_threads: {len(listed)}")


def _names(declared: Spec) -> Problems:
    name = declared.get("name", "")
    for prefix in RESERVED_PREFIXES:
        if name.startswith(prefix):
            yield _spec_problem(
                "name", "Invalid", f"the prefix {prefix} is reserved: {name}", "remove it", name
            )


def _reserved_env(declared: Spec) -> Problems:
    for key in declared.get("env", ()):
        if key in RESERVED_ENV:
            detail = f"the controller sets this variable itself: {key}"
            yield errors.FieldProblem(("spec", "env", key), "Invalid", detail, "use another name", key)


def _readiness(declared: Spec) -> Problems:
    gate, restart = declared.get("ready_when"), declared.get("restart", "always")
    if gate == "completed" and restart == "always":
        detail = "with restart: always it runs again instead of completing"
        yield _spec_problem("ready_when", "Invalid", detail, "write restart: on_failure", gate)
    if gate == "vars" and not declared.get("background"):
        detail = "only a background worker publishes vars"
        yield _spec_problem("ready_when", "Invalid", detail, "add background: true, or write handle", gate)
    if gate == "listening" and "listen" not in declared:
        yield _spec_problem(
            "ready_when", "Invalid", "listening is for HTTP sets", "write ready_when: started"
        )


def _php(declared: Spec) -> Problems:
    file = str(declared.get("file", ""))
    if not file.endswith(".php"):
        return
    if not declared.get("background"):
        detail = "a PHP file that serves requests needs a server in front of it"
        fix = (
            f"write command: [frankenphp, php-server, --worker, {foreign.scalar(file)}], or background: true"
        )
        yield _spec_problem("file", "Invalid", detail, fix, file)


def _spec_problem(
    field: str, code: str, detail: str, fix: str = "", value: object = None
) -> errors.FieldProblem:
    return errors.FieldProblem(("spec", field), code, detail, fix, value)


_RULES: tuple[Callable[[Spec], Problems], ...] = (
    _entrypoint,
    _command,
    _limits,
    _kind,
    _rollout,
    _listen,
    _idle,
    _names,
    _reserved_env,
    _readiness,
    _php,
    proberules.problems,
    probeports.problems,
)
