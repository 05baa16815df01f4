"""Scaling, restarts in place, conflicts, env files, lazy sets: S1.2, S1.8–S1.10, S4.10, S4.12."""

from __future__ import annotations

from controller import ports
from controller.core import kinds
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")


def world(script: Script = Script(), **spec: object) -> World:  # noqa: B008 - frozen
    made = World(lambda _start, _count: script)
    made.apply("web", {"command": ["x"], **spec})
    made.run_for(20)
    return made


def test_a_pool_has_stable_ordinals_and_loses_the_highest_first() -> None:
    made = world(num=4)
    assert made.live("web") == ["web-0", "web-1", "web-2", "web-3"]
    before = len(made.runtime.verbs)
    made.edit("web", num=2)
    made.settle()
    closed = [v.ref.worker for v in made.runtime.verbs[before:] if isinstance(v, ports.CloseHandle)]
    assert closed == ["web-3", "web-2"]
    made.edit("web", num=3)
    made.run_for(2)
    assert made.live("web") == ["web-0", "web-1", "web-2"]
    assert made.runtime.processes(WEB)[-1].ordinal == 2


def test_s4_12_scaling_and_labels_restart_nothing() -> None:
    made = world(num=2)
    runs = {one.run for one in made.runtime.live()}
    made.edit("web", num=3, stop_grace="9s")
    made.apply("web", made.get("web")["spec"], labels={"tier": "front"})
    made.run_for(5)
    assert runs < {one.run for one in made.runtime.live()}
    assert made.pod("web-0")["metadata"]["labels"]["tier"] == "front"


def test_s1_8_max_threads_limits_num() -> None:
    assert world(num=5, max_threads=2).live("web") == ["web-0", "web-1"]


def test_s4_10_a_pool_is_restarted_in_place_one_at_a_time() -> None:
    made = world(num=3)
    made.edit("web", command=["y"])
    fewest = 3
    for _ in range(60):
        made.run_for(0.1)
        fewest = min(fewest, made.status("web")["readyReplicas"])
    assert fewest == 2
    assert {one.template_hash.split("-")[1] for one in made.runtime.live()} == {
        made.status("web")["currentRevision"].removeprefix("web-")
    }
    assert made.status("web")["state"] == "Ready"
    assert "template changed" in made.events("Replacing")[0]["message"]


def test_s4_10_a_broken_template_does_not_hold_up_the_pool_for_ever() -> None:
    made = World(
        lambda start, _c: (
            Script(exit_after=0.1, exit_code=1) if start.template.command == ("bad",) else Script()
        )
    )
    made.apply("web", {"command": ["good"], "num": 3, "retry_after": "0s"})
    made.run_for(20)
    made.edit("web", command=["bad"])
    made.run_for(0.3)
    assert made.status("web")["readyReplicas"] == 2, "the others serve while the first one is tried"
    made.run_for(60)
    assert made.status("web")["state"] == "Failed"
    made.edit("web", command=["good"])
    made.run_for(20)
    assert made.status("web")["readyReplicas"] == 3


def test_s4_10_the_new_process_comes_after_the_old_one_is_gone() -> None:
    made = world(Script(stop_seconds=4), background=True, name="job", num=1)
    made.annotate_restart("web", "now")
    made.run_for(3.9)
    assert len(made.runtime.live()) == 1
    made.run_for(0.2)
    assert len(made.runtime.live()) == 1
    assert len(made.runtime.started) == 2


def test_s1_10_a_crash_keeps_the_pod_and_a_template_makes_another() -> None:
    made = world()
    first = made.pod("web-0")["metadata"]["uid"]
    made.runtime.crash(made.run_of("web-0"))
    made.run_for(3)
    assert made.pod("web-0")["metadata"]["uid"] == first
    assert made.pod("web-0")["status"]["containerStatuses"][0]["restartCount"] == 1
    made.edit("web", command=["y"])
    made.run_for(3)
    assert made.pod("web-0")["metadata"]["uid"] != first
    assert made.pod("web-0")["status"]["containerStatuses"][0]["restartCount"] == 0


def test_deleting_a_pod_restarts_that_worker_only() -> None:
    made = world(num=2)
    other, uid = made.run_of("web-1"), made.pod("web-0")["metadata"]["uid"]
    first = made.run_of("web-0")
    made.delete_pod("web-0")
    made.run_for(3)
    assert made.run_of("web-0") != first
    assert made.run_of("web-1") == other
    assert made.pod("web-0")["metadata"]["uid"] != uid
    assert "deletionTimestamp" not in made.pod("web-0")["metadata"]
    assert made.status("web")["restarts"] == 0


