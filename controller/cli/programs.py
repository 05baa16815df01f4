"""Programs that a user named, an editor or a diff: the one place where the command line starts any."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run on the user's terminal to its end; the exit code as a shell counts it. Raises OSError."""
    import subprocess

    return _code(subprocess.run(words, env=dict(environ), check=False).returncode)


def output(words: Sequence[str], environ: Mapping[str, str]) -> tuple[str, int]:
    """What it prints, and its exit code. Raises OSError."""
    import subprocess

    done = subprocess.run(words, stdout=subprocess.PIPE, env=dict(environ), check=False)
    return done.stdout.decode("utf-8", "replace"), _code(done.returncode)


def _code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned
