"""What a write would do, and going back a revision."""

from __future__ import annotations

import pytest

from controller.core import errors, kinds
from controller.engine.control import EngineControl
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")


def world(script: Script = Script(), **spec: object) -> tuple[World, EngineControl]:  # noqa: B008 - frozen
    made = World(lambda _start, _count: script)
    made.runtime.env_files[".env"] = {"DB_URL": "secret-1", "SAME": "1"}
    made.apply("web", {"command": ["x"], "num": 2, **spec})
    made.run_for(20)
    return made, EngineControl(made.engine, made.store, made.runtime, made.clock)


def preview(made: World, control: EngineControl, **fields: object) -> list[tuple[str, str, str]]:
    before = made.get("web")
    spec = {**before["spec"], **fields}
    ((*actions,),) = control.preview([(before, {**before, "spec": spec})])
    return [(one.worker, one.action, one.reason) for one in actions]


def test_nothing_changes() -> None:
    assert preview(*world()) == [("web-0", "keep", ""), ("web-1", "keep", "")]


def test_a_template_change_names_its_fields() -> None:
    reason = "template changed: spec.env.PORT"
    assert preview(*world(env={"PORT": "1", "A": "1"}), env={"PORT": "2", "A": "1"}) == [
        ("web-0", "restart", reason),
        ("web-1", "restart", reason),
    ]


def test_scaling_starts_and_stops() -> None:
    made, control = world()
    assert preview(made, control, num=3)[2] == ("web-2", "start", "wanted")
    assert preview(made, control, num=1)[1] == ("web-1", "stop", "no longer wanted")
    assert preview(made, control, suspend=True) == [
        ("web-1", "stop", "suspended"),
        ("web-0", "stop", "suspended"),
    ]


def test_creating_and_deleting() -> None:
    made, control = world()
    obj = made.get("web")
    fresh = {**obj, "metadata": {**obj["metadata"], "name": "new"}}
    created, deleted = control.preview([(None, fresh), (obj, None)])
    assert [(one.worker, one.action) for one in created] == [("new-0", "start"), ("new-1", "start")]
    assert {one.reason for one in deleted} == {"deleted"}


def test_s4_12_an_env_file_names_its_keys_never_values() -> None:
    made, control = world(env_files=[".env"])
    made.runtime.env_files[".env"] = {"DB_URL": "secret-2", "SAME": "1"}
    assert preview(made, control)[0] == ("web-0", "restart", "env file changed: DB_URL")


def test_a_finished_one_shot_is_kept() -> None:
    made, control = world(Script(exit_after=1), restart="on_failure", num=1)
    assert preview(made, control) == [("web-0", "keep", "completed")]
    assert preview(made, control, command=["y"])[0][1] == "start"


def test_a_given_up_worker_is_kept_unless_the_spec_changes() -> None:
    made, control = world(
        Script(exit_after=0, exit_code=1), num=1, max_consecutive_failures=0, retry_after="0s"
    )
    assert preview(made, control) == [("web-0", "keep", "given up")]
    assert preview(made, control, max_consecutive_failures=3) == [("web-0", "start", "wanted")]


def test_rollback_restores_the_template_and_nothing_else() -> None:
    made, control = world()
    made.edit("web", command=["y"], num=3)
    made.run_for(20)
    result = control.rollback(WEB, None)
    assert result["spec"] == {"command": ["x"], "num": 3}
    made.run_for(20)
    assert made.status("web")["state"] == "Ready"
    assert control.rollback(WEB, None)["spec"]["command"] == ["y"], "undo twice goes back"
    assert control.rollback(WEB, 3)["spec"]["command"] == ["x"]


def test_rollback_says_what_there_is() -> None:
    _, control = world()
    with pytest.raises(errors.NotFound, match="no earlier revision to go back to: web"):
        control.rollback(WEB, None)
    with pytest.raises(errors.NotFound, match="unable to find revision 7 of web, there are: 1"):
        control.rollback(WEB, 7)
