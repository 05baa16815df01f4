"""Becoming a program in the surroundings of a worker: its exit code and signals are then its own."""

from __future__ import annotations

import os
import resource

from controller.shim import accounts, finding
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

NOT_FOUND, NOT_EXECUTABLE = 127, 126


def become(fields: dict[str, Any], base: dict[str, str]) -> NoReturn:
    """Replace this process. `fields` are those of `records.Spec`; raises `finding.StartFailed`.

    Of the limits those hold that a process can set on itself: open files, memory, niceness.
    """
    from controller.shim.records import Spec

    spec = Spec(fields, base)
    try:
        os.chdir(spec.cwd)
    except OSError as error:
        raise finding.StartFailed(f"cannot enter working_dir, {error.strerror}: {spec.cwd}") from None
    program = finding.program(spec)
    finding.check(program, spec)
    _limit(spec.files, spec.memory, spec.nice)
    if spec.umask is not None:
        os.umask(spec.umask)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and programs inherit that
    try:
        account = accounts.of(spec)
        words = accounts.words(account, [program, *spec.argv])
        os.execve(words[0], words[1:], accounts.environment(account, spec.env, spec))
    except (OSError, ValueError) as error:
        raise finding.StartFailed(finding.failure(program, spec, error)) from None


def _limit(files: int | None, memory: int | None, nice: int | None) -> None:
    try:
        for which, most in ((resource.RLIMIT_NOFILE, files), (resource.RLIMIT_DATA, memory)):
            if most is not None:
                hard = resource.getrlimit(which)[1]
                resource.setrlimit(which, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        if nice is not None:
            os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as error:
        raise finding.StartFailed(f"its limits cannot be set, {error.strerror}") from None
