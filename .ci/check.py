"""`make check`: every check in turn, each a line, what failed in full at the end; exit 1 if anything did."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable

STEPS = {
    "format": [PYTHON, "-m", "ruff", "format", "--check", "--quiet"],
    "lint": [PYTHON, "-m", "ruff", "check", "--quiet"],
    "types": [PYTHON, "-m", "mypy", "--no-error-summary"],
    "architecture": [PYTHON, "-m", "pytest", "tests/test_architecture.py"],
    "docs": [PYTHON, "-m", "pytest", "tests/test_docs.py"],
    "generated": [PYTHON, ".ci/docs.py", "--check"],
    "tests": ["make", "--no-print-directory", "test"],
}
HINTS = {"format": "make fix", "lint": "make fix repairs much of it", "generated": "make docs"}


def main() -> int:
    failed: dict[str, str] = {}
    started = time.monotonic()
    for name, command in STEPS.items():
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            failed[name] = done.stdout
        word = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name:<14}{word:<8}{time.monotonic() - began:6.1f}s  {note(name, done)}".rstrip(), flush=True)
    for name, output in failed.items():
        print(f"\n--- {name} {'-' * (100 - len(name))}\n{output.rstrip()}")
    seconds = time.monotonic() - started
    if failed:
        print(f"\n{len(failed)} of {len(STEPS)} checks failed in {seconds:.0f}s: {', '.join(failed)}")
        return 1
    print(f"all {len(STEPS)} checks passed in {seconds:.0f}s")
    return 0


def note(name: str, done: subprocess.CompletedProcess[str]) -> str:
    """pytest's own last line, or what to do about a failure."""
    if done.returncode != 0 and name in HINTS:
        return HINTS[name]
    if "pytest" in done.args or name == "tests":
        lines = [line for line in done.stdout.splitlines() if " passed" in line or " failed" in line]
        return lines[-1].strip("= ") if lines else ""
    return ""


if __name__ == "__main__":
    sys.exit(main())