def test_s1_9_lazy_and_catch_all_sets_wait_and_are_ready() -> None:
    lazy = world(background=True, name="job")
    assert lazy.status("web")["state"] == "Lazy"
    assert lazy.condition("web", "Ready")["status"] == "True"
    assert world(background=True).status("web")["state"] == "CatchAll"
    assert world(num=0).status("web")["state"] == "Ready"


def test_s1_2_the_newer_waits_and_goes_on_when_the_name_is_free() -> None:
    made = world(Script(stop_seconds=2), background=True, name="job", num=1)
    made.apply("later", {"command": ["x"], "background": True, "name": "job", "num": 1})
    made.run_for(5)
    assert made.live("later") == []
    assert made.status("later")["state"] == "Waiting"
    assert made.status("later")["message"] == "worker name job of the global scope is held by: default/web"
    assert made.condition("later", "Waiting")["reason"] == "Conflict"
    made.edit("web", name="other")
    made.run_for(1.9)
    assert made.live("later") == [], "the old process still answers to the name"
    made.run_for(2)
    assert made.live("later") == ["later-0"]
    assert made.status("web")["state"] == "Ready"


def test_s1_2_a_name_moves_between_sets_in_any_order() -> None:
    made = world(background=True, name="a", num=1)
    made.apply("two", {"command": ["x"], "background": True, "name": "b", "num": 1})
    made.run_for(3)
    made.edit("web", name="b")
    made.run_for(3)
    assert made.status("web")["state"] == "Waiting"
    made.edit("two", name="a")
    made.run_for(5)
    assert made.status("web")["state"] == "Ready"
    assert made.status("two")["state"] == "Ready"


def test_s4_12_an_env_file_that_cannot_be_read_holds_starts_and_disturbs_nobody() -> None:
    made = World()
    made.runtime.env_files[".env"] = {"A": "1"}
    made.apply("web", {"command": ["x"], "env_files": [".env"]})
    made.run_for(5)
    first = made.run_of("web-0")
    del made.runtime.env_files[".env"]
    made.engine.refresh([WEB])
    made.run_for(5)
    assert made.run_of("web-0") == first
    assert made.condition("web", "Waiting")["reason"] == "EnvFile"
    assert made.status("web")["message"] == "env file not found: .env"
    made.runtime.env_files[".env"] = {"A": "2"}
    made.run_for(60)
    assert made.run_of("web-0") != first, "found again, with other contents"
    assert made.status("web")["state"] == "Ready"


def test_s1_11_revisions_are_kept_and_bounded() -> None:
    made = world()
    for number in range(13):
        made.edit("web", command=[f"v{number}"])
        made.run_for(3)
    found = made.store.list(kinds.REVISIONS)[0]
    assert sorted(int(one["revision"]) for one in found) == list(range(5, 15))


def test_a_healthy_worker_is_not_disturbed_by_a_restart_of_the_controller() -> None:
    made = world(Script(handle_after=0.1, ready_after=0.1), ready_when="notify", num=3)
    runs, version = {one.run for one in made.runtime.live()}, made.get("web")["metadata"]["resourceVersion"]
    made.kill_controller()
    made.clock.advance(100)
    made.start_controller()
    made.run_for(20)
    assert {one.run for one in made.runtime.live()} == runs
    assert made.status("web")["readyReplicas"] == 3
    assert made.get("web")["metadata"]["resourceVersion"] == version, "nothing to write"


def test_reapplying_what_is_declared_writes_nothing() -> None:
    made = world(num=3)
    version = made.store.version()
    made.apply("web", made.get("web")["spec"])
    made.engine.refresh([WEB])
    made.run_for(60)
    assert made.store.version() == version


def test_what_others_keep_in_the_status_stays() -> None:
    made = world(num=1)
    obj = made.get("web")
    made.store.update(kinds.WORKERSETS, {**obj, "status": {**obj["status"], "kopf": {"progress": 1}}})
    made.edit("web", num=2)
    made.run_for(5)
    status = made.get("web")["status"]
    assert (status["replicas"], status["kopf"]) == (2, {"progress": 1})
