"""What goes wrong around an ensure: callers and controllers that die, sets that change underneath."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from controller import ports
from controller.core import names
from tests.api.workers.office import Office
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE

JOB = names.instance("jobs", "a")


def slow(start: ports.StartRun, _count: int) -> Script:
    """Takes its handle only after five seconds."""
    return Script(handle_after=0.0 if start.worker_name in ("web", "quick") else 5.0)


def play(folder: Path, story: Callable[[Office], Awaitable[None]], director: Any = slow) -> None:
    async def run() -> None:
        async with Office(folder, director) as office:
            office.declare("web")
            await story(office)

    asyncio.run(run())


def vars_name(name: str) -> ports.VarsName:
    return ports.VarsName(NAMESPACE, "", name)


def test_a_caller_that_dies_while_it_waits_leaves_no_trace_but_what_it_asked_for(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        web.send("ensure", names=["a"])
        await office.until(lambda: bool(office.desk.waits._by_pod))
        await web.hang_up()
        await office.until(lambda: not office.desk.waits._by_pod)
        office.run_for(6)
        assert office.world.live("jobs") == [JOB]
        other = await office.worker()
        assert (await other.ask("ensure", names=["a"]))["ok"]

    play(tmp_path, story)


def test_a_controller_that_is_killed_while_callers_wait(tmp_path: Path) -> None:
    """Their connections break, they ask the next one again, and one process was started in all."""

    async def story(office: Office) -> None:
        office.background("jobs")
        callers = [await office.worker() for _ in range(4)]
        for one in callers:
            one.send("ensure", names=["a"])
        await office.until(lambda: office.starts(JOB) == 1)
        await office.restart()
        for one in callers:
            assert await one.is_cut()
        again = [await office.worker() for _ in range(4)]
        numbers = [one.send("ensure", names=["a"]) for one in again]
        await office.until(lambda: bool(office.desk.waits._by_pod))
        office.run_for(6)
        for one, number in zip(again, numbers, strict=True):
            assert (await one.answer(number))["ok"]
        assert office.starts(JOB) == 1
        assert office.listed("jobs") == ["a"]

    play(tmp_path, story)


def test_the_end_of_everything_is_told_to_who_waits(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        number = web.send("ensure", names=["a"])
        await office.until(lambda: bool(office.desk.waits._by_pod))
        office.desk.close()
        assert (await web.answer(number))["error"]["type"] == "shutting_down"
        assert (await web.refusal("ensure", names=["b"]))["type"] == "shutting_down"
        assert office.listed("jobs") == ["a"]

    play(tmp_path, story)


def test_a_set_that_is_deleted_while_somebody_waits_for_it(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        number = web.send("ensure", names=["a"])
        await office.until(lambda: office.starts(JOB) == 1)
        office.world.delete("jobs")
        assert (await web.answer(number))["error"]["type"] == "undeclared"
        office.run_for(60)
        assert office.world.find("jobs") is None
        assert office.ensures("jobs") == {}
        assert office.world.vars.known() == []

    play(tmp_path, story)


def test_s1_2_a_name_moves_from_catch_all_to_named_while_it_runs(tmp_path: Path) -> None:
    """One holder at a time; who asked is taken along; its vars stay."""

    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        await web.ask("ensure", names=["quick", "a"], wait=False)
        office.world.vars.publish(vars_name("quick"), {"v": 1})
        office.background("own", name="quick")
        office.run_for(1.0)
        assert office.world.live("own") == ["own-0"]
        assert office.listed("jobs") == ["a"]
        assert office.ensures("own").keys() == {"quick"}
        found = (await web.ask("ensure", names=["quick"]))["instances"][0]
        assert (found["set"], found["worker"], found["ready"]) == ("own", "own-0", True)
        assert office.world.vars.read(vars_name("quick")) is not None
        closed = [one for one in office.world.runtime.verbs if isinstance(one, ports.CloseHandle)]
        assert [one.ref.worker for one in closed] == [names.instance("jobs", "quick")]

    play(tmp_path, story)


def test_s1_2_a_wait_follows_the_name_to_another_set(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        number = web.send("ensure", names=["a"])
        await office.until(lambda: office.starts(JOB) == 1)
        office.background("own", name="a")
        office.run_for(10)
        (found,) = (await web.answer(number))["instances"]
        assert (found["set"], found["ready"]) == ("own", True)

    play(tmp_path, story)


def test_s1_2_a_declared_instance_comes_back_when_the_named_set_goes(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", instances=["quick"])
        office.background("own", name="quick", num=1)
        office.run_for(1.0)
        assert (office.world.live("jobs"), office.world.live("own")) == ([], ["own-0"])
        office.world.delete("own")
        office.run_for(60)
        assert office.world.live("jobs") == [names.instance("jobs", "quick")]

    play(tmp_path, story)


def test_s3_2_what_nobody_who_exists_asks_for_ends(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        office.declare("api")
        web, api = await office.worker(), await office.worker("api", "api-0")
        await web.ask("ensure", names=["quick"])
        await api.ask("ensure", names=["quick", "a"], wait=False)
        office.world.delete("api")
        office.run_for(60)
        assert office.listed("jobs") == ["quick"]
        assert office.ensures("jobs")["quick"].keys() == {"default/web"}

    play(tmp_path, story)


def test_s3_2_a_release_is_of_ones_own_and_the_command_line_s_of_all(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        office.declare("api")
        web, api = await office.worker(), await office.worker("api", "api-0")
        await web.ask("ensure", names=["quick"])
        await api.ask("ensure", names=["quick"])
        assert (await api.ask("release", names=["quick"]))["released"] == ["quick"]
        assert (await api.ask("release", names=["quick"]))["released"] == []
        assert office.listed("jobs") == ["quick"]
        answer = await office.desk.by_hand("release", NAMESPACE, {"names": ["quick"]})
        assert answer["released"] == ["quick"]
        office.run_for(60)
        assert office.world.live("jobs") == []
        assert office.world.vars.known() == []

    play(tmp_path, story)


def test_s3_2_the_command_line_called_by_a_worker_asks_for_its_set(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        token = (await office.worker()).token
        inside = {"names": ["quick"], "token": token}
        assert (await office.desk.by_hand("ensure", NAMESPACE, inside))["ok"]
        assert office.ensures("jobs")["quick"].keys() == {"default/web"}
        elsewhere = await office.desk.by_hand("ensure", "other", inside)
        assert elsewhere["error"]["type"] == "undeclared"
        assert (await office.desk.by_hand("release", NAMESPACE, inside))["released"] == ["quick"]
        forged = await office.desk.by_hand("ensure", NAMESPACE, {**inside, "token": token[:-1]})
        assert forged["error"]["type"] == "denied"

    play(tmp_path, story)


def test_s3_2_a_reboot_ends_what_was_ensured(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        await web.ask("ensure", names=["quick"])
        await office.restart()
        assert office.listed("jobs") == ["quick"]
        office.world.settings = dataclasses.replace(office.world.settings, boot_id="boot-2")
        await office.restart()
        assert office.listed("jobs") == []
        assert office.ensures("jobs") == {}

    play(tmp_path, story)


def test_s6_9_a_name_that_nobody_uses_is_drained(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", idle_timeout="60s", instances=["kept"])
        web = await office.worker()
        await web.ask("ensure", names=["quick", "busy"], wait=False)
        for _ in range(5):
            office.run_for(40)
            office.world.vars.touch(vars_name("busy"))
        assert office.listed("jobs") == ["kept", "busy"]
        office.run_for(200)
        assert office.listed("jobs") == ["kept"]
        assert office.world.live("jobs") == [names.instance("jobs", "kept")]
        assert office.world.next_at() is None, "an idle controller sleeps"

    play(tmp_path, story)


def test_s9_post_boot_crash_loop_aborts_and_vars_stay_readable(tmp_path: Path) -> None:
    """A worker that publishes and crashes in a loop: a later ensure is told, its last vars stay."""

    def director(start: ports.StartRun, _count: int) -> Script:
        if start.worker_name == "web":
            return Script()
        return Script(handle_after=0.0, publish_after=0.0, exit_after=0.1, exit_code=1)

    async def story(office: Office) -> None:
        office.background("jobs", ready_when="vars", max_consecutive_failures=2, retry_after="0s")
        web = await office.worker()
        assert (await web.ask("ensure", names=["a"]))["ok"]
        assert office.world.vars.is_ready(vars_name("a"))
        office.world.vars.publish(vars_name("a"), {"v": 1})
        office.run_for(30)
        assert office.world.status("jobs")["state"] == "Failed"
        assert not office.world.vars.is_ready(vars_name("a"))
        assert office.world.vars.read(vars_name("a")) is not None
        found = (await web.ask("resolve", name="a"))["instance"]
        assert (found["ensured"], found["ready"], found["pid"]) == (True, False, None)

    play(tmp_path, story, director)


def test_s4_5_another_name_that_is_ensured_revives_nothing(tmp_path: Path) -> None:
    def director(start: ports.StartRun, _count: int) -> Script:
        return Script(exit_after=0.0, exit_code=1) if start.worker_name == "a" else Script(handle_after=0.0)

    async def story(office: Office) -> None:
        office.background("jobs", max_consecutive_failures=0, retry_after="0s")
        web = await office.worker()
        assert (await web.refusal("ensure", names=["a"]))["type"] == "given_up"
        generation = office.world.get("jobs")["metadata"]["generation"]
        assert (await web.ask("ensure", names=["b"]))["ok"]
        office.run_for(60)
        assert office.starts(JOB) == 1
        assert office.world.get("jobs")["metadata"]["generation"] == generation
        status = {one["name"]: one for one in office.world.status("jobs")["instances"]}
        assert (status["a"]["state"], status["b"]["state"]) == ("Failed", "Ready")
        assert status["b"]["ensuredBy"] == ["default/web"]
        assert [event["message"] for event in office.world.events("Ensured")] == ["ensured b by default/web"]

    play(tmp_path, story, director)
