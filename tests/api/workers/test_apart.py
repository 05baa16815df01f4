"""What is apart: scopes of a namespace (S2.7), and namespaces, which no request crosses (S2.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from controller import ports
from controller.core import kinds, names, runs
from tests.api.workers.office import Office, Worker
from tests.fakes.runtime import Script

SCOPES = ("shop", "blog")


def director(start: ports.StartRun, _count: int) -> Script:
    """The name `sick` is well in the scope blog only."""
    if start.worker_name == "sick" and start.scope != "blog":
        return Script(exit_after=0.0, exit_code=1)
    return Script(handle_after=0.0)


def play(folder: Path, story: Callable[[Office], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Office(folder, director) as office:
            office.declare("web")
            await story(office)

    asyncio.run(run())


def test_s2_7_cap_names_vars_and_failures_of_a_scope_are_its_own(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        for scope in SCOPES:
            office.background(scope, scope=scope, max_threads=1, max_consecutive_failures=0)
        web = await office.worker()
        assert (await web.refusal("ensure", names=["sick"], scope="shop"))["type"] == "given_up"
        full = await web.refusal("ensure", names=["other"], scope="shop")
        assert (full["type"], full["details"]["set"]) == ("cap", "shop")
        (well,) = (await web.ask("ensure", names=["sick"], scope="blog"))["instances"]
        assert well["ready"]
        assert office.world.status("blog")["state"] == "Ready"
        assert office.world.status("shop")["state"] == "Failed"
        name = ports.VarsName("default", "blog", "sick")
        office.world.vars.publish(name, {"of": "blog"})
        assert office.world.vars.read(ports.VarsName("default", "shop", "sick")) is None

    play(tmp_path, story)


def test_s2_4_a_namespace_is_a_project_of_its_own(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        rules = {"command": ["x"], "background": True, "ready_when": "handle", "max_threads": 1}
        for namespace in ("default", "other"):
            office.world.apply("jobs", dict(rules), namespace=namespace)
        office.world.apply("web", {"command": ["x"]}, namespace="other")
        office.world.settle()
        web = await office.worker()
        there = await Worker(office.path, runs.WorkerRef("other", "web", "web-0"), "").connect()
        here = (await web.ask("ensure", names=["a"], namespace="other"))["instances"][0]
        beside = (await there.ask("ensure", names=["a"]))["instances"][0]
        assert here["pid"] != beside["pid"]
        assert here["vars"] != beside["vars"]
        assert here["worker"] == beside["worker"] == names.instance("jobs", "a")
        assert [one["name"] for one in (await there.ask("list"))["instances"]] == ["a"]
        assert (await there.ask("release", names=["a"]))["released"] == ["a"]
        assert office.listed("jobs") == ["a"], "a request cannot name another namespace than its token's"
        assert office.world.get("jobs", "other")["spec"].get("instances", []) == []
        office.world.delete("jobs")
        office.world.settle()
        assert (await web.refusal("ensure", names=["a"]))["type"] == "undeclared"
        assert (await there.ask("ensure", names=["a"]))["ok"]
        await there.hang_up()
        assert office.world.store.find(kinds.WORKERSETS, kinds.Key("other", "jobs")) is not None

    play(tmp_path, story)
