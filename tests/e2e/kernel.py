"""A kernel of our own for a test: user-mode Linux, which sees this machine's files, read-only.

Machines that run tests seldom have a cgroup to give away, and none may be taken. A kernel that is one process
has a whole hierarchy, and lends it to nobody else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = shutil.which("linux.uml")
DEADLINE_SECONDS = 150
_BEFORE = """\
import os, signal, subprocess, sys
for kind, where in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("cgroup2", "/sys/fs/cgroup")):
    subprocess.run(["mount", "-t", kind, kind, where], check=True)
subprocess.run(["ip", "link", "set", "lo", "up"])
os.environ.update(PATH={path!r}, HOME="/run/home", PYTHONPATH={python_path!r}, LANG="C.UTF-8")
os.makedirs("/run/home")
try:
    exec(open({script!r}).read())
finally:
    sys.stdout.flush()
    open("/proc/sysrq-trigger", "w").write("o")
    signal.pause()
"""


def run(folder: Path, script: str) -> str:
    """What a Python script prints that runs as root, and as process 1, below a kernel of its own."""
    assert PROGRAM is not None
    (folder / "script.py").write_text(script)
    path, python_path = os.environ["PATH"], str(Path(__file__).parents[2])
    before = _BEFORE.format(path=path, python_path=python_path, script=str(folder / "script.py"))
    first = folder / "init"
    first.write_text(f"#!{sys.executable}\n{before}")
    first.chmod(0o755)
    words = [
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "mem=768M",
        f"init={first}",
        "con=null",
        "con0=fd:0,fd:1",
    ]
    done = subprocess.run(
        [PROGRAM, *words, "quiet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder)},
        timeout=DEADLINE_SECONDS,
    )
    return done.stdout.decode(errors="replace")
