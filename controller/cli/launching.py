"""Starting a controller for the project, or finding the one that is there already."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from controller import places
from controller.cli import context as contexts
from controller.cli import errors
from controller.client import http, project, registry, waiting
from controller.shim import launch

_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Started:
    """A controller that answers. `is_new` = this call started it; closing `leash_fd` ends it."""

    client: http.Client
    is_new: bool
    leash_fd: int | None = None

    def release(self) -> None:
        """Let go of the leash: a foreground controller drains and ends."""
        if self.leash_fd is not None:
            os.close(self.leash_fd)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a new controller is told. `max_processes` None: the limit stays what it was, 0: none."""

    foreground: bool = False
    refresh_env: bool = False
    max_processes: int | None = None


def start_or_join(context: contexts.Context, wishes: Wishes) -> Started:
    """The running controller, else a new one. Two of these at once: one starts, the other joins it."""
    client = context.running_client()
    if client is not None:
        _repair(context)
        return Started(client, is_new=False)
    found = places.prepare(context.project, context.environ)
    if found.moved:
        context.note(found.moved)
    context.use_project(found)
    try:
        leash_fd = _launch(found, context, wishes)
    except launch.Owned as owned:
        return Started(_join(context, owned), is_new=False)
    registry.remember(found.root, context.environ)
    return Started(context.client(), is_new=True, leash_fd=leash_fd)


def _repair(context: contexts.Context) -> None:
    """The record of where things are, if somebody deleted it under a running controller."""
    if not os.path.exists(f"{context.project.folder}/run"):
        project.prepare(context.project, context.environ)


def _launch(found: project.Project, context: contexts.Context, wishes: Wishes) -> int | None:
    argv = controller_argv(found, wishes)
    where = launch.Places(root=found.root, state=found.state, run=found.run)
    try:
        launched = launch.launch(where, argv, leash=wishes.foreground, environ=context.environ)
    except OSError as error:
        raise errors.CliError(f"cannot start a process: {error.strerror}", "see ulimit -a") from None
    try:
        launch.wait_ready(launched, _START_SECONDS, context.note)
    except BaseException as error:
        if launched.leash_fd is not None:
            os.close(launched.leash_fd)
        if isinstance(error, launch.LaunchFailed):
            if error.log:
                context.note(error.log.rstrip())
            log = context.short_path(context.paths.own_log)
            raise errors.CliError(f"the controller did not start: {error}", f"its log: {log}") from None
        raise
    return launched.leash_fd


def own_argv() -> list[str]:
    """How this very `workerctl` is run again, whatever PYTHONPATH and the folder hold."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = f"{os.path.dirname(os.path.dirname(here))}/_workerctl.py"
    return [sys.executable, "-P", installed if os.path.exists(installed) else f"{here}/entry/_workerctl.py"]


def controller_argv(found: project.Project, wishes: Wishes) -> list[str]:
    """The command line of the controller process; the hidden verb reads it."""
    argv = [*own_argv(), "_controller"]
    argv += ["--root", found.root, "--state", found.state, "--run", found.run]
    if wishes.foreground:
        argv.append("--foreground")
    if wishes.refresh_env:
        argv.append("--refresh-env")
    if wishes.max_processes is not None:
        argv += ["--max-processes", str(wishes.max_processes)]
    return argv


def _join(context: contexts.Context, owned: launch.Owned) -> http.Client:
    """Somebody else's controller owns the project: wait until it answers, where it says it is."""
    found = context.project
    if owned.run:
        found = project.Project(found.root, found.state, owned.run, found.moved)
        context.use_project(found)
    client = waiting.client_within(found, int(_START_SECONDS * 1000))
    if client is None:
        raise errors.CliError(
            f"a controller of process {owned.pid} owns {context.project_name} and does not answer",
            f"see {context.short_path(context.paths.own_log)}, or end it: kill {owned.pid}",
        )
    client.close()
    return context.client()
