"""`up` as process 1 of a container: a process of a few lines takes that place, and `up` runs below it."""

from __future__ import annotations

import os

from controller.cli import errors, launching
from controller.shim import init

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

STOP_WITHIN_SECONDS = 8.0
"""Container engines kill after ten seconds unless they are told otherwise."""


def step_aside(args: argparse.Namespace, context: Context) -> None:
    """Does not return if this is process 1. Nothing else was started before."""
    if os.getpid() != 1:
        return
    if args.detach:
        raise errors.UsageError(
            "with process 1 everything ends, and up -d returns at once", "in a container run workerctl up"
        )
    argv = [*launching.own_argv(), *context.words]
    seconds = args.stop_within
    if seconds is None:
        seconds = STOP_WITHIN_SECONDS
        argv.append(f"--stop-within={seconds:g}s")
    context.stdout.flush()
    init.become(argv, seconds)
