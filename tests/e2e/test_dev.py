"""`dev` and `up --watch`: manifests that are saved, and the screen."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.project import Project, has_ended, wait_gone

terminal = pytest.importorskip("tests.e2e.terminal", reason="needs pyte: make setup")

SLEEP = ["sh", "-c", "echo hello from $WORKERSET_NAME; exec sleep 1000"]


@contextlib.contextmanager
def dev(project: Project, *words: str) -> Iterator[Lines]:
    """`workerctl dev` with its output piped; ended by SIGINT."""
    process = project.popen("dev", *words)
    lines = Lines(process)
    try:
        yield lines
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=50)
        lines.seen.append(rest)


class Lines:
    """What a program prints, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: list[str] = []

    def until(self, *words: str) -> str:
        """The first line from here on that holds all these words."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append(line)
            if all(word in line for word in words):
                return line
        raise AssertionError(f"{words} never came:\n{''.join(self.seen)}")


def test_a_saved_manifest_is_applied(project: Project) -> None:
    project.declare("web", command=SLEEP)
    with dev(project) as lines:
        lines.until("web-0", "hello")
        project.declare("job", command=SLEEP)
        lines.until("job created by manifests/job.yaml")
        lines.until("job-0", "hello")
        project.declare("web", command=SLEEP, num=2)
        lines.until("web configured by manifests/web.yaml")
        lines.until("web-1", "hello")
    assert "stopped 3" in lines.seen[-1]
    assert lines.process.returncode == 130


@pytest.mark.parametrize("broken", ["spec: {nmu: 2}", "spec: {num: [", "\x00\x01", "- \xff: ["])
def test_a_broken_one_keeps_the_last_good_state_and_shows_the_line(project: Project, broken: str) -> None:
    project.declare("web", command=SLEEP)
    with dev(project) as lines:
        lines.until("web-0", "hello")
        pid = project.wait_pid("web-0")
        project.write(
            "manifests/web.yaml",
            f"apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {{name: web}}\n{broken}\n",
        )
        lines.until("manifests/web.yaml:", "error")
        lines.until("the last good state goes on")
        assert project.pids("web") == [pid]
        project.declare("web", command=SLEEP, num=2)
        lines.until("mended")
        lines.until("web-1", "hello")
        assert pid in project.pids("web")


def test_a_removed_one_is_pruned_after_two_seconds(project: Project) -> None:
    project.declare("web", command=SLEEP)
    job = project.declare("job", command=SLEEP)
    with dev(project) as lines:
        lines.until("web-0", "hello")
        job.unlink()
        lines.until("job pruned")
        assert [one["metadata"] for one in project.declared()]
        lines.until("job", "Deleted")


def test_a_renamed_one_goes_on(project: Project) -> None:
    project.declare("web", command=SLEEP)
    job = project.declare("job", command=SLEEP)
    with dev(project) as lines:
        lines.until("job-0", "hello")
        pid = project.wait_pid("job-0")
        job.rename(job.with_name("20-job.yaml"))
        project.declare("next", command=SLEEP)
        lines.until("next", "1/1 Ready")
        job.with_name("20-job.yaml").rename(job.with_name("30-job.yaml"))
        project.declare("last", command=SLEEP)
        lines.until("last", "1/1 Ready")
        assert project.pids("job") == [pid]
        assert not any("pruned" in line for line in lines.seen)


def test_a_vanished_folder_prunes_nothing(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.write(
        "manifests/more/job.yaml",
        '{"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": {"name": "job"},'
        ' "spec": {"command": ["sh", "-c", "echo hello; exec sleep 1000"]}}',
    )
    folder = project.root / "manifests"
    with dev(project) as lines:
        lines.until("job-0", "hello")
        pids = project.pids("web") + project.pids("job")
        (folder / "more").rename(project.root / "elsewhere")
        lines.until("manifests/more is not there any more: what it declared goes on")
        (project.root / "elsewhere").rename(folder / "more")
        folder.rename(project.root / "gone")
        lines.until("manifests", "cannot be read")
        lines.until("the last good state goes on")
        (project.root / "gone").rename(folder)
        lines.until("mended")
        assert project.pids("web") + project.pids("job") == pids
        assert not any("pruned" in line for line in lines.seen)


def test_manifests_that_are_no_files(project: Project) -> None:
    project.declare("web", command=SLEEP)
    with dev(project) as lines:
        lines.until("web-0", "hello")
        (project.root / "manifests/again").symlink_to(project.root / "manifests")
        lines.until("manifests/again", "contains itself through a link")
        (project.root / "manifests/again").unlink()
        lines.until("mended")
        (project.root / "manifests/folder.yaml").mkdir()
        project.declare("job", command=SLEEP)
        lines.until("job", "1/1 Ready")


def test_an_edited_env_file_restarts_without_watch(project: Project) -> None:
    project.write(".env", "WHO=one\n")
    project.declare("web", command=["sh", "-c", "echo I am $WHO; exec sleep 1000"], env_files=[".env"])
    with dev(project) as lines:
        lines.until("web-0", "I am one")
        project.write(".env", "WHO=two\n")
        lines.until("web-0", "I am two")


def test_a_saved_source_says_what_restarted(project: Project) -> None:
    project.write("job.py", "import time\nprint('first', flush=True)\ntime.sleep(1000)\n")
    project.declare("job", file="job.py", watch=True)
    with dev(project, "-f", "manifests/") as lines:
        lines.until("job-0", "first")
        project.wait_state("job", "Ready")
        project.write("job.py", "import time\nprint('second', flush=True)\ntime.sleep(1000)\n")
        lines.until("job restarted by job.py (modified)")
        lines.until("job-0", "second")


def test_s4_6_dev_stops_within_five_seconds_whoever_is_stubborn(project: Project) -> None:
    stubborn = "trap '' TERM; echo on; while :; do sleep 1000; done"
    project.declare("web", command=["sh", "-c", stubborn], stop_grace="10m")
    with dev(project) as lines:
        lines.until("web-0", "on")
    assert "killed" in lines.seen[-1]


def test_up_watch_applies_too_and_refuses_what_it_cannot_follow(project: Project) -> None:
    assert "-d" in project.ctl("up", "-d", "--watch", code=2).stderr
    refused = project.ctl("up", "--watch", "-f", "-", code=2, stdin="")
    assert "standard input" in refused.stderr
    project.declare("web", command=SLEEP)
    process = project.popen("up", "--watch")
    lines = Lines(process)
    lines.until("web-0", "hello")
    project.declare("job", command=SLEEP)
    lines.until("job created by manifests/job.yaml")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=50)


# ------------------------------------------------------------------------------------- the screen


def on_screen(project: Project, size: tuple[int, int] = (80, 24), **environ: str) -> terminal.Terminal:
    command = project.command("dev", "-f", "manifests/")
    return terminal.Terminal(command, project.root, {**project.environ, **environ}, size)


@pytest.mark.parametrize(
    ("size", "environ"), [((80, 24), {}), ((160, 50), {}), ((80, 24), {"NO_COLOR": "1"}), ((40, 10), {})]
)
def test_the_screen_shows_sets_above_and_lines_below(
    project: Project, size: tuple[int, int], environ: dict[str, str]
) -> None:
    project.declare("web", command=SLEEP, num=2)
    shown = on_screen(project, size, **environ)
    shown.shows("2/2", "Ready", "web-0", "hello from", "── log")
    shown.press("q")
    assert shown.wait() == 130
    assert not project.leftovers()


def test_the_keys_do_what_they_say(project: Project) -> None:
    project.declare("job", command=["sh", "-c", "echo broken; exit 3"], max_consecutive_failures=0)
    project.declare("web", command=SLEEP)
    shown = on_screen(project)
    shown.shows("1/1", "Failed", "hello")
    shown.press("\r")
    shown.shows("failure", "exit 3", "broken")
    shown.press("x")
    shown.press("\x1b[B")
    shown.shows("› web")
    shown.press("f")
    shown.until(lambda text: "log of web" in text and "job-0" not in text)
    shown.press("+")
    shown.shows("2/2")
    pid = project.wait_pid("web-0")
    shown.press("r")
    project.wait_pid("web-0", pid)
    shown.press("?")
    shown.shows("hold the log still")
    shown.press("x")
    shown.press("p")
    shown.shows("paused")
    shown.press("\x03")
    assert shown.wait() == 130


def test_the_screen_follows_the_size_of_its_terminal(project: Project) -> None:
    project.declare("web", command=SLEEP)
    shown = on_screen(project)
    shown.shows("1/1", "Ready", "hello")
    shown.resize(120, 40)
    shown.until(lambda text: "─" * 100 in text and "q quit" in text.splitlines()[39])
    shown.resize(60, 12)
    shown.until(lambda text: "q quit" not in text or "› web" in text)
    shown.press("q")
    shown.wait()


def test_the_screen_shows_what_is_broken_until_it_is_mended(project: Project) -> None:
    project.declare("web", command=SLEEP)
    shown = on_screen(project)
    shown.shows("1/1", "Ready", "hello")
    project.declare("web", command=SLEEP, nmu=2)
    shown.shows("unknown field: nmu", "the last good state")
    project.declare("web", command=SLEEP, num=2)
    shown.until(lambda text: "nmu" not in text and "2/2" in text)
    shown.press("q")
    shown.wait()


def test_a_terminal_that_disappears_ends_it_as_ctrl_c_does(project: Project) -> None:
    project.declare("web", command=SLEEP)
    shown = on_screen(project)
    shown.shows("1/1", "Ready", "hello")
    worker, controller = project.wait_pid("web-0"), project.pid_of("controller")
    shown.hang_up()
    shown.wait()
    wait_gone(worker)
    wait_gone(controller)


def test_where_it_only_joined_it_leaves_everything_running(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.ctl("up", "-d")
    pid = project.wait_pid("web-0")
    shown = on_screen(project)
    shown.shows("1/1", "Ready")
    shown.press("q")
    shown.wait()
    assert "detached" in shown.text
    assert not has_ended(pid, 0)
