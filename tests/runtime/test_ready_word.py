"""S5, S6: the shim clears the ready word of shared memory before anybody hears of the exit."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from controller import ports
from controller.core import spec
from controller.sdk.workerset import contract, memory
from controller.vars import shared
from tests.contracts import runtime as suite
from tests.runtime.tree import Tree, controlling, start_run

NAME = ports.VarsName("default", "", "web")


def test_s5_ready_is_cleared_when_a_worker_dies_while_the_controller_is_away(
    tree: Tree, tmp_path: Path
) -> None:
    marks = [0]
    slots = shared.SharedVars(str(tmp_path / "vars"), "", lambda: 1e9, lambda: marks[-1], marks.append)
    slot = memory.Slot(slots.slot(NAME))
    slot.publish({"a": 1})

    async def first() -> int:
        async with controlling(tree) as controller:
            template = spec.Template(command=("sleep", "1000"), env={contract.VARS: slot.path})
            controller.runtime.submit([start_run("r1", template)])
            await controller.until(lambda: bool(suite.only(controller).pid))
            slots.set_ready(NAME, True)
            return suite.only(controller).pid

    async def second() -> None:
        async with controlling(tree) as controller:
            await controller.until(lambda: suite.only(controller).exit is not None)

    pid = asyncio.run(first())
    assert slot.ready
    os.kill(pid, signal.SIGKILL)
    asyncio.run(second())
    assert not slot.ready
    assert slot.read()[1] == {"a": 1}, "vars outlive the worker"
