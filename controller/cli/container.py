"""`up` and `dev` as process 1 of a container: a process of a few lines takes that place, above them."""

from __future__ import annotations

import os

from controller.cli import errors, launching
from controller.shim import init

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.cli.context import Context

STOP_WITHIN_SECONDS = 8.0
"""Container engines kill after ten seconds unless they are told otherwise."""


def step_aside(context: Context, stop_within: float | None) -> None:
    """Does not return if this is process 1. Nothing else was started before.

    `stop_within` is how long stopping may take; None: what container engines give, which `up` is told of.
    """
    if os.getpid() != 1:
        return
    argv = [*launching.own_argv(), *context.words]
    if stop_within is None:
        stop_within = STOP_WITHIN_SECONDS
        argv.append(f"--stop-within={stop_within:g}s")
    context.stdout.flush()
    init.become(argv, stop_within)


def refuse_detaching(*, detach: bool) -> None:
    """Process 1 that returns at once takes everything with it."""
    if detach and os.getpid() == 1:
        raise errors.UsageError(
            "with process 1 everything ends, and up -d returns at once", "in a container run workerctl up"
        )
