"""Saved files restart what they belong to: real files, real processes."""

from __future__ import annotations

from controller.client import resources
from tests.e2e.project import Object, Project, pid_of, wait_exists

SCRIPT = """
import os, sys, time
print("version", open(os.path.dirname(os.path.abspath(__file__)) + "/lib.py").read().strip(), flush=True)
time.sleep(1000)
"""


def cause(project: Project, name: str) -> str:
    annotations = project.workerset(name)["metadata"].get("annotations") or {}
    return str(annotations.get("workerset.dev/restarted-by"))


def ready_as_another(project: Project, worker: str, pid: int) -> int:
    def holds(pod: Object) -> bool:
        return pid_of(pod) not in (0, pid)

    return pid_of(project.wait(resources.PODS, worker, holds))


def start(project: Project, **spec: object) -> int:
    project.write("src/job.py", SCRIPT)
    project.write("src/lib.py", "1")
    project.declare("job", file="src/job.py", **spec)
    project.apply()
    project.wait_state("job", "Ready")
    return project.wait_pid("job-0")


def test_s4_10_a_saved_source_file_restarts_its_set_and_only_that(project: Project) -> None:
    project.declare("other", command=["sleep", "1000"], watch=["lib/**"])
    first = start(project, watch=True)
    other = project.wait_pid("other-0")
    project.write("src/lib.py", "2")
    second = ready_as_another(project, "job-0", first)
    assert cause(project, "job") == "src/lib.py (modified)"
    assert "restarted by src/lib.py (modified)" in project.ctl("describe", "ws", "job").stdout
    project.wait_state("job", "Ready")
    project.write("src/new/mod.py", "x")
    ready_as_another(project, "job-0", second)
    assert cause(project, "job") == "src/new/mod.py (added)"
    assert project.pids("other") == [other]


def test_s4_5_a_given_up_worker_is_tried_at_once_on_the_next_save(project: Project) -> None:
    project.write("job.py", "raise SystemExit(3)")
    project.declare("job", file="job.py", watch=True, max_consecutive_failures=0, retry_after="0s")
    project.apply()
    project.wait_state("job", "Failed")
    project.write("job.py", "import time\ntime.sleep(1000)\n")
    project.wait_state("job", "Ready")


def test_watching_goes_on_after_the_controller_was_restarted(project: Project) -> None:
    first = start(project, watch=["src/*.py"])
    project.ctl("down")
    project.ctl("up", "-d")
    project.wait_state("job", "Ready")
    first = project.wait_pid("job-0")
    project.write("src/lib.py", "2")
    ready_as_another(project, "job-0", first)


def test_s7_2_an_http_set_rolls_when_a_file_is_saved(project: Project) -> None:
    project.write("web.py", "import time\ntime.sleep(1000)\n")
    project.declare("web", file="web.py", listen=["unix:web.sock"], watch=True, ready_when="started")
    project.apply()
    project.wait_state("web", "Ready")
    before = project.pids("web")
    with (project.root / "web.py").open("a") as file:
        file.write("\n# saved\n")
    project.wait(
        resources.WORKERSETS,
        "web",
        lambda obj: (
            cause_of(obj) == "web.py (modified)"
            and obj["status"]["state"] == "Ready"
            and obj["status"]["replicas"] == 1
            and set(project.pids("web")).isdisjoint(before)
        ),
    )


def cause_of(obj: Object) -> str:
    return str((obj["metadata"].get("annotations") or {}).get("workerset.dev/restarted-by"))


def test_a_worker_that_writes_what_it_watches_does_not_loop(project: Project) -> None:
    project.write(
        "job.py",
        "import pathlib, time\npathlib.Path(__file__).with_name('made.py').write_text(str(time.time()))\n"
        "time.sleep(1000)\n",
    )
    project.declare("job", file="job.py", watch=True, min_ready="0s")
    project.apply()
    wait_exists(project.root / "made.py")
    project.wait(
        resources.WORKERSETS,
        "job",
        lambda obj: any(
            one["reason"] == "WatchLoop" and "made.py" in one["message"]
            for one in obj.get("status", {}).get("conditions", ())
        ),
    )


def test_s4_12_an_edited_env_file_restarts_what_uses_it(project: Project) -> None:
    project.write(".env", "A=1\n")
    first = start(project, watch=["src/*.py"], env_files=[".env"])
    project.write(".env", "A=2\n")
    ready_as_another(project, "job-0", first)
    assert cause(project, "job") == ".env (modified): A"


def test_a_restart_by_hand_is_not_a_files_doing(project: Project) -> None:
    first = start(project, watch=True)
    project.write("src/lib.py", "2")
    second = ready_as_another(project, "job-0", first)
    project.ctl("restart", "job")
    ready_as_another(project, "job-0", second)
    assert cause(project, "job") == "None"
