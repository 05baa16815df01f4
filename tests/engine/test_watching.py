"""Watched files through the whole engine, in virtual time (S4.5, S4.10, S4.12)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from controller.core import kinds
from controller.engine import watching
from tests.fakes.files import ScriptedFiles
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

ROOT = "/project"
SOURCE = "src/jobs/mail.py"
Play = Callable[[World, ScriptedFiles], Coroutine[Any, Any, None]]


def play(script: Script, act: Play, **spec: Any) -> World:
    """A set `web` that watches `src/**/*.py`, followed while `act` runs."""
    made = World(lambda _start, _count: script)
    made.runtime.env_files[".env"] = {"A": "1"}
    made.apply("web", {"command": ["x"], "watch": ["src/**/*.py"], **spec})
    made.settle()

    async def run() -> None:
        files = ScriptedFiles(SOURCE, "README.md")
        source = watching.SourceWatch(made.engine, made.store, made.runtime, files, ROOT)
        task = asyncio.ensure_future(source.run())
        try:
            if spec.get("watch", True):
                await files.started.wait()
            await act(made, files)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())
    return made


def messages(made: World, reason: str) -> list[str]:
    found, _ = made.store.list(kinds.EVENTS, NAMESPACE)
    return [event["message"] for event in found if event["reason"] == reason]


def restarted_by(made: World) -> str | None:
    found: str | None = (made.get("web")["metadata"].get("annotations") or {}).get(
        kinds.ANNOTATION_RESTARTED_BY
    )
    return found


def test_s4_10_a_changed_file_restarts_and_says_why() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.run_for(5)
        await files.tell(SOURCE)
        made.run_for(5)

    made = play(Script(), act)
    assert len(made.runtime.start_times) == 2
    assert restarted_by(made) == f"{SOURCE} (modified)"
    assert messages(made, "FilesChanged") == [f"restarted by {SOURCE} (modified)"]


def test_s4_10_a_restart_concerns_the_sets_whose_patterns_match_only() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.apply("other", {"command": ["y"], "watch": ["lib/**"]})
        made.settle()
        await files.tell("README.md", "lib/a.py")
        made.run_for(5)

    made = play(Script(), act)
    assert restarted_by(made) is None
    other = made.get("other")["metadata"].get("annotations") or {}
    assert kinds.ANNOTATION_RESTARTED_BY not in other  # it was declared, but nobody follows lib yet


def test_s4_10_files_that_are_declared_later_are_followed() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        files.started.clear()
        made.edit("web", watch=["lib/**"])
        await files.started.wait()
        await files.tell("lib/a.py", how="added")

    made = play(Script(), act)
    assert restarted_by(made) == "lib/a.py (added)"


def test_s4_5_a_given_up_worker_is_tried_at_once() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.run_for(5)
        assert made.status("web")["state"] == "Failed"
        before = len(made.runtime.start_times)
        await files.tell(SOURCE)
        made.settle()
        assert len(made.runtime.start_times) == before + 1

    play(Script(exit_after=0.1, exit_code=1), act, max_consecutive_failures=1, retry_after="0s")


def test_s4_10_a_pool_is_restarted_as_a_whole() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.run_for(5)
        await files.tell(SOURCE)
        made.run_for(20)

    made = play(Script(), act, num=3)
    assert len(made.runtime.start_times) == 6


def test_a_worker_that_writes_what_it_watches_does_not_loop() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        for _ in range(20):
            await files.tell("src/out.py")
            made.run_for(0.2)

    made = play(Script(), act)
    degraded = made.condition("web", "Degraded")
    assert degraded["reason"] == "WatchLoop"
    assert "src/out.py" in degraded["message"]
    assert len(made.runtime.start_times) == 6
    assert messages(made, "WatchLoop")


def test_the_condition_goes_once_the_file_was_left_alone() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        for _ in range(20):
            await files.tell("src/out.py")
            made.run_for(0.2)
        made.run_for(30)
        await files.tell("src/out.py")
        made.run_for(5)

    made = play(Script(), act)
    assert made.condition("web", "Degraded")["reason"] == "AsDeclared"


def test_a_pattern_that_matches_nothing_is_told_with_the_nearest_folder() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        files.started.clear()
        made.edit("web", watch=["src/jbos/*.py", "src/**/*.py", "!src/x"])
        await files.started.wait()

    made = play(Script(), act)
    assert messages(made, "WatchesNothing") == [
        "watch: no file matches src/jbos/*.py; the nearest folder there is: src/: did you mean src/jobs/?"
    ]


def test_a_pattern_that_matches_everything_is_told() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.run_for(1)

    made = play(Script(), act, watch=["**", "src/**", "*"])
    assert sorted(messages(made, "WatchesEverything")) == [
        f"watch: every file of the project matches, what workers write too: {one}" for one in ("*", "**")
    ]
    assert not messages(made, "WatchesNothing")


def test_s4_12_an_env_file_restarts_where_a_value_differs() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.run_for(5)
        await files.tell(".env")
        made.run_for(5)
        assert len(made.runtime.start_times) == 1
        made.runtime.env_files[".env"] = {"A": "2", "B": "same"}
        await files.tell(".env")
        made.run_for(5)

    made = play(Script(), act, env_files=[".env"])
    assert len(made.runtime.start_times) == 2
    assert messages(made, "FilesChanged") == ["restarted by .env (modified): A, B"]


def test_trouble_is_told_of_the_project_and_followed_again() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        await files.tell(trouble="no inotify watches are left")
        files.started.clear()
        files.broken = OSError(5, "input/output error")
        made.edit("web", watch=["lib/**"])
        while files.broken is not None:
            await asyncio.sleep(0)
        made.edit("web", watch=["src/**"])
        await files.started.wait()

    made = play(Script(), act)
    assert len(messages(made, "FilesTrouble")) == 1  # one series, the newest message
    assert "input/output error" in messages(made, "FilesTrouble")[0]


def test_a_set_that_is_deleted_watches_nothing_any_more() -> None:
    async def act(made: World, files: ScriptedFiles) -> None:
        made.delete("web")
        made.run_for(5)
        made.apply("next", {"command": ["x"]})
        made.settle()

    made = play(Script(), act)
    assert made.status("next")["state"] == "Ready" or made.run_for(5) is None


def test_20_000_changes_at_once_are_one_restart() -> None:
    changed = [f"src/d{number % 100}/f{number}.py" for number in range(20_000)]

    async def act(made: World, files: ScriptedFiles) -> None:
        made.run_for(5)
        await files.tell(*changed)
        made.run_for(5)

    made = play(Script(), act)
    assert len(made.runtime.start_times) == 2
    assert messages(made, "FilesChanged") == ["restarted by src/d0/f0.py (modified) and 19999 more"]
