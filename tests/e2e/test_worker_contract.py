"""The worker contract with the real controller: what deaths and circles do to those who wait (S3, S6)."""

from __future__ import annotations

import os
import signal

import pytest

from controller.client import resources
from tests.e2e.agent import Agent, Remote
from tests.e2e.project import Project, wait_gone

PUBLISHER = """\
import os, workerset
workerset.set_vars({"name": workerset.name(), "pid": os.getpid()})
workerset.handle().wait()
"""

LATER = """\
import os, workerset
handle = workerset.handle()
while not os.path.exists("go") and not handle.wait(0.05):
    pass
workerset.set_vars({"went": True})
handle.wait()
"""


@pytest.fixture
def agent(project: Project) -> Agent:
    project.write("publisher.py", PUBLISHER)
    project.write("later.py", LATER)
    project.declare("pub", background=True, name="pub", file="publisher.py", ready_when="vars")
    project.declare("later", background=True, name="later", file="later.py", ready_when="vars")
    project.apply()
    return Agent(project, "agent", background=True, name="agent", num=1)


def kill_controller(project: Project) -> None:
    pid = project.pid_of("controller")
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)


def hold_controller(project: Project) -> int:
    pid = project.pid_of("controller")
    os.kill(pid, signal.SIGSTOP)
    return pid


# ------------------------------------------------------------------ without the controller


def test_s3_3_an_ensure_waits_through_a_kill_of_the_controller(project: Project, agent: Agent) -> None:
    waiting = agent.start("workerset.ensure('later', timeout=40)")
    project.wait_pid("later-0")
    kill_controller(project)
    project.write("go", "")
    assert waiting.result() is None
    assert agent.do("dict(workerset.get_vars('later'))") == {"went": True}


def test_s3_2_what_was_ensured_is_wanted_after_a_kill_of_the_controller(
    project: Project, agent: Agent
) -> None:
    agent.do("workerset.ensure('pub', timeout=20)")
    pid = project.wait_pid("pub-0")
    kill_controller(project)
    agent.do("workerset.ensure('later', timeout=20, wait=False)")  # answered by the next controller
    os.kill(pid, signal.SIGKILL)
    assert project.wait_pid("pub-0", other_than=pid) != pid
    project.apply()
    assert project.workerset("pub")["spec"].get("instances") == ["pub"]


def test_s3_9_a_ready_name_and_its_vars_need_no_controller(project: Project, agent: Agent) -> None:
    agent.do("workerset.ensure_vars('pub', timeout=20)")
    controller = hold_controller(project)
    try:
        found = agent.do(
            """
            for _ in range(100):
                workerset.ensure("pub")
                workerset.ensure(["pub"])
            first = workerset.get_vars("pub")
            result = [first["name"], all(workerset.get_vars("pub") is first for _ in range(100))]
            """
        )
        assert found == ["pub", True]
        agent.do("workerset.set_vars({'from': 'agent'})")
    finally:
        os.kill(controller, signal.SIGCONT)


def test_s5_a_killed_worker_is_not_ready_although_no_controller_saw_it(
    project: Project, agent: Agent
) -> None:
    """The shim clears the shared word; the answer is not the one of before."""
    pid = agent.do("workerset.ensure_vars('pub', timeout=20)['pid']")
    controller = hold_controller(project)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
        waiting = agent.start("workerset.ensure('pub', timeout=30)")
    finally:
        os.kill(controller, signal.SIGCONT)
    assert waiting.result() is None
    assert project.wait_pid("pub-0", other_than=pid) != pid


# ------------------------------------------------------------------ vars of others


def test_s6_7_the_vars_of_a_dead_publisher_stay_readable(project: Project, agent: Agent) -> None:
    first = agent.do("dict(workerset.ensure_vars('pub', timeout=20))")
    generation = agent.do("workerset.generation('pub')")
    waiting = agent.start(f"workerset.wait_vars('pub', after={generation}, timeout=30)")
    os.kill(first["pid"], signal.SIGKILL)
    assert agent.do("workerset.get_vars('pub')['name']") == "pub"
    newer = waiting.result()
    assert newer[0] == generation + 1
    assert newer[1]["pid"] != first["pid"]


