"""S2, S3 over the worker socket: what a worker asks for, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from controller import ports
from controller.core import names, tokens
from controller.core import runs as core_runs
from tests.api.workers.office import Office
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE


def taking(start: ports.StartRun, _count: int) -> Script:
    """Every worker takes its handle and publishes; those called `never…` do neither, `dies…` die."""
    if start.worker_name.startswith("never"):
        return Script()
    if start.worker_name.startswith("dies"):
        return Script(exit_after=0.0, exit_code=3, lines=("boom",))
    return Script(handle_after=0.0, publish_after=0.0)


def play(folder: Path, story: Callable[[Office], Awaitable[None]], director: Any = taking) -> None:
    async def run() -> None:
        async with Office(folder, director) as office:
            office.declare("web")
            await story(office)

    asyncio.run(run())


def names_of(answer: dict[str, Any]) -> list[str]:
    assert answer["ok"], answer
    return [one["name"] for one in answer["instances"]]


def test_s3_4_ensure_named_lazy(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("lazy", name="importer")
        web = await office.worker()
        before = await web.ask("resolve", name="importer")
        assert (before["instance"]["ensured"], before["instance"]["vars"]) == (False, None)
        assert office.world.live("lazy") == []
        answer = await web.ask("ensure", names=["importer"])
        (instance,) = answer["instances"]
        assert instance["ready"]
        assert (instance["set"], instance["worker"], instance["gate"]) == ("lazy", "lazy-0", "handle")
        assert office.listed("lazy") == ["importer"]
        assert office.ensures("lazy")["importer"].keys() == {"default/web"}

    play(tmp_path, story)


def test_s3_4_on_an_eager_set_it_starts_nothing_and_waits(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("eager", name="e", num=2)
        web = await office.worker()
        assert names_of(await web.ask("ensure", names=["e"])) == ["e"]
        assert office.ensures("eager") == {}
        assert office.world.live("eager") == ["eager-0", "eager-1"]

    play(tmp_path, story)


def test_s9_catch_all_num_plus_lazy(tmp_path: Path) -> None:
    """One eager process under the set's name, and as many lazy names as `max_threads` says."""

    async def story(office: Office) -> None:
        office.background("jobs", num=1, max_threads=4)
        web = await office.worker()
        await web.ask("ensure", names=["a", "b", "c", "d"])
        started = {office.world.runtime._starts[one.run].worker_name for one in office.world.runtime.live()}
        assert started == {"jobs", "a", "b", "c", "d", "web"}
        listed = (await web.ask("list"))["instances"]
        assert {(one["name"], one["ready"]) for one in listed} == {
            (one, True) for one in ("a", "b", "c", "d", "jobs")
        }

    play(tmp_path, story)


def test_s2_5_cap_names_who_holds_the_places(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", max_threads=2)
        web = await office.worker()
        await web.ask("ensure", names=["a", "b"])
        error = await web.refusal("ensure", names=["b", "c"])
        assert error["type"] == "cap"
        assert "a (default/web since 2023-11-14T" in error["message"]
        assert "workerctl release NAME" in error["message"]
        assert "max_threads" in error["message"]
        assert office.listed("jobs") == ["a", "b"]
        assert [event["message"] for event in office.world.events("CapReached")] == [
            "all 2 places are taken, refused: c"
        ]
        assert (await web.ask("release", names=["a"]))["released"] == ["a"]
        assert names_of(await web.ask("ensure", names=["c"])) == ["c"]

    play(tmp_path, story)


def test_s3_1_a_batch_over_the_cap_starts_nothing(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", max_threads=2)
        web = await office.worker()
        assert (await web.refusal("ensure", names=["a", "b", "c"]))["type"] == "cap"
        assert office.ensures("jobs") == {}

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"names": []}, "invalid", "empty"),
        ({"names": [""]}, "invalid", "empty"),
        ({"names": ["a\0b"]}, "invalid", "NUL"),
        ({"names": ["a", "b", "a"]}, "invalid", "duplicate"),
        ({"names": ["a", 3]}, "type", "number"),
        ({"names": ["a", None]}, "type", "null"),
        ({"names": "a"}, "type", "list"),
        ({}, "type", "list"),
        ({"names": ["x" * 300]}, "invalid", "253"),
        ({"names": ["m#a"]}, "invalid", "reserved"),
        ({"names": ["a"], "timeout": 0}, "invalid", "above 0"),
        ({"names": ["a"], "timeout": -1.5}, "invalid", "above 0"),
        ({"names": ["a"], "timeout": "5"}, "type", "seconds"),
        ({"names": ["a"], "timeout": True}, "type", "seconds"),
        ({"names": ["a"], "wait": "yes"}, "type", "wait"),
        ({"names": ["a"], "scope": 3}, "type", "scope"),
        ({"names": ["a", "nowhere/bin/jobs.py"]}, "", ""),
    ],
    ids=str,
)
def test_s3_1_malformed_batches_start_nothing(
    tmp_path: Path, fields: dict[str, Any], kind: str, words: str
) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        if not kind:
            assert names_of(await web.ask("ensure", **fields)) == fields["names"]
            return
        error = await web.refusal("ensure", **fields)
        assert error["type"] == kind
        assert words in error["message"]
        assert office.ensures("jobs") == {}

    play(tmp_path, story)


