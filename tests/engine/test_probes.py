"""Probes in the life of a worker: S1, S4.2, S5."""

from __future__ import annotations

import itertools
from typing import Any

from controller import ports
from controller.core import probing
from controller.core.probes import Role
from tests.fakes.probes import Told
from tests.fakes.runtime import Script
from tests.fakes.world import World

HTTP = {"http": "/healthz", "port": 8000}


class Answers:
    """What each role is answered, changed by a test at any time."""

    def __init__(self) -> None:
        self.of: dict[Role, Told] = {}

    def __call__(self, check: probing.Check) -> Told:
        return self.of.get(check.role, Told())


def world(script: Script = Script(), **spec: Any) -> tuple[World, dict[Role, Told]]:  # noqa: B008 - frozen
    made = World(lambda _start, _count: script)
    answers = Answers()
    made.probes.answers = answers
    made.apply("web", {"command": ["server"], **spec})
    return made, answers.of


def kills(made: World) -> int:
    return sum(isinstance(verb, ports.CloseHandle) for verb in made.runtime.verbs)


def test_s5_a_readiness_probe_must_pass_as_well() -> None:
    made, told = world(readiness_probe=HTTP)
    told[Role.READINESS] = Told(False, "connection refused: http://127.0.0.1:8000/healthz")
    made.run_for(5)
    assert made.status("web")["state"] == "Starting"
    expected = "its readiness probe has not passed yet: connection refused: http://127.0.0.1:8000/healthz"
    assert made.status("web")["message"] == expected
    assert made.events("Unhealthy") == []
    told.clear()
    made.run_for(1)
    assert made.status("web")["state"] == "Ready"


def test_failing_readiness_never_restarts() -> None:
    made, told = world(readiness_probe=HTTP)
    made.run_for(5)
    told[Role.READINESS] = Told(False, "HTTP probe failed with statuscode: 500")
    made.run_for(40)
    assert made.status("web")["state"] == "Starting"
    assert made.status("web")["message"] == "Readiness probe failed: HTTP probe failed with statuscode: 500"
    (event,) = made.events("Unhealthy")
    assert event["message"] == "Readiness probe failed: HTTP probe failed with statuscode: 500"
    assert event["involvedObject"]["name"] == "web-0"
    made.run_for(3600)
    assert kills(made) == 0
    told.clear()
    made.run_for(10)
    assert made.status("web")["state"] == "Ready"


