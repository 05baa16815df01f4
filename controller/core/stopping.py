"""Stopping: ask, wait, kill (S4.6). Which verb is next follows from levels and `now` alone.

A server that has taken its handle is given time to let its clients leave before it gets stop_signal (S7.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.core import runs, sentences, worker
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
    if process.handle_closed_at is None:
        verb = runs.CloseHandle(process.ref, process.run, facts.spec.stop_signal)
        return Step(verb, now + (facts.drain_seconds or facts.stop_grace_seconds))
    if is_draining(process, facts):
        due = process.handle_closed_at + facts.drain_seconds
        if not process.drained and now < due:
            return Step(wake_at=due)
        signal = runs.Signal(process.ref, process.run, facts.spec.stop_signal)
        return Step(signal, now + facts.stop_grace_seconds)
    return _kill_when_due(process, grace_begins(process, facts, now), facts, now)


def is_draining(process: runs.Process, facts: worker.SetFacts) -> bool:
    """Its clients leave; stop_signal is still to come."""
    return (
        process.handle_closed_at is not None
        and process.exit is None
        and process.handle_taken
        and process.signalled_at is None
        and process.killed_at is None
        and bool(facts.spec.template.listen)
    )


def grace_begins(process: runs.Process, facts: worker.SetFacts, now: float) -> float:
    """When the grace of its stop began: with the end of its handle, or with stop_signal if that came later.

    One that was asked for is all there is.
    """
    if process.handle_closed_at is None:
        return now
    if facts.grace_seconds is not None or process.signalled_at is None:
        return process.handle_closed_at
    return max(process.handle_closed_at, process.signalled_at)


def clear_remains(process: runs.Process, facts: worker.SetFacts, now: float) -> Step:
    """The main process has ended and left others behind: signal them, after the grace kill.

    The grace of a commanded stop counts from its beginning, whoever is still there.
    """
    if process.signalled_at is None:
        verb = runs.Signal(process.ref, process.run, facts.spec.stop_signal)
        begun = grace_begins(process, facts, now)
        return Step(verb, begun + facts.stop_grace_seconds, _leftovers(process))
    begun = process.signalled_at
    if process.handle_closed_at is not None:
        begun = grace_begins(process, facts, now)
    return _kill_when_due(process, begun, facts, now)


def _kill_when_due(process: runs.Process, begun: float, facts: worker.SetFacts, now: float) -> Step:
    if process.killed_at is not None:
        return Step()
    due = begun + facts.stop_grace_seconds
    if now < due:
        return Step(wake_at=due)
    return Step(runs.Kill(process.ref, process.run), note=_killed(process, facts))


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
    return sentences.several([f"{one.pid} {one.command}" for one in process.survivors], _SHOWN)