def test_s6_7_of_one_that_publishes_and_crashes_in_a_loop_something_can_always_be_read(
    project: Project, agent: Agent
) -> None:
    project.write(
        "loop.py", "import os, workerset\nworkerset.set_vars({'pid': os.getpid()})\nraise SystemExit(1)\n"
    )
    project.declare(
        "loop", background=True, name="loop", file="loop.py", ready_when="vars", max_consecutive_failures=-1
    )
    project.apply()
    agent.do("workerset.ensure('loop', wait=False)")
    seen = agent.do("""
        result, generation = [], 0
        while len(result) < 4:
            generation, vars = workerset.wait_vars('loop', after=generation, timeout=20)
            result.append((generation, vars['pid'], len(workerset.get_vars('loop'))))
    """)
    assert len({pid for _, pid, _ in seen}) == 4
    assert [count for _, _, count in seen] == [1] * 4, "what the last run published stays readable"
    assert [generation - seen[0][0] for generation, _, _ in seen] == [0, 1, 2, 3]
    assert project.workerset("loop")["status"]["state"] != "Failed"


def test_s6_5_generations_grow_over_a_release(project: Project, agent: Agent) -> None:
    agent.do("workerset.ensure_vars('pub', timeout=20)")
    first = agent.do("workerset.generation('pub')")
    pid = project.wait_pid("pub-0")
    assert agent.do("workerset.release('pub')") == ["pub"]
    wait_gone(pid)
    assert agent.fails("workerset.get_vars('pub')").kind == "NotPublished"
    agent.do("workerset.ensure_vars('pub', timeout=20)")
    assert agent.do("workerset.generation('pub')") > first


def test_s5_ensure_vars_waits_for_the_current_run(project: Project, agent: Agent) -> None:
    """Ready by another gate, and the vars of the last run are there: they are not the answer."""
    project.write(
        "slow.py",
        "import os, workerset\n"
        "handle = workerset.handle()\n"
        "number = len([one for one in os.listdir() if one.startswith('slow.run')])\n"
        "open(f'slow.run{number}', 'w').close()\n"
        "while number and not os.path.exists('go') and not handle.wait(0.05):\n    pass\n"
        "workerset.set_vars({'same': True})\n"
        "handle.wait()\n",
    )
    project.declare("slow", background=True, name="slow", file="slow.py", ready_when="handle")
    project.apply()
    agent.do("workerset.ensure_vars('slow', timeout=20)")
    pid = project.wait_pid("slow-0")
    os.kill(pid, signal.SIGKILL)
    project.wait_pid("slow-0", other_than=pid)
    agent.do("workerset.ensure('slow', timeout=20)")
    error = agent.fails("workerset.ensure_vars('slow', timeout=0.3)")
    assert error.kind == "EnsureTimeout"
    assert error.details["missing"] == "never published vars"
    waiting = agent.start("dict(workerset.ensure_vars('slow', timeout=20))")
    project.write("go", "")
    assert waiting.result() == {"same": True}


# ------------------------------------------------------------------ those who wait


def test_s3_7_a_wait_for_oneself_is_a_cycle(agent: Agent) -> None:
    agent.project.write("narcissus.py", "import workerset\nworkerset.ensure(workerset.name(), timeout=20)\n")
    agent.project.declare(
        "me", background=True, name="me", file="narcissus.py", ready_when="handle", max_consecutive_failures=0
    )
    agent.project.apply()
    error = agent.fails("workerset.ensure('me', timeout=20)")
    assert error.kind == "GivenUp"
    assert error.details["error"]["type"].endswith("Cycle")
    assert "me → me" in error.details["error"]["message"]


def test_s3_6_an_error_names_the_exception_and_its_place(agent: Agent) -> None:
    agent.project.write(
        "bad.py", "import workerset, os\n\ndef main():\n    os.environ['API_KEY']\n\nmain()\n"
    )
    agent.project.declare("bad", background=True, name="bad", file="bad.py", max_consecutive_failures=0)
    agent.project.apply()
    error = agent.fails("workerset.ensure('bad', timeout=20)")
    assert error.kind == "GivenUp"
    found = error.details["error"]
    assert (found["type"], found["message"], found["line"]) == ("KeyError", "'API_KEY'", 4)
    assert found["file"].endswith("bad.py")
    assert "KeyError" in error.message
    assert "KeyError" in agent.project.ctl("describe", "ws", "bad").stdout


def test_s3_5_bootstrap_raises_the_first_failure(project: Project, agent: Agent) -> None:
    project.write("bad.py", "import workerset\nraise RuntimeError('no database')\n")
    project.write(
        "web.py",
        "import workerset\nworkerset.ensure(['pub', 'bad'], timeout=30)\n",
    )
    project.declare("bad", background=True, name="bad", file="bad.py", max_consecutive_failures=-1)
    project.declare("web", file="web.py", listen=["unix:web.sock"], max_consecutive_failures=0)
    project.apply()
    project.wait_state("web", "Failed")
    said = project.ctl("describe", "ws", "web").stdout
    assert "BootFailure" in said
    assert "no database" in said


