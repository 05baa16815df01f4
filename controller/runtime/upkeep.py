"""Noticing that the state or the run-time folder was deleted under a running controller; nothing polls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable

from controller import inotify, settings

_PRECIOUS = frozenset(
    {
        "api.sock",
        "workers.sock",
        "shim.sock",
        "root",
        "lock",
        "guardian.pid",
        "controller.pid",
        "shim.pid",
        "store.db",
        "store.db-wal",
        "run",
        "state",
        "tls",
    }
)


async def losses(paths: settings.ProjectPaths) -> AsyncIterator[str]:
    """The folder that lost something, each time. It exists again when its name is yielded, empty or not.

    What to do is the reader's: `LocalRuntime.repair()` for what guardian and shim keep there.
    """
    watcher = inotify.Watcher()
    try:
        _watch(watcher, (paths.run, paths.state, paths.folder))
        for folder in _incomplete(paths):
            yield folder
        while True:
            for folder in _lost(await watcher.changes(), paths):
                _watch(watcher, (folder,))
                yield folder
    finally:
        watcher.close()


async def ended(pid: int) -> None:
    """Until the process of that number has ended (pidfd_open(2)); it need not be a child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _watch(watcher: inotify.Watcher, folders: Iterable[str]) -> None:
    for folder in folders:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        watcher.add(folder, inotify.DELETE | inotify.MOVED_FROM | inotify.GONE)


def _incomplete(paths: settings.ProjectPaths) -> list[str]:
    """Lost before anybody watched: what is there since before a controller is started."""
    there = (
        (paths.run, paths.shim_socket),
        (paths.run, f"{paths.run}/root"),
        (paths.state, f"{paths.state}/lock"),
        (paths.state, paths.guardian_pid),
        (paths.folder, f"{paths.folder}/run"),
    )
    return list(dict.fromkeys(folder for folder, path in there if not os.path.exists(path)))


def _lost(changes: Iterable[inotify.Change], paths: settings.ProjectPaths) -> list[str]:
    found: dict[str, None] = {}
    for change in changes:
        folder = change.folder
        if not folder:
            found[paths.run] = found[paths.state] = found[paths.folder] = None
        elif change.mask & inotify.GONE or (
            change.name in _PRECIOUS and not os.path.exists(f"{folder}/{change.name}")
        ):
            found[folder] = None
    return list(found)
