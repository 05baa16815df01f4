"""`ProjectControl` and the fake keep the contract of `ports.Control`; what the real one decides by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from controller import ports, projectcontrol, settings
from controller.core import kinds
from controller.core.conditions import Condition
from tests.contracts import control as suite
from tests.fakes.control import FakeControl
from tests.fakes.world import World

PATHS = settings.ProjectPaths("/home/me/shop", "/home/me/shop/.workerset", "/run/shop")
ABOUT = projectcontrol.About(
    PATHS, {"controller": 11, "guardian": 10}, 1_700_000_000.0, True, {"PATH": "/bin", "SECRET": "x"}
)


class Real:
    """On a world without processes or time; `go_on` lets half a minute pass."""

    def __init__(self) -> None:
        self.world = World()
        self.world.apply("web", {"command": ["x"], "num": 2})
        self.world.run_for(20)
        self.control = projectcontrol.ProjectControl(
            ABOUT, self.world.engine, self.world.store, self.world.runtime, self.world.clock
        )

    def declared(self) -> kinds.Object:
        return self.world.get("web")

    def go_on(self) -> None:
        self.world.run_for(31)


class Fake:
    def __init__(self) -> None:
        self.control = FakeControl.of_two_workers(suite.WORKERS)

    def declared(self) -> kinds.Object:
        return {"kind": "WorkerSet", "metadata": {"name": "web"}, "spec": {}}

    def go_on(self) -> None:
        self.control.end()


@pytest.mark.parametrize("subject", [Real, Fake])
@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_contract(
    case: Callable[[suite.Subject], Awaitable[None]], subject: Callable[[], suite.Subject]
) -> None:
    async def run() -> None:
        await case(subject())

    asyncio.run(run())


def test_the_fact_sheet_keeps_the_environment_to_itself() -> None:
    found = Real().control.project()
    assert (found["root"], found["runDir"], found["pids"]) == (
        "/home/me/shop",
        "/run/shop",
        {"controller": 11, "guardian": 10},
    )
    assert (found["startedAt"], found["foreground"]) == ("2023-11-14T22:13:20Z", True)
    assert found["environment"] == {"PATH": "/bin", "VIRTUAL_ENV": ""}


def test_a_lost_guardian_is_a_condition_and_an_event_told_once() -> None:
    real = Real()
    assert real.control.noticed("guardian") == ()
    real.world.runtime.guardian_alive = False
    assert [note.reason for note in real.control.noticed("guardian")] == ["GuardianLost"]
    assert real.control.noticed("orphans") == ()
    (condition,) = [one for one in real.control.conditions() if not one.status]
    assert (condition.type, condition.message) == ("GuardianAlive", projectcontrol.NO_GUARDIAN)
    (event,) = real.world.events("GuardianLost")
    assert event["involvedObject"]["kind"] == "Project"
    assert (event["involvedObject"]["name"], event["type"]) == ("shop", "Warning")
    assert event["metadata"]["namespace"] == "default"


def test_trouble_with_logs_is_told_again_when_it_is_another_one() -> None:
    real = Real()
    real.world.runtime.log_trouble = "disk full: logs/web-0.log"
    assert [note.message for note in real.control.noticed("log_trouble")] == ["disk full: logs/web-0.log"]
    real.world.runtime.log_trouble = ""
    assert real.control.noticed("log_trouble") == ()
    real.world.runtime.log_trouble = "permission denied: logs/web-0.log"
    assert len(real.control.noticed("log_trouble")) == 1
    (event,) = real.world.events("LogTrouble")
    assert (event["count"], event["message"]) == (2, "permission denied: logs/web-0.log")


def test_a_runtime_that_is_away_is_told_once_it_is_lost() -> None:
    real = Real()
    real.world.runtime.set_connected(False)
    assert real.control.noticed("orphans") == ()
    assert [note.reason for note in real.control.noticed("lost")] == ["RuntimeAway"]
    assert real.control.noticed("lost") == ()


def test_turned_bad_tells_only_what_is_new() -> None:
    away = Condition("RuntimeConnected", False, "Away", "it is away")
    assert projectcontrol.turned_bad((away,), (away,)) == ()
    assert [note.reason for note in projectcontrol.turned_bad((), (away,))] == ["RuntimeAway"]


def test_s4_6_the_end_lists_what_no_worker_can_be_held_for() -> None:
    real = Real()
    real.world.runtime.unattributed = (ports.Survivor(4242, "sleep 100"),)

    async def end() -> object:
        steps = await suite.end_of(real, real.control.shutdown(None, purge=True))
        return steps[-1]["survivors"]

    assert asyncio.run(end()) == [{"pid": 4242, "command": "sleep 100"}]
    assert real.control.ended.is_set()
    assert real.control.purge
