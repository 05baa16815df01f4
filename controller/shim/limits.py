"""What holds for a process from its first instruction on: niceness, memory, its cgroup.

`posix_spawn` has an attribute for none of them, and this process cannot take them on for the moment of a
call: niceness cannot be lowered again, and memory would be its own. So the process waits in a shell, which
reads one line, until all of it is set from outside, and becomes the program then. A shell whose other end
is gone ends.
"""

from __future__ import annotations

import os
import resource

from controller.shim import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.shim.records import Run, Spec

SHELL = "/bin/sh"
_SCRIPT = 'read -r _ || exit 126; exec "$@" '


class Refused(Exception):
    """A limit cannot be set; the text is a whole sentence with what to do."""


def are_set(spec: Spec) -> bool:
    """Whether a process of this spec has to wait for anything."""
    return spec.nice is not None or spec.memory is not None or spec.cpu is not None


def argv(words: Sequence[str], *, is_terminal: bool) -> list[str]:
    """The command that becomes `words` once a line arrives on its standard input."""
    return [SHELL, "-c", _SCRIPT + ("<&1" if is_terminal else "</dev/null"), "sh", *words]


class Limiter:
    """Sets the limits of one run after another."""

    def __init__(self, groups: cgroups.Cgroups) -> None:
        self._groups = groups

    def prepare(self, run: Run) -> None:
        """Its cgroup. What cannot be limited here is said, not left out in silence. Raises `Refused`."""
        spec, groups = run.spec, self._groups
        memory = spec.memory if spec.memory is not None and groups.has("memory") else None
        cpu = spec.cpu if spec.cpu is not None and groups.has("cpu") else None
        if memory is not None or cpu is not None:
            try:
                run.cgroup = groups.make(run.id, memory, cpu)
            except OSError as error:
                raise Refused(f"its cgroup cannot be made, {error.strerror}: {error.filename}") from None
        run.counts_memory = memory is not None
        if spec.cpu is not None and cpu is None:
            run.unenforced = f"resources.cpu does not hold here: {groups.problem}"

    def apply(self, run: Run, pid: int) -> None:
        """While the process is held. Raises `Refused`."""
        spec = run.spec
        try:
            if run.cgroup:
                cgroups.enter(run.cgroup, pid)
            if spec.memory is not None and not run.counts_memory:
                _limit_memory(pid, spec.memory)
            if spec.nice is not None:
                _renice(pid, spec.nice)
        except OSError as error:
            raise Refused(
                f"its limits cannot be set, {error.strerror}: {run.cgroup or 'resources'}"
            ) from None

    def undo(self, run: Run) -> None:
        """It was not started after all."""
        forget(run)
        run.cgroup, run.counts_memory, run.unenforced = "", False, ""


def ended(run: Run) -> None:
    """Whether it ended for want of memory: asked when it is reaped, while its cgroup is there."""
    if run.counts_memory:
        run.out_of_memory = cgroups.ran_out(run.cgroup)


def kill(run: Run) -> None:
    """Everything of it at one moment, where it has a cgroup."""
    if run.cgroup:
        cgroups.kill(run.cgroup)


def forget(run: Run) -> None:
    """Nothing of it is left."""
    if run.cgroup:
        cgroups.leave(run.cgroup)


def _renice(pid: int, nice: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, nice)
    except PermissionError:
        raise Refused(f"not allowed to run it with nice {nice}: use 0 or more") from None


def _limit_memory(pid: int, size: int) -> None:
    """RLIMIT_DATA: private writable memory of each process (getrlimit(2)). Never RLIMIT_AS, which counts
    address space that nothing was ever written to as well."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
    most = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