def test_a_caller_that_dies_withdraws_its_wait_and_not_its_wish(project: Project, agent: Agent) -> None:
    caller = Agent(project, "caller", background=True, name="caller")
    waiting = caller.start("workerset.ensure('later', timeout=600)")
    pid = project.wait_pid("later-0")
    os.kill(project.wait_pid("caller-0"), signal.SIGKILL)
    with pytest.raises(Remote, match="Ended"):
        waiting.result()
    project.write("go", "")
    agent.do("workerset.ensure('later', timeout=20)")
    assert project.wait_pid("later-0") == pid


def test_a_name_of_any_bytes(project: Project, agent: Agent) -> None:
    project.write(
        "bytes.py",
        "import os, workerset\n"
        "workerset.set_vars({'name': os.fsencode(workerset.name())})\nworkerset.handle().wait()\n",
    )
    project.declare("all", background=True, file="bytes.py", ready_when="vars")
    project.apply()
    name = "caf\udce9 ✓/\n*"
    assert agent.do(f"workerset.ensure_vars({name!r}, timeout=20)['name'] == os.fsencode({name!r})") is True
    assert agent.do(f"workerset.release({name!r}) == [{name!r}]") is True


def test_s2_1_a_name_that_moves_to_a_set_of_its_own_keeps_its_vars(project: Project, agent: Agent) -> None:
    project.declare("all", background=True, file="publisher.py", ready_when="vars")
    project.apply()
    first = agent.do("dict(workerset.ensure_vars('moving', timeout=20))")
    generation = agent.do("workerset.generation('moving')")
    project.declare("moving", background=True, name="moving", num=1, file="publisher.py", ready_when="vars")
    project.apply()
    found = agent.do(f"workerset.wait_vars('moving', after={generation}, timeout=20)")
    assert found[0] > generation
    assert found[1]["pid"] != first["pid"]
    project.wait(resources.WORKERSETS, "moving", lambda obj: obj["status"].get("readyReplicas") == 1)
    wait_gone(first["pid"])


def test_s2_4_a_token_is_its_workers_own(project: Project, agent: Agent) -> None:
    stranger = Agent(project, "stranger", background=True, name="stranger")
    token = stranger.do("os.environ['WORKERSET_TOKEN']")
    error = agent.fails(
        f"""
        own = os.environ["WORKERSET_TOKEN"]
        os.environ["WORKERSET_TOKEN"] = {token!r}
        try:
            workerset.ensure("pub", timeout=5)
        finally:
            os.environ["WORKERSET_TOKEN"] = own
        """
    )
    assert error.kind == "Denied"
    assert "stranger" in error.message


def test_s6_9_reading_keeps_a_worker_that_would_idle(project: Project, agent: Agent) -> None:
    project.declare(
        "idler", background=True, name="idler", file="publisher.py", ready_when="vars", idle_timeout="1s"
    )
    project.apply()
    pid = agent.do("workerset.ensure_vars('idler', timeout=20)['pid']")
    reads = agent.do(
        """
        reads = 0
        with workerset.handle() as handle:
            for _ in range(30):
                handle.wait(0.1)
                workerset.get_vars("idler")
                reads += 1
        result = reads
        """
    )
    assert reads == 30
    assert project.wait_pid("idler-0") == pid
    wait_gone(pid)


def test_s3_7_two_that_wait_for_each_other_are_told(project: Project, agent: Agent) -> None:
    """Each ensures the other before it is ready; one of the two waits would close the circle."""
    project.write(
        "mutual.py",
        "import sys, workerset\nworkerset.ensure(sys.argv[-1], timeout=20)\nworkerset.handle().wait()\n",
    )
    for name, other in (("ping", "pong"), ("pong", "ping")):
        project.declare(
            name,
            background=True,
            name=name,
            file="mutual.py",
            args=[other],
            ready_when="handle",
            max_consecutive_failures=0,
        )
    project.apply()
    agent.fails("workerset.ensure(['ping', 'pong'], timeout=20)")
    for name in ("ping", "pong"):
        project.wait_state(name, "Failed")
    said = "".join(project.ctl("describe", "ws", name).stdout for name in ("ping", "pong"))
    assert "ping → pong → ping" in said or "pong → ping → pong" in said
