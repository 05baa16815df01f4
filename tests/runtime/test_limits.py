"""What a process is limited by, and when: before its first instruction (S1)."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from pathlib import Path

import pytest

from controller import ports
from controller.core import kinds, spec
from controller.shim import cgroups, limits, records
from tests.runtime.tree import Tree, controlling, start_run

MIB = 1 << 20
SHOW = """\
import json, os, resource, sys
soft = lambda name: resource.getrlimit(getattr(resource, name))[0]
facts = {"nice": os.nice(0), "data": resource.getrlimit(resource.RLIMIT_DATA),
         "space": soft("RLIMIT_AS"), "cpu": soft("RLIMIT_CPU"),
         "stdin": os.readlink("/proc/self/fd/0"), "listen": os.environ.get("LISTEN_PID") == str(os.getpid())}
json.dump(facts, open(sys.argv[1] + ".new", "w"))
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""
TAKE = f"block = bytearray({256 * MIB})"


def python(code: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code, *words)


def ended(tree: Tree, template: spec.Template, *verbs: ports.Verb) -> ports.Process:
    """The run once it is over."""

    async def run() -> ports.Process:
        async with controlling(tree) as controller:
            controller.runtime.submit([*verbs, start_run("r1", template, "web-0")])
            await controller.until(lambda: controller.get("r1").exit is not None)
            return controller.get("r1")

    return asyncio.run(run())


@pytest.mark.parametrize("listen", [(), ("unix:web.sock",)])
def test_limits_hold_before_the_program_begins(fresh_tree: Tree, listen: tuple[str, ...]) -> None:
    seen = Path(fresh_tree.paths.root) / "seen.json"
    fresh_tree.start()
    template = spec.Template(
        command=python(SHOW, str(seen)), nice=4, memory_bytes=512 * MIB, cpu_cores=0.5, listen=listen
    )
    opened = [ports.OpenSockets(kinds.Key("default", "web"), listen)] if listen else []
    process = ended(fresh_tree, template, *opened)
    assert process.exit is not None
    assert process.exit.code == 0, process.exit
    facts = json.loads(seen.read_text())
    unlimited = resource.RLIM_INFINITY
    assert facts["nice"] == 4
    assert facts["data"] == [512 * MIB, 512 * MIB]
    assert (facts["space"], facts["cpu"], facts["stdin"]) == (unlimited, unlimited, "/dev/null")
    assert facts["listen"] is bool(listen)
    assert process.unenforced.startswith("resources.cpu does not hold here: ")
    assert process.exit.out_of_memory is None


def test_more_memory_than_allowed_is_a_memory_error(fresh_tree: Tree) -> None:
    fresh_tree.start()
    process = ended(fresh_tree, spec.Template(command=python(TAKE), memory_bytes=128 * MIB))
    assert process.exit is not None
    assert process.exit.code == 1
    assert process.exit.last_lines[-1] == "MemoryError"
    assert process.unenforced == ""


def test_what_cannot_be_executed_is_said_in_the_same_words(fresh_tree: Tree) -> None:
    fresh_tree.start()
    process = ended(fresh_tree, spec.Template(command=("./jbos",), memory_bytes=128 * MIB))
    assert process.exit is not None
    assert process.exit.error == f"command not found: {fresh_tree.paths.root}/jbos"


# ------------------------------------------------------------------ with a cgroup


class Delegated(cgroups.Cgroups):
    """Makes what it is asked for below a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def has(self, controller: str) -> bool:
        return controller in ("cpu", "memory")

    def make(self, name: str, memory: int | None, cpu: float | None) -> str:
        path = self.folder / name
        path.mkdir()
        (path / "cgroup.procs").write_text("")
        (path / "asked").write_text(f"{memory} {cpu}")
        return str(path)


def a_run(**fields: object) -> records.Run:
    given = {"argv": ["x"], "cwd": "/", "env": {}, "max_size": 1, "keep": 1, **fields}
    return records.Run("r1", records.Slot(("n", "s", "w"), 1), records.Spec(given, {}), "", 0)


def test_with_a_cgroup_nothing_is_left_to_rlimits(tmp_path: Path) -> None:
    limiter = limits.Limiter(Delegated(tmp_path))
    run = a_run(memory=64 * MIB, cpu=0.5)
    limiter.prepare(run)
    limiter.apply(run, os.getpid())
    assert (tmp_path / "r1" / "asked").read_text() == f"{64 * MIB} 0.5"
    assert (tmp_path / "r1" / "cgroup.procs").read_text() == str(os.getpid())
    assert (run.counts_memory, run.unenforced) == (True, "")
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] != 64 * MIB


def test_a_cgroup_that_cannot_be_made_is_no_start(tmp_path: Path) -> None:
    limiter = limits.Limiter(Delegated(tmp_path / "gone"))
    run = a_run(memory=64 * MIB)
    with pytest.raises(limits.Refused, match="its cgroup cannot be made, No such file or directory: "):
        limiter.prepare(run)
    limiter.undo(run)
    assert run.cgroup == ""
