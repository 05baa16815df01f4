"""Probes in virtual time: the real schedule, and answers that a test decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller import ports
from controller.core import kinds, probes, probing
from tests.fakes.clock import FakeClock


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and how long it takes. Times over the probe's timeout are a failure, as on a machine."""

    passed: bool | None = True
    message: str = "scripted"
    seconds: float = 0.0


Answers = Callable[[probing.Check], Told]


class ScriptedProbes:
    """`ports.Probes`: `play()` lets happen what is due. `answers` may be replaced at any time."""

    def __init__(self, clock: FakeClock, answers: Answers | None = None) -> None:
        self.on_change: Callable[[kinds.Key], None] = _ignore
        self.answers: Answers = answers or (lambda _check: Told())
        self.done: list[probing.Check] = []
        self._clock = clock
        self._schedule = probing.Schedule()
        self._under_way: list[tuple[float, probing.Check, probes.Result]] = []

    def follow(self, key: kinds.Key, targets: Sequence[ports.Target]) -> None:
        self._schedule.follow(key, targets, self._clock.monotonic())

    def levels(self, key: kinds.Key) -> Mapping[str, ports.Health]:
        return self._schedule.levels(key)

    def forget(self) -> None:
        """The controller was killed, and its checks with it."""
        self.on_change = _ignore
        self._schedule = probing.Schedule()
        self._under_way.clear()

    def play(self) -> None:
        now = self._clock.monotonic()
        for check in self._schedule.due(now):
            self.done.append(check)
            told = self.answers(check)
            result = probes.Result(told.passed, told.message)
            seconds = told.seconds
            if seconds > check.probe.timeout_seconds:
                seconds = check.probe.timeout_seconds
                result = probes.Result(False, f"no answer within {seconds:g}s")
            self._under_way.append((now + seconds, check, result))
        for one in [one for one in self._under_way if one[0] <= now]:
            self._under_way.remove(one)
            changed = self._schedule.settle(one[1], one[2], now)
            if changed is not None:
                self.on_change(changed)

    def next_at(self) -> float | None:
        times = [
            at for at in (self._schedule.next_at(), *(one[0] for one in self._under_way)) if at is not None
        ]
        return min(times, default=None)


def _ignore(_key: kinds.Key) -> None:
    pass
