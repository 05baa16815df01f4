"""What a worker is started with, and every way a start fails, through real processes."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from pathlib import Path

import pytest

from controller import ports
from controller.core import spec
from tests.contracts import runtime as suite
from tests.runtime.tree import Tree, controlling, start_run, worker


def test_s8_2_what_a_worker_sees(fresh_tree: Tree) -> None:
    seen = Path(fresh_tree.paths.root) / "seen.json"
    folder = Path(fresh_tree.paths.root) / "folder"
    folder.mkdir()
    fresh_tree.environ |= {"WORKERSET_TOKEN": "inherited", "NOTIFY_SOCKET": "/inherited", "LISTEN_FDS": "3"}
    fresh_tree.start()
    template = spec.Template(
        command=worker("describe", str(seen), "$(WORKERSET_ORDINAL)", "$(NO_SUCH)", "$$(HOME)"),
        working_dir="folder",
        env={"COLOUR": "blue"},
        umask=0o027,
        nice=3,
    )

    async def run() -> None:
        async with controlling(fresh_tree) as controller:
            asked = start_run("r1", template, "web-2", scope="shop", background=True)
            controller.runtime.submit([asked])
            await controller.until(lambda: controller.get("r1").handle_taken)

    asyncio.run(run())
    facts = json.loads(seen.read_text())
    env = facts["env"]
    assert env["WORKERSET_NAME"] == env["FRANKENPHP_WORKER_NAME"] == "web"
    assert (env["WORKERSET_SCOPE"], env["WORKERSET_ORDINAL"]) == ("shop", "2")
    assert (env["WORKERSET_BACKGROUND"], env["WORKERSET_HANDLE_FD"]) == ("1", "3")
    assert (env["WORKERSET_RUN"], env["COLOUR"], env["PYTHONUNBUFFERED"]) == ("r1", "blue", "1")
    assert "WORKERSET_TOKEN" not in env
    assert "LISTEN_FDS" not in env
    assert env["NOTIFY_SOCKET"].startswith(fresh_tree.paths.run)
    assert facts["argv"][3:] == ["2", "$(NO_SUCH)", "$(HOME)"]
    assert facts["cwd"] == str(folder)
    assert (facts["umask"], facts["nice"]) == (0o027, os.nice(0) + 3)
    assert facts["files"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert facts["fds"] == [0, 1, 2, 3]
    assert facts["sid"]
    assert facts["blocked"] == []


def prepare(root: Path) -> None:
    (root / "plain.txt").write_text("not a program")
    (root / "no-line").write_text("echo hello")
    (root / "no-line").chmod(0o755)
    (root / "bad-line").write_text("#!/no/such/interpreter\n")
    (root / "bad-line").chmod(0o755)
    (root / "dangling").symlink_to(root / "nothing")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        (spec.Template(command=("jbos",)), "command not found: jbos (looked in PATH="),
        (spec.Template(command=("./jbos",)), "command not found: {root}/jbos"),
        (spec.Template(command=("./plain.txt",)), "not executable, chmod +x makes it so: {root}/plain.txt"),
        (spec.Template(command=("./no-line",)), "neither a program nor a script that begins with"),
        (
            spec.Template(command=("./bad-line",)),
            "its first line asks for /no/such/interpreter, which does not",
        ),
        (spec.Template(command=("./dangling",)), "command is a link to nothing: {root}/dangling"),
        (spec.Template(command=("/",)), "command is a folder: /"),
        (spec.Template(command=("plain.txt/x",)), "a part of its path is no folder"),
        (
            spec.Template(command=("true",), working_dir="nowhere"),
            "working_dir does not exist: {root}/nowhere",
        ),
        (
            spec.Template(command=("true",), working_dir="plain.txt"),
            "working_dir is not a folder: {root}/plain",
        ),
        (spec.Template(command=("true", "x" * 3_000_000)), "too large together"),
        (spec.Template(command=("true",), files_limit=1 << 40), "the hard limit is"),
        (spec.Template(file="nothing.py"), "file not found: nothing.py"),
        (spec.Template(file="plain.txt"), "no interpreter is known for it and it is not executable"),
        (spec.Template(command=("true", "a\0b")), "NUL"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_start_that_fails_says_why(tree: Tree, template: spec.Template, says: str) -> None:
    root = Path(tree.paths.root)
    prepare(root)

    async def run() -> tuple[ports.Process, ports.Process]:
        async with controlling(tree) as controller:
            controller.runtime.submit([start_run("bad", template), start_run("good", GOOD, "web-1")])
            bad = await controller.ended("bad")
            await controller.until(lambda: controller.get("good").pid > 0)
            return bad, controller.get("good")

    bad, good = asyncio.run(run())
    assert bad.exit is not None
    assert says.format(root=root) in bad.exit.error
    assert bad.pid == 0
    assert good.exit is None


GOOD = spec.Template(command=("sleep", "1000"))


def test_files_limit_is_the_workers_own(tree: Tree) -> None:
    seen = Path(tree.paths.root) / "seen.json"

    async def run() -> None:
        async with controlling(tree) as controller:
            template = spec.Template(command=worker("describe", str(seen)), files_limit=77)
            controller.runtime.submit([start_run("r1", template)])
            await controller.until(lambda: controller.get("r1").handle_taken)

    asyncio.run(run())
    assert json.loads(seen.read_text())["files"] == 77


def test_at_the_limit_of_descriptors_the_rest_runs_and_the_error_says_what_to_do(fresh_tree: Tree) -> None:
    fresh_tree.start_with_files(90)

    async def run() -> list[ports.Process]:
        async with controlling(fresh_tree) as controller:
            controller.runtime.submit([start_run(f"r{n}", GOOD, f"web-{n}") for n in range(40)])
            await controller.until(lambda: all(one.pid or one.exit for one in all_of(controller)))
            return all_of(controller)

    processes = asyncio.run(run())
    failed = [one.exit.error for one in processes if one.exit is not None]
    assert len(processes) - len(failed) >= 10
    assert failed
    assert all("raise it with ulimit -Hn" in text for text in failed)


def test_many_at_once_have_their_own_handles_and_sockets(tree: Tree) -> None:
    """Large batches park descriptors: each must come back to its own run."""

    async def run() -> None:
        async with controlling(tree) as controller:
            template = spec.Template(command=("sh", "-c", "read line <&3; exit 7"))
            starts = [start_run(f"r{n}", template, f"web-{n}") for n in range(150)]
            controller.runtime.submit(starts)
            await controller.until(lambda: all(one.pid for one in all_of(controller)))
            odd = [f"r{n}" for n in range(1, 150, 2)]
            controller.runtime.submit([ports.CloseHandle(suite.ref(f"web-{run[1:]}"), run, 0) for run in odd])
            await controller.until(lambda: all(controller.get(run).exit for run in odd))
            for run in odd:
                ended = controller.get(run).exit
                assert ended is not None
                assert ended.code == 7
            assert not any(controller.get(f"r{n}").exit for n in range(0, 150, 2))

    asyncio.run(run())


def all_of(controller: suite.Subject) -> list[ports.Process]:
    return list(controller.runtime.processes(suite.KEY))
