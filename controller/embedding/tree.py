"""Starting and ending the processes below the program, on its event loop: nothing blocks, nothing polls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from controller.client import project
from controller.embedding import errors
from controller.shim import hosting, launch


async def start(found: project.Project, environ: Mapping[str, str], seconds: float) -> hosting.Tree:
    """A guardian that owns the project, with its shim. Raises `StartFailed`; then nothing is left.

    `seconds` begin anew with each word of the guardian: it may have to stop what a killed program has left.
    """
    try:
        tree = hosting.Tree(launch.Places(found.root, found.state, found.run), environ)
    except OSError as error:
        raise errors.StartFailed(
            f"cannot start the guardian, {error.strerror}: see the limits of this process and user"
        ) from None
    try:
        await _ready(tree.ready_fd, seconds)
    except launch.Owned as owned:
        await end(tree)
        raise errors.ProjectOwned(
            f"this project already has a controller (guardian {owned.pid}), end it with workerctl down "
            f"or choose another root: {found.root}",
            {"pid": owned.pid},
        ) from None
    except launch.LaunchFailed as failed:
        await end(tree)
        raise errors.StartFailed(
            f"the guardian did not start, {failed}: its log is {found.state}/controller.log"
        ) from None
    except BaseException:
        await end(tree)
        raise
    return tree


async def _ready(descriptor: int, seconds: float) -> None:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        while True:
            try:
                async with asyncio.timeout(seconds):
                    line = await reader.readline()
            except TimeoutError:
                raise launch.LaunchFailed(f"it said nothing within {seconds:g}s") from None
            if not line:
                raise launch.LaunchFailed(launch.SILENT)
            if "ready" in launch.heard(line):
                return
    finally:
        transport.close()


async def end(tree: hosting.Tree) -> None:
    """Until the guardian has ended, and with it everything below; cancelled, it is told to hurry."""
    tree.let_go()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(tree.fileno(), over.set)
    try:
        await over.wait()
    except asyncio.CancelledError:
        tree.let_go()
        await over.wait()
        raise
    finally:
        loop.remove_reader(tree.fileno())
        tree.forget()