def test_s4_2_failing_liveness_restarts_as_a_failure_with_its_cause() -> None:
    made, told = world(liveness_probe={**HTTP, "period": "1s"})
    made.run_for(20)
    first = made.run_of("web-0")
    told[Role.LIVENESS] = Told(False, "HTTP probe failed with statuscode: 500")
    made.run_for(3)
    assert kills(made) == 1
    assert made.run_of("web-0") != first
    told.clear()
    status = made.pod("web-0")["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["reason"] == "Error"
    assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in str(status["lastState"])
    (crash,) = made.events("Crashed")
    assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in crash["message"]
    (killing,) = made.events("Killing")
    assert killing["message"] == "web-0 failed its liveness probe, will be restarted"
    made.run_for(20)
    assert made.status("web")["state"] == "Ready"


def test_s4_2_a_liveness_probe_that_kills_too_eagerly_is_slowed_down_and_given_up() -> None:
    eager = {**HTTP, "period": "1s", "failure_threshold": 1}
    made, told = world(liveness_probe=eager, max_consecutive_failures=3)
    told[Role.LIVENESS] = Told(False, "HTTP probe failed with statuscode: 500")
    made.run_for(12)
    assert made.status("web")["state"] == "Failed"
    assert len(made.runtime.started) == 4
    times = made.runtime.start_times
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert "4th time: Liveness probe failed" in made.status("web")["message"]


def test_s4_4_what_was_never_found_alive_does_not_forget_its_failures() -> None:
    made, told = world(liveness_probe={**HTTP, "period": "20s"}, max_consecutive_failures=2)
    told[Role.LIVENESS] = Told(False, "refused")
    made.run_for(300)
    assert made.events("GivenUp")


def test_exit_0_at_the_signal_of_a_liveness_probe_is_no_clean_exit() -> None:
    made, told = world(
        Script(handle_after=0.1), liveness_probe={**HTTP, "period": "1s"}, restart="on_failure"
    )
    made.run_for(2)
    told[Role.LIVENESS] = Told(False, "refused")
    made.run_for(3)
    told.clear()
    made.run_for(3)
    assert made.status("web")["state"] == "Ready"
    assert made.status("web")["restarts"] == 1


def test_with_restart_never_a_killed_worker_stays_down() -> None:
    made, told = world(liveness_probe={**HTTP, "period": "1s"}, restart="never")
    told[Role.LIVENESS] = Told(False, "refused")
    made.run_for(10)
    assert made.status("web")["state"] == "Failed"
    assert len(made.runtime.started) == 1


def test_liveness_waits_for_startup_and_startup_restarts() -> None:
    made, told = world(
        startup_probe={**HTTP, "period": "1s", "failure_threshold": 5},
        liveness_probe={**HTTP, "period": "1s", "failure_threshold": 1},
    )
    told[Role.STARTUP] = told[Role.LIVENESS] = Told(False, "refused")
    made.run_for(4.9)
    assert kills(made) == 0
    assert made.pod("web-0")["status"]["containerStatuses"][0]["started"] is False
    assert made.status("web")["readyReplicas"] == 0
    made.run_for(0.2)
    assert kills(made) == 1
    assert {check.role for check in made.probes.done} == {Role.STARTUP}
    told.clear()
    made.run_for(5)
    assert made.pod("web-0")["status"]["containerStatuses"][0]["started"] is True
    assert made.status("web")["state"] == "Ready"


def test_a_probe_that_hangs_fails_at_its_timeout() -> None:
    made, told = world(readiness_probe={**HTTP, "timeout": "2s"})
    told[Role.READINESS] = Told(True, "too late", seconds=60)
    made.run_for(15)
    assert made.status("web")["message"] == "Readiness probe failed: no answer within 2s"


def test_s1_7_a_plain_set_with_a_port_is_ready_when_it_can_be_connected_to() -> None:
    made, told = world(port=8000)
    told[Role.READINESS] = Told(False, "refused")
    made.run_for(3)
    assert made.status("web")["state"] == "Starting"
    assert made.probes.done[0].probe.port == 8000
    told.clear()
    made.run_for(3)
    assert made.status("web")["state"] == "Ready"


def test_a_pod_shows_its_probes_and_what_they_said() -> None:
    made, _ = world(readiness_probe={**HTTP, "initial_delay": "2s"}, liveness_probe={"exec": ["check"]})
    made.run_for(15)
    pod = made.pod("web-0")
    (container,) = pod["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": 8000, "scheme": "HTTP"}
    assert container["readinessProbe"]["initialDelaySeconds"] == 2
    assert container["livenessProbe"]["exec"] == {"command": ["check"]}
    found = {one["type"]: (one["status"], one.get("reason")) for one in pod["status"]["conditions"]}
    assert found["workerset.dev/readiness-probe"] == ("True", "Passed")
    assert found["workerset.dev/liveness-probe"] == ("True", "Passed")


def test_a_new_controller_takes_a_ready_worker_as_ready_and_checks_at_once() -> None:
    made, told = world(readiness_probe=HTTP, num=2)
    made.run_for(20)
    made.kill_controller()
    made.start_controller()
    made.engine.step()
    assert made.status("web")["readyReplicas"] == 2
    told[Role.READINESS] = Told(False, "refused")
    made.run_for(35)
    assert made.status("web")["readyReplicas"] == 0
    assert kills(made) == 0


def test_s4_a_new_controller_knows_why_the_last_one_stopped_a_worker() -> None:
    made, told = world(Script(stop_seconds=5), liveness_probe={**HTTP, "period": "1s"})
    made.run_for(20)
    told[Role.LIVENESS] = Told(False, "refused")
    made.run_for(4)
    assert kills(made) == 1
    told.clear()
    made.kill_controller()
    made.start_controller()
    made.run_for(10)
    (crash,) = made.events("Crashed")
    assert "Liveness probe failed: refused" in crash["message"]


def test_a_change_of_a_probe_restarts_nothing() -> None:
    made, told = world(readiness_probe=HTTP)
    made.run_for(5)
    made.edit("web", readiness_probe={"tcp": True, "port": 9})
    made.run_for(5)
    assert kills(made) == 0
    assert made.probes.done[-1].probe.port == 9
    made.edit("web", readiness_probe=None)
    told[Role.READINESS] = Told(False, "refused")
    made.run_for(100)
    assert made.status("web")["state"] == "Ready"


def test_without_probes_nothing_is_ever_due() -> None:
    made, _ = world()
    made.run_for(100)
    assert made.probes.next_at() is None
    assert made.next_at() is None


def test_steady_probes_write_nothing_and_look_at_no_set() -> None:
    made, _ = world(readiness_probe={**HTTP, "period": "1s"}, num=4)
    made.run_for(30)
    version = made.store.version()
    seen: list[object] = []
    made.engine.listen(seen.extend)
    made.run_for(1000)
    assert made.store.version() == version
    assert seen == []
    assert len(made.probes.done) > 4000