def test_s2_3_undeclared_names_the_scope_and_what_it_declares(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("shop-a", name="a", scope="shop")
        office.background("everywhere", name="b")
        web = await office.worker()
        error = await web.refusal("ensure", names=["b", "nope"], scope="shop")
        assert error["type"] == "undeclared"
        assert error["message"] == (
            "no background worker answers to b in scope shop, which declares a and no catch-all; "
            "it is declared in the global scope: ask there, or declare it here too"
        )
        assert (await web.refusal("ensure", names=["b"], scope="shop"))["type"] == "undeclared"
        assert names_of(await web.ask("ensure", names=["b"], scope="none-declared")) == ["b"]
        assert office.ensures("everywhere").keys() == {"b"}

    play(tmp_path, story)


def test_s2_3_the_name_of_a_set_that_answers_to_none_or_another_is_told_apart(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("everywhere", name="b")
        web = await office.worker()
        error = await web.refusal("ensure", names=["web"])
        advice = "the set web is no background worker: add background: true and name: web to it"
        assert error["message"].endswith(advice)
        error = await web.refusal("ensure", names=["everywhere"])
        assert error["message"].endswith("; the set everywhere answers to b in the global scope")

    play(tmp_path, story)


def test_s2_5_catch_all_self_identity_rejected(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.world.apply("jobs", {"file": "bin/jobs.py", "background": True, "num": 1})
        office.world.settle()
        web = await office.worker()
        for own in (
            "bin/jobs.py",
            "jobs.py",
            "bin/jobs",
            "./bin/jobs.py",
            "/home/me/shop/bin/jobs.py",
            "jobs",
        ):
            error = await web.refusal("ensure", names=[own])
            assert error["type"] == "invalid"
            assert own in error["message"]
        assert office.ensures("jobs") == {}

    play(tmp_path, story)


def test_s3_3_sixteen_callers_at_once_start_one_process(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        callers = [await office.worker() for _ in range(16)]
        numbers = [one.send("ensure", names=["a"]) for one in callers]
        answers = [await one.answer(number) for one, number in zip(callers, numbers, strict=True)]
        assert len({answer["instances"][0]["pid"] for answer in answers}) == 1
        assert office.starts(names.instance("jobs", "a")) == 1

    play(tmp_path, story)


def test_s3_2_names_that_are_asked_for_at_once_share_a_commit(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", max_threads=100)
        written: list[int] = []
        office.world.store.subscribe(
            lambda change: (
                written.append(len(change.object["spec"].get("instances", ())))
                if change.object["kind"] == "WorkerSet"
                and change.previous
                and change.object["spec"] != change.previous["spec"]
                else None
            )
        )
        web = await office.worker()
        numbers = [web.send("ensure", names=[f"n{number}"], wait=False) for number in range(20)]
        await office.until(lambda: bool(office.world.live("jobs")))
        office.run_for(1.0)
        for number in numbers:
            assert (await web.answer(number))["ok"]
        assert written == [20]

    play(tmp_path, story)


def test_s3_5_tolerant_callers_wait_out_a_failing_boot(tmp_path: Path) -> None:
    def director(start: ports.StartRun, count: int) -> Script:
        good = start.worker_name != "late" or count >= 2
        return Script(handle_after=0.0) if good else Script(exit_after=0.0, exit_code=1, lines=("not yet",))

    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        number = web.send("ensure", names=["late"])
        await office.until(lambda: office.starts(names.instance("jobs", "late")) > 1)
        office.run_for(2.0)
        assert names_of(await web.answer(number)) == ["late"]

    play(tmp_path, story, director)


def test_s3_5_bootstrap_raises_the_first_failure_of_any_name(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        error = await web.refusal("ensure", names=["never", "dies"], bootstrap=True)
        assert error["type"] == "boot_failure"
        assert error["details"]["name"] == "dies"
        assert error["details"]["exitCode"] == 3
        assert error["details"]["lines"] == ["boom"]

    play(tmp_path, story)


def test_s3_6_given_up_says_all_that_is_known(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", max_consecutive_failures=1, scope="")
        web = await office.worker()
        number = web.send("ensure", names=["dies"])
        await office.until(lambda: office.starts(names.instance("jobs", "dies")) > 1)
        office.run_for(1.0)
        error = (await web.answer(number))["error"]
        assert error["type"] == "given_up"
        assert "exit 3" in error["message"]
        details = error["details"]
        assert (details["set"], details["scope"], details["entrypoint"]) == ("jobs", "", "x")
        assert (details["attempt"], details["exitCode"], details["signal"]) == (2, 3, None)
        worker = names.instance("jobs", "dies")
        assert error["advice"] == f"see why: workerctl logs {worker}; once it is repaired, ensure it again"

    play(tmp_path, story)


def test_s3_8_a_given_up_name_is_started_afresh(tmp_path: Path) -> None:
    """S9 CatchAllRespawnAfterCap."""
    broken = {"yes": True}

    def director(start: ports.StartRun, _count: int) -> Script:
        if start.worker_name == "web" or not broken["yes"]:
            return Script(handle_after=0.0)
        return Script(exit_after=0.0, exit_code=1)

    async def story(office: Office) -> None:
        office.background("jobs", max_consecutive_failures=0, retry_after="0s")
        web = await office.worker()
        assert (await web.refusal("ensure", names=["a"]))["type"] == "given_up"
        broken["yes"] = False
        assert names_of(await web.ask("ensure", names=["a"])) == ["a"]

    play(tmp_path, story, director)


def test_s3_6_a_timeout_says_what_the_worker_never_did(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", ready_when="vars")
        web = await office.worker()
        error = await web.refusal("ensure", names=["a", "never"], timeout=0.05)
        assert error["type"] == "timeout"
        assert error["details"]["name"] == "never"
        assert error["details"]["missing"] == "never took its handle and never published vars"
        worker = names.instance("jobs", "never")
        assert error["advice"] == f"it goes on trying; see why: workerctl describe pod/{worker}"
        assert office.listed("jobs") == ["a", "never"], "what was asked for stays"

    play(tmp_path, story)


def test_s3_3_without_waiting_a_process_is_enough(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        (instance,) = (await web.ask("ensure", names=["never"], wait=False))["instances"]
        assert instance["pid"]
        assert not instance["ready"]

    play(tmp_path, story)


def test_s3_7_a_worker_that_waits_for_itself(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        await web.ask("ensure", names=["never-a"], wait=False)
        own = await office.worker("jobs", names.instance("jobs", "never-a"))
        error = await own.refusal("ensure", names=["never-a"])
        assert error["type"] == "cycle"
        assert "never-a → never-a" in error["message"]

    play(tmp_path, story)


def test_s3_7_two_that_wait_for_each_other(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        await web.ask("ensure", names=["never-a", "never-b"], wait=False)
        first = await office.worker("jobs", names.instance("jobs", "never-a"))
        second = await office.worker("jobs", names.instance("jobs", "never-b"))
        waiting = first.send("ensure", names=["never-b"], timeout=5)
        await office.until(lambda: bool(office.desk.waits._edges))
        error = await second.refusal("ensure", names=["never-a"])
        assert error["details"]["cycle"] == [
            {"scope": "", "name": "never-b"},
            {"scope": "", "name": "never-a"},
            {"scope": "", "name": "never-b"},
        ]
        run = office.world.run_of(names.instance("jobs", "never-b"))
        office.world.runtime._level(run, "handle_taken")
        office.world.settle()
        assert names_of(await first.answer(waiting)) == ["never-b"]

    play(tmp_path, story)


def test_s2_4_scopes_limits_where_a_worker_may_ask(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("shop", scope="shop")
        office.background("blog", scope="blog")
        office.declare("api", scopes=["shop"])
        api = await office.worker("api", "api-0")
        assert names_of(await api.ask("ensure", names=["a"], scope="shop")) == ["a"]
        error = await api.refusal("ensure", names=["a"], scope="blog")
        assert error["type"] == "denied"
        expected = "may not ask in scope blog, only in the global scope, scope shop: add it to its scopes"
        assert error["message"].endswith(expected)

    play(tmp_path, story)


def test_s2_7_one_name_in_two_scopes_is_two_workers(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("shop", scope="shop", max_threads=1)
        office.background("blog", scope="blog", max_threads=1)
        web = await office.worker()
        one = (await web.ask("ensure", names=["a"], scope="shop"))["instances"][0]
        two = (await web.ask("ensure", names=["a"], scope="blog"))["instances"][0]
        assert one["pid"] != two["pid"]
        assert one["vars"] != two["vars"]

    play(tmp_path, story)


def test_a_token_of_another_worker_is_denied_and_says_whose_it_is(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        office.declare("api")
        thief = await office.worker("web", "web-0", office.world.run_of("api-0"))
        error = await thief.refusal("ensure", names=["a"])
        assert error["type"] == "denied"
        assert "the token of default/web-0, sent by default/api-0" in error["message"]
        right = await office.worker("web", "web-0", office.world.run_of("web-0"))
        assert names_of(await right.ask("ensure", names=["a"])) == ["a"]

    play(tmp_path, story)


@pytest.mark.parametrize(
    "token", ["", "v1.x.y", None, 3, tokens.sign("other", core_runs.WorkerRef(NAMESPACE, "web", "web-0"))]
)
def test_a_token_that_is_not_ours_is_denied(tmp_path: Path, token: object) -> None:
    async def story(office: Office) -> None:
        web = await office.worker()
        assert (await web.refusal("list", token=token))["type"] == "denied"

    play(tmp_path, story)


def test_a_suspended_set_is_not_started(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs", suspend=True)
        web = await office.worker()
        error = await web.refusal("ensure", names=["a"])
        assert error["type"] == "unavailable"
        assert "workerctl start jobs" in error["message"]

    play(tmp_path, story)


def test_a_full_disk_is_said_and_nothing_is_kept(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        office.world.store.full = True
        web = await office.worker()
        assert (await web.refusal("ensure", names=["a"]))["type"] == "unavailable"
        assert office.ensures("jobs") == {}

    play(tmp_path, story)


def test_names_of_any_bytes_travel(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        office.background("jobs")
        web = await office.worker()
        name = "caf\udce9 ☕"
        assert names_of(await web.ask("ensure", names=[name])) == [name]
        assert office.listed("jobs") == [name]

    play(tmp_path, story)


@pytest.mark.parametrize("line", [b"not json", b"[]", b'"x"', b"\xff\xfe", b"[" * 5000])
def test_a_line_that_is_no_request_gets_an_answer_and_the_connection_goes_on(
    tmp_path: Path, line: bytes
) -> None:
    async def story(office: Office) -> None:
        web = await office.worker()
        assert (await web.raw(line))["error"]["type"] == "invalid"
        assert (await web.refusal("dance"))["type"] == "invalid"
        assert (await web.ask("list"))["instances"] == []

    play(tmp_path, story)
