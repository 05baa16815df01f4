"""Every file in manifests/ loads, validates and plans; every program there works.

The programs are run here with a handle and a notify socket of the test's own; tests/e2e runs the real thing.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.core import parse, rules, runs, spec, steps, template, worker
from controller.core import plan as planning
from controller.manifest import diagnostics, validate

ROOT = Path(__file__).parents[1]
MANIFESTS = sorted((ROOT / "manifests").glob("*.yaml"))
PROGRAMS = ROOT / "manifests" / "app"
RUN_IDS = (f"{number:012x}" for number in itertools.count(1))
DEADLINE_SECONDS = 20

Object = dict[str, Any]


def objects() -> list[Object]:
    report = validate.validate([str(ROOT / "manifests")], validate.Options(root=str(ROOT)))
    return [document.object for document in report.documents]


def desired_of(obj: Object, declared: spec.WorkerSetSpec) -> planning.Desired:
    name = obj["metadata"]["name"]
    stored = {**obj, "metadata": {**obj["metadata"], "uid": "u", "generation": 1}}
    facts = worker.SetFacts("default", name, "u", 1, declared, template.hash_of(stored, {}))
    return planning.Desired(stored, facts, steps.places(name, declared))


# ------------------------------------------------------------------------------------- the manifests


def test_the_folder_is_flat_and_numbered() -> None:
    assert len(MANIFESTS) >= 5
    assert all(path.name[:2].isdigit() and path.name[2] == "-" for path in MANIFESTS)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_each_file_is_valid_on_its_own_under_strict(path: Path) -> None:
    report = validate.validate([str(path)], validate.Options(strict=True, root=str(ROOT)))
    assert report.ok, diagnostics.render(report.diagnostics)


def test_s1_2_together_they_break_no_rule_between_sets() -> None:
    report = validate.validate([str(ROOT / "manifests")], validate.Options(strict=True, root=str(ROOT)))
    assert report.ok, diagnostics.render(report.diagnostics)
    held = [claim for obj in objects() for claim in rules.claims(obj)]
    assert len(held) == len(set(held))


@pytest.mark.parametrize("obj", objects(), ids=lambda obj: obj["metadata"]["name"])
def test_each_set_plans_to_the_processes_it_declares(obj: Object) -> None:
    declared = parse.parse_workerset(obj)
    assert parse.parse_workerset(json.loads(json.dumps(obj))) == declared
    decided = planning.plan(
        desired_of(obj, declared), planning.Observed(), worker.Moment(100.0, 1e9), RUN_IDS.__next__
    )
    starts = [verb for verb in decided.verbs if isinstance(verb, runs.StartRun)]
    assert len(starts) == declared.num


def test_every_program_is_used_and_every_path_exists() -> None:
    used = set()
    for obj in objects():
        template = parse.parse_workerset(obj).template
        words = [template.file] if template.file else list(template.command or ())
        used |= {word for word in words if word and word.endswith(".py")}
    assert {f"manifests/app/{path.name}" for path in PROGRAMS.glob("*.py")} - used == {
        "manifests/app/worker.py",
        "manifests/app/watching.py",
    }
    assert all((ROOT / path).is_file() for path in used)


# ------------------------------------------------------------------------------------- the programs


@dataclass
class Demo:
    """Programs of the demo, run in a data folder of their own as the controller would run them."""

    data: Path

    @contextmanager
    def running(self, program: str, *args: str, **env: str) -> Iterator[Running]:
        read, write = os.pipe()
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = str(self.data / f"notify-{program}-{write}")
        notify.bind(address)
        notify.settimeout(DEADLINE_SECONDS)
        process = subprocess.Popen(
            [sys.executable, "-u", str(PROGRAMS / program), *args],
            env=self.environ(WORKERSET_HANDLE_FD=str(read), NOTIFY_SOCKET=address, **env),
            pass_fds=[read],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.close(read)
        try:
            yield Running(process, write, notify)
        finally:
            process.kill()
            process.communicate()
            notify.close()
            os.close(write)

    def run(self, program: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Without a controller, to its end."""
        return subprocess.run(
            [sys.executable, str(PROGRAMS / program), *args],
            env=self.environ(**env),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
        )

    def environ(self, **env: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "DEMO_DIR": str(self.data), "PYTHONDONTWRITEBYTECODE": "1", **env}


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    handle: int
    notify: socket.socket
    unread: bytes = b""

    def heard(self) -> str:
        """The next message to NOTIFY_SOCKET."""
        return self.notify.recv(4096).decode()

    def line_with(self, word: str) -> str:
        """Wait for a line of output that holds `word`; what came before it is passed over."""
        stdout = self.process.stdout
        assert stdout is not None
        while True:
            while b"\n" in self.unread:
                line, _, self.unread = self.unread.partition(b"\n")
                if word in line.decode():
                    return line.decode()
            assert select.select([stdout], [], [], DEADLINE_SECONDS)[0], f"no line with {word!r} in time"
            chunk = os.read(stdout.fileno(), 65536)
            assert chunk, f"output ended without a line with {word!r}"
            self.unread += chunk

    def stop(self) -> int:
        """Close the handle, as a stop does, and wait for the end."""
        elsewhere = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        os.dup2(elsewhere, self.handle, inheritable=False)  # the number stays ours until the end
        os.close(elsewhere)
        return self.process.wait(DEADLINE_SECONDS)


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    data = tmp_path / "demo"
    data.mkdir()
    return Demo(data)


