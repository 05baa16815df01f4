"""What is counted of workers, through the whole engine, in virtual time."""

from __future__ import annotations

from typing import Any

from controller.core import tallies
from controller.engine.metering import Meter
from tests.fakes.runtime import Script
from tests.fakes.world import World

WEB = ("default", "", "web", "web")


def metered(script: Script | list[Script], **spec: Any) -> tuple[World, tallies.Tally]:
    scripts = script if isinstance(script, list) else [script]
    made = World(lambda _start, count: scripts[min(count, len(scripts) - 1)])
    tally = tallies.Tally()
    Meter(made.engine, tally)
    made.apply("web", {"command": ["x"], **spec})
    made.settle()
    return made, tally


def numbers(tally: tallies.Tally) -> tuple[int, int, int]:
    """Starts, restarts, crashes."""
    names = (tallies.STARTS, tallies.RESTARTS, tallies.CRASHES)
    starts, restarts, crashes = (tally.counts(name).get(WEB, 0) for name in names)
    return starts, restarts, crashes


def test_a_start_is_one_and_its_time_to_be_ready_is_measured() -> None:
    world, tally = metered(Script())
    world.run_for(5)
    assert numbers(tally) == (1, 0, 0)
    durations = tally.durations(tallies.START_SECONDS)[WEB]
    assert sum(durations.counts) == 1
    assert 0 < durations.seconds <= 1.5


def test_crashes_and_restarts_are_counted_by_run() -> None:
    world, tally = metered([Script(exit_after=2, exit_code=1), Script(exit_after=2, exit_code=1), Script()])
    world.run_for(30)
    assert numbers(tally) == (3, 2, 2)


def test_runs_that_end_before_they_are_seen_count_too() -> None:
    world, tally = metered([Script(exit_after=0, exit_code=1)] * 4 + [Script()])
    world.run_for(30)
    assert numbers(tally) == (5, 4, 4)


def test_what_is_asked_for_is_no_crash() -> None:
    world, tally = metered(Script())
    world.run_for(5)
    world.edit("web", env={"A": "1"})
    world.run_for(20)
    assert numbers(tally) == (2, 1, 0)


def test_a_run_that_was_adopted_was_not_started_again() -> None:
    world, _ = metered(Script())
    world.run_for(5)
    world.kill_controller()
    world.start_controller()
    tally = tallies.Tally()
    Meter(world.engine, tally)
    world.run_for(60)
    assert numbers(tally) == (0, 0, 0)


def test_passes_are_measured() -> None:
    world, tally = metered(Script())
    world.run_for(1)
    assert sum(tally.durations(tallies.RECONCILE_SECONDS)[()].counts) > 0
    world.delete("web")
    world.run_for(60)
    assert world.find("web") is None
