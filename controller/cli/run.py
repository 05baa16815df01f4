"""The controller's own process (the hidden verb `_controller`), and every signal handler of the command line.

SIGTERM to the controller ends the controller alone: workers stay with the shim, and the next controller
adopts them. Draining is asked for through the API, or by the guardian once nobody holds the leash.
"""

from __future__ import annotations

import importlib
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from types import FrameType

    from controller.cli.context import Context

DESCRIPTION = "The controller process. Its guardian starts it; there is no reason to do so by hand."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("root", "state", "run"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--foreground", action="store_true")
    parser.add_argument("--refresh-env", action="store_true")
    parser.add_argument("--max-processes", type=int)


def run(args: argparse.Namespace, context: Context) -> int:
    from controller import settings

    set_up_logging()
    raise_file_limit()
    paths = settings.ProjectPaths(root=args.root, state=args.state, run=args.run)
    app = importlib.import_module("controller.app")
    return int(
        app.main(
            paths,
            foreground=args.foreground,
            refresh_env=args.refresh_env,
            max_processes=args.max_processes,
            environ=context.environ,
            watch_signals=watch_signals,
        )
    )


def set_up_logging() -> None:
    """One line an event on standard error, which the guardian keeps in `controller.log`."""
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def raise_file_limit() -> None:
    """As many descriptors as are allowed at all. Workers are the shim's children: theirs is the caller's."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def watch_signals(stop: Callable[[], None], drain: Callable[[], None]) -> None:
    """Called from inside the running loop: SIGTERM and SIGINT call `stop` (end, drain nothing)."""
    import asyncio

    from controller.sdk.workerset import contract

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(contract.DRAIN_SIGNAL, drain)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class Interrupts:
    """SIGINT, SIGTERM and SIGHUP as something to poll for, while in the `with` block.

    A verb that streams must not be torn apart in the middle of a line, and counts how often it was asked.
    What only says that the terminal looks otherwise now wakes as well, and counts for nothing.

    The interpreter itself writes each signal's number (signal.set_wakeup_fd): one that comes between the last
    instruction and the wait, or that the kernel gives to another thread, would else be noticed only once
    something else has ended the wait.
    """

    _NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    _HARMLESS = (signal.SIGWINCH, signal.SIGCONT)

    def __init__(self) -> None:
        self.last = 0
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._before: dict[int, object] = {}
        self._woken_before = -1

    def __enter__(self) -> Interrupts:
        self._woken_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (*self._NUMBERS, *self._HARMLESS):
            self._before[number] = signal.signal(number, _take_note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._woken_before)
        os.close(self._read)
        os.close(self._write)

    def fileno(self) -> int:
        return self._read

    def take(self) -> int:
        """How many came since the last call; `last` is the newest of them."""
        try:
            came = [number for number in os.read(self._read, 64) if number in self._NUMBERS]
        except BlockingIOError:
            return 0
        self.last = came[-1] if came else self.last
        return len(came)


def _take_note(_number: int, _frame: FrameType | None) -> None:
    """It is in the pipe by now."""
