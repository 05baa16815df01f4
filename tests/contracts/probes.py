"""What every `ports.Probes` does, as functions of a subject; run on the real one and on the scripted one.

A subject offers probes that pass (`passes`), are refused (`fails`), or are never answered (`hangs`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

from controller import ports
from controller.core import kinds, probes
from controller.core.probes import Probe, Probes, Role

KEY, OTHER = kinds.Key("default", "web"), kinds.Key("default", "other")


class Subject(Protocol):
    @property
    def probes(self) -> ports.Probes: ...

    def probe(self, behaviour: str) -> Probe: ...

    def now(self) -> float: ...

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until it is true, looked at after every change; fails at a deadline."""
        ...


def target(subject: Subject, asked: Probes, run: str = "r1") -> ports.Target:
    return ports.Target(ports.WorkerRef("default", "web", "web-0"), run, subject.now(), asked)


def level(subject: Subject, run: str = "r1") -> ports.Health:
    return subject.probes.levels(KEY)[run]


async def nothing_is_known_of_whom_nobody_follows(subject: Subject) -> None:
    assert subject.probes.levels(KEY) == {}
    subject.probes.follow(KEY, [target(subject, Probes(readiness=subject.probe("passes")))])
    assert level(subject).passing is None
    assert subject.probes.levels(OTHER) == {}


async def what_passes_is_ready(subject: Subject) -> None:
    subject.probes.follow(KEY, [target(subject, Probes(readiness=subject.probe("passes")))])
    await subject.until(lambda: level(subject).passing is True)
    assert level(subject).failed == ""


async def what_fails_is_not_ready_and_says_why(subject: Subject) -> None:
    subject.probes.follow(KEY, [target(subject, Probes(readiness=subject.probe("fails")))])
    await subject.until(lambda: level(subject).passing is False)
    answer = level(subject).answer(Role.READINESS)
    assert answer is not None
    assert (answer.passed, answer.counted, level(subject).failed) == (False, True, "")
    assert answer.message


async def what_hangs_fails_at_its_timeout(subject: Subject) -> None:
    subject.probes.follow(KEY, [target(subject, Probes(readiness=subject.probe("hangs")))])
    await subject.until(lambda: level(subject).passing is False)
    answer = level(subject).answer(Role.READINESS)
    assert answer is not None
    assert answer.message.startswith("no answer within 0.1s")


async def what_is_not_alive_is_to_be_restarted(subject: Subject) -> None:
    subject.probes.follow(KEY, [target(subject, Probes(liveness=subject.probe("fails")))])
    await subject.until(lambda: level(subject).failed != "")
    assert level(subject).failed.startswith("Liveness probe failed: ")


async def each_run_has_its_own_levels(subject: Subject) -> None:
    good = target(subject, Probes(readiness=subject.probe("passes")), "r1")
    bad = target(subject, Probes(readiness=subject.probe("fails")), "r2")
    subject.probes.follow(KEY, [good, bad])
    await subject.until(lambda: bool(level(subject, "r1").passing) and level(subject, "r2").passing is False)


async def following_the_same_again_changes_nothing(subject: Subject) -> None:
    one = target(subject, Probes(readiness=subject.probe("passes")))
    subject.probes.follow(KEY, [one])
    await subject.until(lambda: level(subject).passing is True)
    before = level(subject)
    subject.probes.follow(KEY, [one])
    assert level(subject) is before


async def another_probe_begins_anew(subject: Subject) -> None:
    one = target(subject, Probes(readiness=subject.probe("passes")))
    subject.probes.follow(KEY, [one])
    await subject.until(lambda: level(subject).passing is True)
    other = dataclasses.replace(one, probes=Probes(readiness=subject.probe("fails")))
    subject.probes.follow(KEY, [other])
    assert level(subject).passing is None
    await subject.until(lambda: level(subject).passing is False)


async def who_is_let_go_is_forgotten(subject: Subject) -> None:
    subject.probes.follow(KEY, [target(subject, Probes(readiness=subject.probe("passes")))])
    await subject.until(lambda: level(subject).passing is True)
    subject.probes.follow(KEY, ())
    assert subject.probes.levels(KEY) == {}


async def readiness_waits_for_the_start(subject: Subject) -> None:
    startup = dataclasses.replace(subject.probe("fails"), failure_threshold=1000)
    asked = Probes(startup=startup, readiness=subject.probe("passes"))
    subject.probes.follow(KEY, [target(subject, asked)])
    await subject.until(lambda: level(subject).answer(Role.STARTUP) is not None)
    assert level(subject).answer(Role.READINESS) is None
    assert level(subject) != probes.UNKNOWN


CASES = (
    nothing_is_known_of_whom_nobody_follows,
    what_passes_is_ready,
    what_fails_is_not_ready_and_says_why,
    what_hangs_fails_at_its_timeout,
    what_is_not_alive_is_to_be_restarted,
    each_run_has_its_own_levels,
    following_the_same_again_changes_nothing,
    another_probe_begins_anew,
    who_is_let_go_is_forgotten,
    readiness_waits_for_the_start,
)
