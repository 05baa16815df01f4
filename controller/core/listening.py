"""The sockets of an HTTP set and the gate `listening`, as decisions (S5, S7.1).

A set's sockets are bound before its first process and kept while any process of it lives. While runs of an
older template live, what they were given is kept as well: several templates share the sockets of one set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from controller.core import addresses, kinds, records, runs, sentences, spec, worker

FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 15.0

FIRST_LOOK_SECONDS = 0.03
LOOK_FRACTION = 0.15
"""Of the time a process has been alive: a look finds it ready that much too late at most."""
LONGEST_LOOK_SECONDS = 60.0

SUSPICIOUS_SECONDS = 10.0
"""A server that has not taken its socket by then is told how to."""

IN_USE, NOT_BOUND = "AddressInUse", "CannotListen"
REASONS = frozenset({IN_USE, NOT_BOUND})

_BIND_FAILED = re.compile(r"address already in use|EADDRINUSE|connection in use|errno 98\b", re.IGNORECASE)
_SERVER = re.compile(r"\b(uvicorn|gunicorn|hypercorn|node)\b")
_ADVICE = {
    "uvicorn": "add --fd 3",
    "gunicorn": "remove --bind, it takes the socket by itself",
    "hypercorn": "add --bind fd://3",
    "node": "listen({fd: 3})",
}
_ADVICE_FOR_ALL = "serve on descriptor 3 (LISTEN_FDS)"


@dataclass(frozen=True, slots=True)
class Listening:
    """What to do about a set's sockets. `hold`: why nothing may start; `opening`: they are on their way."""

    verbs: tuple[runs.SetVerb, ...] = ()
    hold: worker.Wait | None = None
    opening: bool = False
    attempts: int = 0
    tried_at: float = 0.0


NOTHING = Listening()


def decide(
    facts: worker.SetFacts,
    held: Sequence[runs.Socket],
    processes: Sequence[runs.Process],
    before: Listening,
    now: float,
    *,
    wanted: bool,
) -> Listening:
    """`wanted`: the set wants processes. Planning twice is harmless: what was asked for is held already."""
    needed = _needed(facts, held, processes, wanted=wanted)
    if not needed and not held:
        return NOTHING
    key = kinds.Key(facts.namespace, facts.name)
    if tuple(one.address for one in held) != needed:
        verb: runs.SetVerb = runs.OpenSockets(key, needed) if needed else runs.CloseSockets(key)
        bound = {one.address for one in held if one.bound}
        return Listening((verb,), opening=bool(set(needed) - bound), tried_at=now)
    asked = set(facts.spec.template.listen) if wanted else set()
    failed = [one for one in held if one.error and one.address in asked]
    if not failed:
        opening = any(not one.bound for one in held if one.address in asked)
        hold = before.hold if opening else None
        attempts = before.attempts if opening else 0
        return Listening((), hold, opening, attempts, before.tried_at)
    due = before.tried_at + _pause(before.attempts)
    verbs = (runs.OpenSockets(key, needed),) if now >= due else ()
    attempts, tried_at = (before.attempts + 1, now) if verbs else (before.attempts, before.tried_at)
    return Listening(verbs, _hold(failed, tried_at + _pause(attempts)), bool(verbs), attempts, tried_at)


def _needed(
    facts: worker.SetFacts, held: Sequence[runs.Socket], processes: Sequence[runs.Process], *, wanted: bool
) -> tuple[str, ...]:
    asked = facts.spec.template.listen if wanted else ()
    if not held:
        return (*asked,)
    living = [one for one in processes if one.exit is None or one.survivors]
    if wanted:
        living = [one for one in living if one.template_hash != facts.template_hash]
    kept = [one.address for one in held if one.address not in asked] if living else []
    return (*asked, *kept)


def _hold(failed: Sequence[runs.Socket], until: float) -> worker.Wait:
    reason = IN_USE if any(one.in_use for one in failed) else NOT_BOUND
    return worker.Wait(reason, "; ".join(one.error for one in failed), until)


def _pause(attempts: int) -> float:
    return min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 10))


def shown(held: Sequence[runs.Socket]) -> list[str]:
    """The real addresses, as people open them."""
    return [addresses.url(one.bound) for one in held if one.bound]


# ------------------------------------------------------------------ whether a process listens


def next_look(started_at: float, looked_at: float) -> float:
    """When to look again: the pauses grow with the age of the process, so a boot costs a few looks."""
    if looked_at <= started_at:
        return started_at + FIRST_LOOK_SECONDS
    pause = min(max(FIRST_LOOK_SECONDS, LOOK_FRACTION * (looked_at - started_at)), LONGEST_LOOK_SECONDS)
    return looked_at + pause


def is_suspicious(process: runs.Process, mark: worker.Mark | None) -> bool:
    """Looked at long after its start, and still nothing."""
    return (
        mark is not None
        and mark.run == process.run
        and mark.looked_at - process.started_at >= SUSPICIOUS_SECONDS
        and not process.listening
    )


def idle_sentence(process: runs.Process, mark: worker.Mark | None, rules: spec.WorkerSetSpec) -> str:
    """Why a live process is not ready by this gate."""
    if is_suspicious(process, mark):
        return f"it does not serve on the socket it was given: {advice(rules.template)}"
    return "it does not listen yet"


def unseen_sentence(rules: spec.WorkerSetSpec) -> str:
    """Of a process that counts as ready without having been seen to listen."""
    alive = sentences.seconds(rules.min_ready_seconds)
    return f"whether it listens cannot be seen from outside: ready because alive for {alive}"


def advice(template: spec.Template) -> str:
    """How the server at hand takes a socket that it is given."""
    words = " ".join((*(template.command or (template.file or "",)), *template.args))
    found = _SERVER.search(words)
    return _ADVICE[found[1]] if found else _ADVICE_FOR_ALL


def bind_hint(ref: runs.WorkerRef, last: records.LastExit | None, rules: spec.WorkerSetSpec) -> str:
    """S7.1: it tried to bind by itself what is held for it; empty if that is not what it died of."""
    listen = rules.template.listen
    if last is None or not listen or last.stopped:
        return ""
    lines = [line for line in last.lines if _BIND_FAILED.search(line)]
    if not lines:
        return ""
    named = [one for one in listen if any(_names(line, one) for line in last.lines)]
    which = named[0] if named else listen[0]
    return f"{ref.worker} tried to bind {which}, which workerset holds for it: {advice(rules.template)}"


def _names(line: str, address: str) -> bool:
    one = addresses.parse(address)
    thing = one.host if one.family == "unix" else str(one.port)
    return re.search(rf"(?<![\w]){re.escape(thing)}(?![\w])", line) is not None