def test_hello_prints_and_ends_on_sigterm(demo: Demo) -> None:
    with demo.running("hello.py", WHOM="you", EVERY="100") as hello:
        assert hello.line_with("hello") == "hello, you (1)"
        hello.process.send_signal(signal.SIGTERM)
        assert hello.process.wait(DEADLINE_SECONDS) == -signal.SIGTERM


def test_prepare_fills_the_library_once(demo: Demo) -> None:
    first = demo.run("prepare.py")
    assert first.returncode == 0, first.stderr
    assert (demo.data / "library" / "prepare.py.txt").is_file()
    assert "0 files copied" in demo.run("prepare.py").stdout


def test_indexer_follows_the_folder_and_stops_at_the_end_of_its_handle(demo: Demo) -> None:
    assert demo.run("prepare.py").returncode == 0
    with demo.running("indexer.py") as indexer:
        assert indexer.heard() == "WORKERSET_HANDLE=1"
        assert indexer.heard() == "READY=1"
        assert "hello.py.txt" in json.loads((demo.data / "index.json").read_text())
        note = demo.data / "library" / "note.txt"
        note.write_text("three more words")
        assert indexer.line_with("note.txt") == "new      note.txt: 3 words"
        note.unlink()
        assert indexer.line_with("note.txt") == "gone     note.txt"
        assert indexer.stop() == 0
    assert "note.txt" not in json.loads((demo.data / "index.json").read_text())


def test_scheduler_and_consumers_work_through_the_spool(demo: Demo) -> None:
    assert demo.run("prepare.py").returncode == 0
    with (
        demo.running("consumer.py", WORKERSET_ORDINAL="1") as consumer,
        demo.running("scheduler.py", EVERY="0.05") as scheduler,
    ):
        assert consumer.heard() == "WORKERSET_HANDLE=1"
        scheduler.line_with("count the words of hello.py.txt")
        consumer.line_with("hello.py.txt: ")
        assert scheduler.stop() == 0
        assert consumer.stop() == 0
    results = [json.loads(path.read_text()) for path in (demo.data / "spool" / "done").glob("*.json")]
    assert results
    assert {result["by"] for result in results} == {1}
    assert list((demo.data / "spool" / "work").iterdir()) == []


def test_a_consumer_does_again_what_its_killed_predecessor_left(demo: Demo) -> None:
    assert demo.run("prepare.py").returncode == 0
    left = demo.data / "spool" / "work" / "7.json.2"
    left.write_text(json.dumps({"file": "hello.py.txt"}))
    with demo.running("consumer.py", WORKERSET_ORDINAL="2") as consumer:
        assert consumer.line_with("predecessor").endswith("7.json.2")
        consumer.line_with("hello.py.txt: ")
        assert consumer.stop() == 0
    assert not left.exists()
    assert json.loads((demo.data / "spool" / "done" / "7.json").read_text())["by"] == 2


def test_flaky_fails_three_ways_and_then_is_well(demo: Demo) -> None:
    codes = [demo.run("flaky.py", WELL_SECONDS="0").returncode for _ in range(4)]
    assert codes == [1, 78, -signal.SIGKILL, 1]
    for _ in range(3):
        demo.run("flaky.py")
    with demo.running("flaky.py", WELL_SECONDS="100") as flaky:
        assert flaky.heard() == "WORKERSET_HANDLE=1"
        flaky.line_with("well again")
        assert flaky.stop() == 0


def test_the_lazy_ones_say_what_they_are_for(demo: Demo) -> None:
    with demo.running("report.py", EVERY="100") as report:
        assert "0 results" in report.line_with("results")
        assert report.stop() == 0
    with demo.running("mailbox.py", "ada") as mailbox:
        assert (mailbox.heard(), mailbox.heard()) == ("WORKERSET_HANDLE=1", "READY=1")
        assert mailbox.line_with("open") == "mailbox of ada is open"
        assert mailbox.stop() == 0
