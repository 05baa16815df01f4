"""Faults: nothing is lost, nothing is left running, and the message says what to do."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from controller.client import resources
from controller.sdk.workerset import contract
from controller.shim import proc
from tests.e2e.project import Project, wait_exists, wait_gone

SLEEP = ["sleep", "1000"]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"command": ["no-such-program"]}, "no-such-program"),
        ({"command": ["./plain.txt"]}, "plain.txt"),
        ({"command": SLEEP, "working_dir": "nowhere"}, "nowhere"),
    ],
)
def test_a_worker_that_cannot_start_fails_with_the_reason_and_the_rest_runs(
    project: Project, spec: dict[str, object], says: str
) -> None:
    project.write("plain.txt", "not a program")
    project.declare("bad", max_consecutive_failures=1, **spec)
    project.declare("good", command=SLEEP)
    project.apply()
    failed = project.wait_state("bad", "Failed")
    assert says in failed["status"]["message"]
    project.wait_state("good", "Ready")


def test_s4_2_a_worker_that_exits_at_once_for_ever_is_paced(project: Project) -> None:
    project.write("flip.sh", "echo x >> runs.txt\n[ $(( $(wc -l < runs.txt) % 2 )) = 0 ]\n")
    project.declare("flip", command=["sh", "flip.sh"])
    project.declare("good", command=SLEEP)
    project.apply()
    project.wait_state("good", "Ready")
    project.wait(resources.WORKERSETS, "flip", lambda obj: obj["status"].get("restarts", 0) >= 5)
    assert project.workerset("flip")["status"]["state"] in ("Backoff", "Starting")


def test_s4_6_grandchildren_in_new_sessions_that_ignore_sigterm_are_gone_after_a_stop(
    project: Project,
) -> None:
    project.write(
        "stubborn.py",
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        open('grandchild.tmp', 'w').write(str(os.getpid()))\n"
        "        os.rename('grandchild.tmp', 'grandchild.pid')\n"
        "        while True: time.sleep(1000)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print('forked', flush=True)\n"
        "while True: time.sleep(1000)\n",
    )
    project.declare("stubborn", command=["python3", "stubborn.py"], stop_grace="300ms")
    project.apply()
    project.wait_state("stubborn", "Ready")
    main = project.wait_pid("stubborn-0")
    grandchild = int((project.root / "grandchild.pid").read_text())
    project.ctl("delete", "ws", "stubborn")
    for pid in (main, grandchild):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_kill_of_the_controller_disturbs_no_worker(project: Project) -> None:
    project.declare("web", command=SLEEP, num=3)
    project.declare("brief", command=["sh", "-c", "read line < gate; exit 7"], restart="never")
    os.mkfifo(project.root / "gate")
    project.apply()
    project.wait_state("web", "Ready")
    pids = project.pids("web")
    brief = project.wait_pid("brief-0")
    controller = project.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    # `brief` ends while no controller may be there; its exit status must be known to the next one.
    with open(project.root / "gate", "w") as gate:
        gate.write("go\n")
    wait_gone(brief)
    project.ctl("get", "ws")
    assert project.pid_of("controller") != controller
    assert sorted(project.pids("web")) == sorted(pids)
    failed = project.wait_state("brief", "Failed")
    assert "exit 7" in failed["status"]["message"]


def test_kill_of_the_shim_ends_every_worker_and_starts_them_anew(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    os.kill(project.pid_of("shim"), signal.SIGKILL)
    wait_gone(pid)
    assert project.wait_pid("web-0", other_than=pid) != pid


def test_kill_of_the_guardian_disturbs_no_worker_and_down_still_ends_all(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    guardian = project.pid_of("guardian")
    os.kill(guardian, signal.SIGKILL)
    wait_gone(guardian)
    assert project.wait_pid("web-0") == pid
    project.ctl("down")
    wait_gone(pid)
    assert project.leftovers() == []


def test_a_lost_guardian_is_a_trouble_that_status_names(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    guardian = project.pid_of("guardian")
    os.kill(guardian, signal.SIGKILL)
    wait_gone(guardian)
    project.wait_troubles("GuardianAlive")
    said = project.ctl("status", code=1)
    assert "the guardian was killed" in said.stdout


def test_s4_6_a_guardian_that_is_asked_to_end_lets_each_set_stop_by_its_own_rules(project: Project) -> None:
    trap = (
        "trap 'echo INT > got; exit 0' INT; trap 'echo TERM > got; exit 0' TERM; while :; do sleep 0.05; done"
    )
    project.declare("web", command=["sh", "-c", trap], stop_signal="SIGINT")
    project.apply()
    project.wait_state("web", "Ready")
    guardian = project.pid_of("guardian")
    os.kill(guardian, signal.SIGTERM)
    wait_gone(guardian)
    assert (project.root / "got").read_text() == "INT\n"
    assert project.leftovers() == []


def test_s8_1_apply_says_where_this_shell_differs_from_the_captured_environment(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.environ["VIRTUAL_ENV"] = "/elsewhere"
    said = project.ctl("apply", "-f", "manifests/")
    assert "workers do not get this shell's VIRTUAL_ENV" in said.stderr


def test_s8_1_the_environment_is_captured_once_and_again_when_asked_to(project: Project) -> None:
    project.declare("web", command=SLEEP, min_ready="10ms")
    seen = []
    for value, words in (("one", ()), ("two", ()), ("three", ("--refresh-env",))):
        project.environ |= {"COLOUR": value, "API_TOKEN": f"secret-{value}"}
        project.ctl("up", "-d", *words)
        listing = project.ctl("env", "web").stdout
        assert "secret" not in listing
        assert "base environment" in next(line for line in listing.splitlines() if "COLOUR" in line)
        environ = Path(f"/proc/{project.wait_pid('web-0')}/environ").read_bytes().split(b"\0")
        seen.append(
            {one.partition(b"=")[2] for one in environ if one.startswith((b"COLOUR=", b"API_TOKEN="))}
        )
        project.ctl("down")
    assert seen == [{b"one", b"secret-one"}, {b"one", b"secret-one"}, {b"three", b"secret-three"}]


def orphaned(project: Project) -> int:
    """The worker that a killed guardian and a killed controller leave; its pid."""
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    for part in ("guardian", "controller"):
        os.kill(project.pid_of(part), signal.SIGKILL)
        wait_gone(project.pid_of(part))
    said = project.ctl("get", "ws", code=1).stderr
    assert f"it was killed, and shim {project.pid_of('shim')} still runs its workers" in said
    assert "workerctl up -d" in said
    return pid


def test_after_a_kill_of_guardian_and_controller_the_next_start_takes_over(project: Project) -> None:
    pid = orphaned(project)
    said = project.ctl("apply", "-f", "manifests/").stderr
    assert "a killed controller left workers running, stopping them first: 1 left" in said
    project.wait_state("web", "Ready")
    wait_gone(pid)
    assert len(project.pids("web")) == 1


def test_down_ends_what_a_killed_controller_left(project: Project) -> None:
    pid = orphaned(project)
    assert "stopped what a killed controller had left running" in project.ctl("down").stdout
    wait_gone(pid)
    assert project.leftovers() == []


def test_after_a_kill_of_all_of_ours_the_next_start_leaves_no_duplicate(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    ours = [project.pid_of(part) for part in ("guardian", "controller", "shim")]
    for one in ours:
        os.kill(one, signal.SIGKILL)
    for one in ours:
        wait_gone(one)
    project.ctl("up", "-d")
    project.wait_state("web", "Ready")
    wait_gone(pid)
    assert len(project.pids("web")) == 1


def test_the_state_folder_deleted_under_a_running_controller_is_repaired(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    # What is deleted is put back at once, maybe before the folder itself goes: no error of the test's.
    shutil.rmtree(project.root / ".workerset", ignore_errors=True)
    # No second controller may come of it, and the worker is not started twice.
    project.ctl("apply", "-f", "manifests/")
    project.wait_state("web", "Ready")
    assert project.wait_pid("web-0") == pid


@pytest.mark.parametrize("lost", ["state", "run", "both"])
def test_lost_folders_are_put_back_with_all_that_was_in_them(project: Project, lost: str) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid, run = project.wait_pid("web-0"), project.run_dir
    controller = project.pid_of("controller")
    whole = [
        *(Path(run, name) for name in ("api.sock", "shim.sock", "root")),
        *(project.state / name for name in ("store.db", "store.db-wal", "lock", "run", "guardian.pid")),
    ]
    before = project.declared()
    if lost != "run":
        shutil.rmtree(project.state, ignore_errors=True)
    if lost != "state":
        shutil.rmtree(run, ignore_errors=True)
    for path in whole:
        wait_exists(path)
    # A controller that begins now finds every declaration, and the worker where it was.
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    project.environ["XDG_RUNTIME_DIR"] = project.environ["HOME"]
    project.ctl("get", "ws")
    assert project.pid_of("controller") != controller
    assert project.declared() == before
    assert project.wait_pid("web-0") == pid
    assert project.run_dir == run


def test_two_ups_at_once_make_one_controller(project: Project) -> None:
    project.declare("web", command=SLEEP)
    both = [project.popen("up", "-d") for _ in range(2)]
    said = [one.communicate(timeout=50)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    project.wait_state("web", "Ready")
    assert len(project.pids("web")) == 1


def damage(project: Project) -> None:
    """A manifest that an editor has half saved, and a file that is none."""
    project.write(
        "manifests/half.yaml", "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: half"
    )
    (project.root / "manifests/binary.yaml").write_bytes(bytes(range(256)))


@pytest.mark.parametrize("verb", [["up"], ["up", "-d"], ["apply", "-f", "manifests/"]], ids=" ".join)
def test_half_saved_and_binary_manifests_start_nothing(project: Project, verb: list[str]) -> None:
    project.declare("web", command=SLEEP)
    damage(project)
    said = project.ctl(*verb, code=1).stderr
    assert "manifests/half.yaml:3:" in said
    assert "manifests/binary.yaml" in said
    assert project.leftovers() == []
    assert not project.folder.exists()


def test_what_is_in_the_way_of_a_socket_is_named(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    blocked = Path(project.run_dir, "workers.sock")
    project.ctl("down")
    blocked.mkdir(parents=True)
    said = project.ctl("up", "-d", code=1).stderr
    assert "did not start: something that is no socket is in the way, move it: " + str(blocked) in said
    for pid in project.leftovers():
        wait_gone(pid)
    blocked.rmdir()
    project.ctl("up", "-d")


@pytest.mark.parametrize("part", ["lock", "controller.pid", "store.db"])
def test_a_state_folder_deleted_while_a_controller_starts_costs_at_most_that_start(
    project: Project, part: str
) -> None:
    project.declare("web", command=SLEEP, min_ready="50ms")
    starting = project.popen("up", "-d")
    wait_exists(project.folder / part)
    shutil.rmtree(project.folder, ignore_errors=True)
    said, _ = starting.communicate(timeout=50)
    assert starting.returncode in (0, 1), said
    if starting.returncode:
        assert "the controller did not start" in said
        assert project.leftovers() == []
    project.ctl("up", "-d")
    project.wait_state("web", "Ready")
    (pid,) = project.pids("web")
    assert [one for one in project.leftovers() if proc.variable(one, contract.RUN)] == [pid]


def test_half_saved_and_binary_manifests_change_nothing(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    damage(project)
    said = project.ctl("apply", "-f", "manifests/", code=1)
    assert "manifests/half.yaml:" in said.stderr + said.stdout
    assert "manifests/binary.yaml" in said.stderr + said.stdout
    assert json.loads(project.ctl("get", "ws", "-o", "json").stdout)["items"][0]["metadata"]["name"] == "web"


def test_without_a_controller_every_verb_says_what_to_type(project: Project) -> None:
    for words in (["get", "ws"], ["logs", "web"], ["down"], ["stop", "web"], ["describe", "ws", "web"]):
        said = project.ctl(*words, code=1)
        assert "no controller runs for project" in said.stderr
        assert "workerctl up -d" in said.stderr
