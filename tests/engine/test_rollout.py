"""Rolling updates of HTTP sets through store, engine and a scripted runtime: S7.2, S4.10, S1.10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller import ports
from controller.core import kinds
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")
GOOD = Script(listens_after=1.0, stop_seconds=0.2)
NEVER = Script()
CRASHES = Script(exit_after=0.3, exit_code=1, lines=("KeyError: 'API_KEY'",))


class Pool:
    """A set `web` whose runs behave as their command says; `least` and `most` were ready and running."""

    def __init__(
        self, num: int = 2, path: str = ":memory:", max_processes: int | None = None, **spec: Any
    ) -> None:
        self.scripts: dict[str, Script] = {"bad": NEVER, "crash": CRASHES}
        self.world = World(self._direct, path=path, max_processes=max_processes)
        self.world.apply("web", {"command": ["v1"], "listen": [8000], "num": num, **spec})
        self.world.run_for(30)
        self.least = self.most = num

    def _direct(self, start: ports.StartRun, _count: int) -> Script:
        command = start.template.command or ("",)
        return self.scripts.get(command[0], GOOD)

    def edit(self, **fields: Any) -> None:
        self.world.edit("web", **fields)

    def run_for(self, seconds: float) -> None:
        """From appointment to appointment, with an eye on what is ready and what runs."""
        until = self.world.clock.monotonic() + seconds
        while True:
            self.world.settle()
            self._look()
            due = self.world.next_at()
            if due is None or due > until:
                break
            self.world.clock.advance_to(due)
        self.world.clock.advance_to(until)
        self.world.settle()

    def _look(self) -> None:
        live = self.world.runtime.live(WEB)
        ready = [one for one in live if one.listening and one.handle_closed_at is None]
        self.least = min(self.least, len(ready))
        self.most = max(self.most, sum(one.handle_closed_at is None for one in live))

    @property
    def status(self) -> dict[str, Any]:
        return self.world.status("web")

    def commands(self) -> list[str]:
        starts = self.world.runtime._starts
        return sorted((starts[one.run].template.command or ("",))[0] for one in self.world.runtime.live(WEB))


def test_s7_2_new_ones_come_first_and_nobody_who_serves_is_missed() -> None:
    pool = Pool(num=3)
    before = pool.world.live("web")
    pool.edit(command=["v2"])
    pool.run_for(1.5)
    assert pool.status["state"] == "Rolling"
    assert pool.status["message"] == "2 of 3 updated"
    assert pool.status["updatedReplicas"] == 2
    pool.run_for(30)
    assert pool.commands() == ["v2"] * 3
    assert (pool.least, pool.most) == (3, 4)
    assert not set(before) & set(pool.world.live("web"))
    assert pool.status["state"] == "Ready"
    assert len(pool.world.events("RolledOut")) == 1


@pytest.mark.parametrize(
    ("rules", "least", "most"),
    [({}, 3, 4), ({"max_surge": 0, "max_unavailable": 1}, 2, 3), ({"max_surge": "100%"}, 3, 6)],
)
def test_s7_4_the_surge_is_on_top_of_max_processes(rules: dict[str, Any], least: int, most: int) -> None:
    pool = Pool(num=3, max_processes=3, rollout=rules)
    pool.edit(command=["v2"])
    pool.run_for(60)
    assert pool.commands() == ["v2"] * 3
    assert (pool.least, pool.most) == (least, most)
    assert pool.status["state"] == "Ready"


def test_s1_10_workers_are_named_by_revision_and_ordinal() -> None:
    pool = Pool()
    revision = pool.status["currentRevision"].removeprefix("web-")[:5]
    assert pool.world.live("web") == [f"web-{revision}-0", f"web-{revision}-1"]
    pool.edit(command=["v2"])
    pool.run_for(30)
    ordinals = {one.ordinal for one in pool.world.runtime.live(WEB)}
    assert len(ordinals) == 2
    assert all(name.rpartition("-")[2].isdecimal() for name in pool.world.live("web"))


def test_s4_10_a_restart_rolls_under_the_same_revision() -> None:
    pool = Pool()
    before, revision = {one.run for one in pool.world.runtime.live(WEB)}, pool.status["currentRevision"]
    pool.world.annotate_restart("web", "now")
    pool.run_for(30)
    assert not before & {one.run for one in pool.world.runtime.live(WEB)}
    assert (pool.least, pool.most) == (2, 3)
    assert pool.status["currentRevision"] == revision


@pytest.mark.parametrize("command", ["bad", "crash"])
def test_s7_2_a_template_that_never_gets_ready_is_stopped_and_the_old_ones_stay(command: str) -> None:
    pool = Pool(rollout={"progress_deadline": "10s"})
    before = pool.world.live("web")
    pool.edit(command=[command])
    pool.run_for(300)
    assert pool.world.live("web") == before
    assert pool.least == 2
    assert pool.status["state"] == "Failed"
    assert "not ready within 10s" in pool.status["message"]
    assert ("API_KEY" in pool.status["message"]) is (command == "crash")
    progressing = pool.world.condition("web", "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert pool.world.condition("web", "Degraded")["status"] == "True"
    assert pool.world.condition("web", "Ready")["status"] == "True"
    assert len(pool.world.events("ProgressDeadlineExceeded")) == 1
    assert pool.world.next_at() is None


def test_s7_2_held_what_crashes_is_run_again_as_it_was() -> None:
    pool = Pool(rollout={"progress_deadline": "10s"})
    pool.edit(command=["bad"])
    pool.run_for(60)
    for run in [one.run for one in pool.world.runtime.live(WEB)]:
        for _ in range(3):
            pool.world.runtime.crash(run)
            pool.run_for(0.05)
    pool.run_for(60)
    assert pool.commands() == ["v1", "v1"]
    pool.edit(num=4)
    pool.run_for(30)
    assert pool.commands() == ["v1"] * 4


def test_s7_2_where_old_ones_were_given_up_first_they_come_back() -> None:
    pool = Pool(rollout={"max_surge": 0, "max_unavailable": "100%", "progress_deadline": "10s"})
    pool.edit(command=["bad"])
    pool.run_for(5)
    assert pool.commands() == ["bad", "bad"]
    pool.run_for(60)
    assert pool.commands() == ["v1", "v1"]
    assert pool.status["state"] == "Failed"
    assert pool.status["readyReplicas"] == 2


def test_s7_2_after_a_failed_rollout_the_next_change_goes_on() -> None:
    pool = Pool(rollout={"progress_deadline": "10s"})
    pool.edit(command=["bad"])
    pool.run_for(60)
    pool.edit(command=["v3"])
    pool.run_for(30)
    assert pool.commands() == ["v3", "v3"]
    assert pool.status["state"] == "Ready"
    assert pool.least == 2


def test_s7_2_going_back_to_what_runs_starts_nothing() -> None:
    pool = Pool(rollout={"progress_deadline": "10s"})
    before = {one.run for one in pool.world.runtime.live(WEB)}
    pool.edit(command=["bad"])
    pool.run_for(60)
    pool.edit(command=["v1"])
    pool.run_for(30)
    assert {one.run for one in pool.world.runtime.live(WEB)} == before
    assert pool.status["state"] == "Ready"


def test_s7_2_overtaken_it_goes_straight_to_the_newest() -> None:
    pool = Pool()
    pool.edit(command=["v2"])
    pool.run_for(0.5)
    pool.edit(command=["v3"])
    pool.run_for(30)
    assert pool.commands() == ["v3", "v3"]
    assert pool.least == 2
    started = pool.world.runtime._starts.values()
    assert sum(start.template.command == ("v2",) for start in started) == 1


@pytest.mark.parametrize("num", [1, 4])
def test_num_scaled_during_a_rollout(num: int) -> None:
    pool = Pool(num=2)
    pool.edit(command=["v2"])
    pool.run_for(1.2)
    pool.edit(num=num)
    pool.run_for(30)
    assert pool.commands() == ["v2"] * num
    assert pool.status["state"] == "Ready"
    assert pool.least >= min(2, num)


def test_paused_nothing_is_replaced_until_it_is_resumed() -> None:
    pool = Pool(rollout={"paused": True})
    before = pool.world.live("web")
    pool.edit(command=["v2"])
    pool.run_for(300)
    assert pool.world.live("web") == before
    assert pool.status["state"] == "Waiting"
    assert pool.status["message"] == "rollout paused, 0 of 2 updated: workerctl rollout resume web"
    assert pool.world.condition("web", "Waiting")["reason"] == "Paused"
    assert pool.world.condition("web", "Ready")["status"] == "True"
    pool.edit(num=3)
    pool.run_for(30)
    assert pool.commands() == ["v1"] * 3
    pool.edit(rollout={})
    pool.run_for(30)
    assert pool.commands() == ["v2"] * 3


def test_a_crash_of_an_old_or_a_new_one_during_a_rollout() -> None:
    pool = Pool(num=3)
    pool.edit(command=["v2"])
    pool.run_for(1.2)
    for one in pool.world.runtime.live(WEB):
        if one.ordinal in (0, 3):
            pool.world.runtime.crash(one.run)
    pool.run_for(60)
    assert pool.commands() == ["v2"] * 3
    assert pool.status["state"] == "Ready"


def phases() -> list[tuple[str, Callable[[Pool], bool]]]:
    """Moments of a rollout of two, each as what has happened by then."""

    def going(pool: Pool) -> bool:
        return any(one.handle_closed_at is not None for one in pool.world.runtime.live(WEB))

    def count(pool: Pool, command: str) -> int:
        return pool.commands().count(command)

    return [
        ("asked", lambda pool: count(pool, "v2") == 1),
        ("boots", lambda pool: any(one.pid and not one.listening for one in pool.world.runtime.live(WEB))),
        ("drains", going),
        ("one_of_two", lambda pool: count(pool, "v2") == 2 and count(pool, "v1") == 1),
        ("last_drains", lambda pool: count(pool, "v2") == 2 and count(pool, "v1") == 1 and going(pool)),
        ("done", lambda pool: pool.commands() == ["v2", "v2"]),
    ]


@pytest.mark.parametrize(("phase", "reached"), phases(), ids=[name for name, _ in phases()])
@pytest.mark.parametrize("away", [0.0, 5.0, 100.0])
def test_killed_in_every_phase_it_continues_where_it_was(
    phase: str, reached: Callable[[Pool], bool], away: float, tmp_path: Any
) -> None:
    pool = Pool(path=str(tmp_path / "store.db"))
    pool.edit(command=["v2"])
    for _ in range(400):
        pool.run_for(0.05)
        if reached(pool):
            break
    else:
        raise AssertionError(f"never got to: {phase}")
    pool.world.kill_controller()
    pool.world.clock.advance(away)
    pool.world.runtime.play()
    pool.world.start_controller()
    pool.run_for(60)
    assert pool.commands() == ["v2", "v2"]
    assert (pool.least, pool.most) == (2, 3)
    assert pool.status["state"] == "Ready"
    started = [start.template.command for start in pool.world.runtime._starts.values()]
    assert started.count(("v2",)) == 2


def test_killed_while_a_rollout_is_held_it_stays_held(tmp_path: Any) -> None:
    pool = Pool(path=str(tmp_path / "store.db"), rollout={"progress_deadline": "10s"})
    before = pool.world.live("web")
    pool.edit(command=["bad"])
    pool.run_for(60)
    pool.world.kill_controller()
    pool.world.start_controller()
    started = len(pool.world.runtime.started)
    pool.run_for(600)
    assert pool.world.live("web") == before
    assert len(pool.world.runtime.started) == started
    assert pool.status["state"] == "Failed"


def signals(pool: Pool) -> list[float]:
    """How long after the end of file on their handles runs were signalled."""
    return [
        round(one.signalled_at - one.handle_closed_at, 1)
        for one in pool.world.runtime.live(WEB)
        if one.signalled_at is not None and one.handle_closed_at is not None
    ]


def test_s7_2_who_took_the_handle_drains_before_the_signal_and_has_its_grace_after_it() -> None:
    pool = Pool(drain_timeout="7s", stop_grace="5s")
    pool.scripts["v1"] = Script(listens_after=0.5, handle_after=0.1, ignores_stop=True)
    pool.world.annotate_restart("web", "now")
    pool.run_for(60)
    pool.edit(command=["v2"])
    pool.run_for(1.5)
    assert signals(pool) == []
    pool.run_for(7.5)
    assert signals(pool) == [7.0]
    pool.run_for(60)
    kills = [verb for verb in pool.world.runtime.verbs if isinstance(verb, ports.Kill)]
    assert len(kills) == 2
    assert pool.commands() == ["v2", "v2"]


def test_a_deleted_pod_of_an_http_set_is_replaced_by_another() -> None:
    pool = Pool()
    gone = pool.world.live("web")[0]
    pool.world.delete_pod(gone)
    pool.run_for(30)
    assert len(pool.world.live("web")) == 2
    assert pool.status["state"] == "Ready"
