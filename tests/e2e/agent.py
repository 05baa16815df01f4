"""A worker that does what a test tells it to: it ensures, reads and publishes (`tests/children/agent.py`)."""

from __future__ import annotations

import json
import shutil
import socket
import textwrap
from pathlib import Path
from typing import Any

from tests.e2e.project import DEADLINE_SECONDS, Project

PROGRAM = Path(__file__).parents[1] / "children" / "agent.py"


class Remote(Exception):
    """What the code raised in the worker."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(f"{told['error']}: {told['message']}")
        self.kind: str = told["error"]
        self.message: str = told["message"]
        self.details: dict[str, Any] = told["details"]
        self.bases: list[str] = told["bases"]


class Agent:
    """One set with one process that runs the program."""

    def __init__(self, project: Project, name: str, /, **spec: Any) -> None:
        self.project = project
        self.name = name
        self._path = project.root / f"{name}.sock"
        shutil.copy(PROGRAM, project.root / "agent.py")
        args = [*spec.pop("args", []), self._path.name]
        wanted = {"ready_when": "handle", "num": 1, **spec}
        manifest = project.declare(name, file="agent.py", args=args, **wanted)
        project.ctl("apply", "-f", str(manifest.relative_to(project.root)))
        project.wait_state(name, "Ready")

    def start(self, code: str) -> Running:
        """Send the code; the answer is taken with `result`."""
        return Running(str(self._path), textwrap.dedent(code).strip())

    def do(self, code: str) -> Any:
        return self.start(code).result()

    def fails(self, code: str) -> Remote:
        """The error that the code ends with."""
        try:
            value = self.do(code)
        except Remote as error:
            return error
        raise AssertionError(f"no error, but {value!r}: {code}")


class Running:
    def __init__(self, path: str, code: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(DEADLINE_SECONDS + 20)
        self._socket.connect(path)
        self._socket.sendall(json.dumps(code).encode() + b"\n")

    def result(self) -> Any:
        with self._socket, self._socket.makefile("rb") as answers:
            told = json.loads(
                answers.readline() or '{"error": "Ended", "message": "", "details": {}, "bases": []}'
            )
        if "error" in told:
            raise Remote(told)
        return told["value"]
