"""Programs that a user named, an editor or a diff, and forks for work that is shared out.

The one place where the command line starts any process.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    Work = Callable[[], bytes]

_END = b"\0"
"""Behind an answer that is whole; answers are text."""


def run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run on the user's terminal to its end; the exit code as a shell counts it. Raises OSError."""
    import subprocess

    return _code(subprocess.run(words, env=dict(environ), check=False).returncode)


def output(words: Sequence[str], environ: Mapping[str, str]) -> tuple[str, int]:
    """What it prints, and its exit code. Raises OSError."""
    import subprocess

    done = subprocess.run(words, stdout=subprocess.PIPE, env=dict(environ), check=False)
    return done.stdout.decode("utf-8", "replace"), _code(done.returncode)


def side_by_side(works: Sequence[Work]) -> list[bytes]:
    """Each in a process of its own, the first in this one; so is what a fork does not bring to its end."""
    started = [_fork(work) for work in works[1:]]
    try:
        first = works[0]()
        answers = [_answer(reader, work) for (_, reader), work in zip(started, works[1:], strict=True)]
        return [first, *answers]
    finally:
        for pid, reader in started:
            reader.close()
            os.waitpid(pid, 0)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def _fork(work: Work) -> tuple[int, BinaryIO]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, open(reading, "rb")
    code = 1
    try:
        os.close(reading)
        with open(writing, "wb") as pipe:
            pipe.write(work() + _END)
        code = 0
    finally:
        os._exit(code)  # nothing of the parent's is flushed twice


def _answer(reader: BinaryIO, work: Work) -> bytes:
    answer = reader.read()
    return answer.removesuffix(_END) if answer.endswith(_END) else work()


def _code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned
