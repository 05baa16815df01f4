"""Waiting for the boot phase of sets to end (S4.5): each is ready, completed, or was given up."""

from __future__ import annotations

from dataclasses import dataclass

from controller.cli import objects, progress, text, watchstream
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from controller.cli.context import Context

    Object = dict[str, Any]
    Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Sets that failed and those that are not there yet, by key; settled = neither pending nor timed out."""

    failed: tuple[Key, ...] = ()
    pending: tuple[Key, ...] = ()

    @property
    def is_over(self) -> bool:
        return not self.pending


def judge(wanted: Iterable[Key], seen: Mapping[Key, Object]) -> Verdict:
    """Pure. A set that is not seen is not there yet."""
    failed, pending = [], []
    for key in wanted:
        obj = seen.get(key)
        if obj is None or not objects.has_settled(obj):
            pending.append(key)
        elif objects.has_failed(obj):
            failed.append(key)
    return Verdict(tuple(failed), tuple(pending))


def sentence(verdict: Verdict, seen: Mapping[Key, Object]) -> str:
    """`waiting for web and job: web Starting`; where one waits for another, which. Pure."""
    names = [key[1] for key in verdict.pending]
    first = verdict.pending[0]
    state = objects.state(seen[first]) if first in seen else "Starting"
    why = objects.why(seen[first]) if state == "Waiting" else ""
    return f"waiting for {text.some_of(names, 3)}: {first[1]} {why or state}"


class Boot:
    """Watches all sets until those wanted have settled; `objects` is what was last seen."""

    def __init__(self, context: Context, wanted: Iterable[Key]) -> None:
        self._context = context
        self._wanted = tuple(wanted)
        self.objects: dict[Key, Object] = {}
        self.verdict = Verdict(pending=self._wanted)

    def wait(self, seconds: float | None, *, until_failure: bool = False) -> Verdict:
        """Ends early when one has failed, with `until_failure`; pending ones in the verdict = timed out."""
        deadline = watchstream.Deadline(seconds)
        ticker = progress.Ticker(self._context) if self._context.is_terminal else None
        with watchstream.Mirror(self._context, resources.WORKERSETS, None, {}) as mirror:
            while True:
                self.objects = mirror.objects
                self.verdict = judge(self._wanted, self.objects)
                if self.verdict.is_over or (until_failure and self.verdict.failed):
                    break
                if ticker:
                    ticker.show(sentence(self.verdict, self.objects))
                if not mirror.wait(deadline):
                    break
        if ticker:
            ticker.clear()
        return self.verdict


def explain(verdict: Verdict, seen: Mapping[Key, Object]) -> list[str]:
    """What went wrong, one line a set: the captured failure, or where a late one is. Pure."""
    lines = [f"{key[1]} failed: {objects.why(seen[key]) or 'given up'}" for key in verdict.failed]
    for key in verdict.pending:
        obj = seen.get(key)
        state = objects.state(obj) if obj else "Starting"
        why = objects.why(obj) if obj else ""
        lines.append(f"{key[1]} is not ready in time: {state}" + (f", {why}" if why else ""))
    return lines
