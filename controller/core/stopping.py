"""Stopping: ask, wait, kill (S4.6). Which verb is next follows from levels and `now` alone."""

from __future__ import annotations

from dataclasses import dataclass

from controller.core import runs, sentences, spec, worker
from controller.core.notes import Note

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Step:
    """The next verb of a stop, when to look again, and what to tell."""

    verb: runs.Verb | None = None
    wake_at: float | None = None
    note: Note | None = None


def stop_run(process: runs.Process, facts: worker.SetFacts, now: float) -> Step:
    """A commanded stop of a run whose main process lives: close the handle, after the grace kill.

    A server that took its handle drains in between (S7.2): it gets the signal after `drain_timeout`, or as
    soon as it says that nothing is left, and its grace begins only then.
    """
    closed = process.handle_closed_at
    drain = _drain_seconds(process, facts)
    if closed is None:
        verb = runs.CloseHandle(process.ref, process.run, facts.spec.stop_signal)
        return Step(verb, now + (facts.stop_grace_seconds if drain is None else drain))
    if drain is None or process.signalled_at is not None or not process.pid:
        return _kill_when_due(process, facts, now)
    if now < closed + drain and not process.drained:
        return Step(wake_at=closed + drain)
    signal = runs.Signal(process.ref, process.run, facts.spec.stop_signal)
    return Step(signal, now + facts.stop_grace_seconds)


def _drain_seconds(process: runs.Process, facts: worker.SetFacts) -> float | None:
    """How long the server may drain, None if it does not: of a grace that somebody asked for, half."""
    if facts.spec.kind is not spec.SetKind.HTTP or not process.handle_taken:
        return None
    given, drain = facts.grace_seconds, facts.spec.drain_timeout_seconds
    return drain if given is None else min(drain, given / 2)


def clear_remains(process: runs.Process, facts: worker.SetFacts, now: float) -> Step:
    """The main process has ended and left others behind: signal them, after the grace kill.

    The grace of a commanded stop counts from its beginning, whoever is still there.
    """
    if process.signalled_at is None:
        verb = runs.Signal(process.ref, process.run, facts.spec.stop_signal)
        begun = now if process.handle_closed_at is None else process.handle_closed_at
        return Step(verb, begun + facts.stop_grace_seconds, _leftovers(process))
    return _kill_when_due(process, facts, now)


def _kill_when_due(process: runs.Process, facts: worker.SetFacts, now: float) -> Step:
    if process.killed_at is not None:
        return Step()
    due = _grace_begins(process, facts) + facts.stop_grace_seconds
    if now < due:
        return Step(wake_at=due)
    return Step(runs.Kill(process.ref, process.run), note=_killed(process, facts))


def _grace_begins(process: runs.Process, facts: worker.SetFacts) -> float:
    """With the stop; of a server that drains with the signal, unless somebody asked for another grace."""
    closed, signalled = process.handle_closed_at, process.signalled_at
    drains = facts.spec.kind is spec.SetKind.HTTP and facts.grace_seconds is None
    begins = signalled if closed is None or (drains and signalled is not None) else closed
    if begins is None:
        raise AssertionError(f"run {process.run} is not being stopped")
    return begins


def _leftovers(process: runs.Process) -> Note | None:
    if process.handle_closed_at is not None:
        return None
    text = f"{_main(process)} ended and left processes behind: {_names(process)}"
    return Note("Leftovers", text, warning=True, worker=process.ref.worker)


def _killed(process: runs.Process, facts: worker.SetFacts) -> Note:
    who = _names(process) if process.exit is not None else _main(process)
    grace = sentences.seconds(facts.stop_grace_seconds)
    return Note(
        "Killed", f"still there after {grace}, killed: {who}", warning=True, worker=process.ref.worker
    )


def _main(process: runs.Process) -> str:
    return f"{process.ref.worker} (pid {process.pid})"


def _names(process: runs.Process) -> str:
    shown = ", ".join(f"{one.pid} {one.command}" for one in process.survivors[:_SHOWN])
    more = len(process.survivors) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
