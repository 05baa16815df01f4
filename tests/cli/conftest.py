"""A command line run in-process against a fake API; golden files for what people read."""

from __future__ import annotations

import difflib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.cli import context as contexts
from controller.cli import main
from tests.fakes.api_server import ApiServer

GOLDEN = Path(__file__).parent.parent / "golden" / "cli"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Types command lines in a project folder. `api` answers where a controller is wanted."""

    folder: Path
    run: str
    environ: dict[str, str]
    api: ApiServer | None = None

    def __call__(self, *words: str, stdin: str = "", cwd: Path | None = None) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        context = contexts.Context(io.StringIO(stdin), out, err, self.environ, str(cwd or self.folder))
        code = main.execute(words, context)
        return Outcome(code, out.getvalue(), err.getvalue())

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A project without a controller; HOME is above it, so that it prints as `~/shop`."""
    folder = tmp_path / "shop"
    run = tempfile.mkdtemp(prefix="ws-")  # short, for the socket
    (folder / ".workerset").mkdir(parents=True)
    (folder / ".workerset" / "run").write_text(f"{run}\n")
    environ = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "XDG_RUNTIME_DIR": run,
        "TZ": "UTC",
        "COLUMNS": "100",
    }
    yield Shell(folder, run, environ)
    shutil.rmtree(run, ignore_errors=True)


@pytest.fixture
def api(shell: Shell) -> Iterator[ApiServer]:
    """The same project with a controller that answers what the test prepares."""
    with ApiServer(f"{shell.run}/api.sock") as server:
        shell.api = server
        server.on("GET", "/version", {"major": "1", "minor": "32", "gitVersion": "v1.32.0+workerset-0.1.0"})
        yield server


def check_golden(name: str, text: str, update: bool) -> None:
    """Compare with tests/golden/cli/NAME; `--update-golden` rewrites it."""
    path = GOLDEN / name
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    if wanted != text:
        lines = difflib.unified_diff(wanted.splitlines(), text.splitlines(), str(path), "now", lineterm="")
        pytest.fail(
            "\n".join(["output differs from the golden file (--update-golden rewrites it)", *lines]),
            pytrace=False,
        )


@pytest.fixture
def golden(request: pytest.FixtureRequest):
    update = bool(request.config.getoption("--update-golden", default=False)) or "UPDATE_GOLDEN" in os.environ

    def check(name: str, text: str) -> None:
        check_golden(name, text, update)

    return check
