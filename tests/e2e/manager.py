"""As much of a service manager as `workerctl systemd` relies on: commands, readiness, KillMode=process."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
from pathlib import Path

from tests.e2e.project import Project

SECONDS = 40


class Service:
    """Does what a unit says by systemd.service(5) and systemd.kill(5): for the main process alone."""

    def __init__(self, project: Project, folder: Path) -> None:
        self._project = project
        self.text = project.ctl("systemd").stdout
        rows = [line.partition("=") for line in self.text.splitlines() if not line.startswith("#")]
        self.settings = {key: value for key, is_set, value in rows if is_set}
        self.words = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.words.settimeout(SECONDS)
        self._address = str(folder / "notify")
        self.words.bind(self._address)
        self.main: subprocess.Popen[str] | None = None

    def argv(self, key: str) -> list[str]:
        words = shlex.split(self.settings[key].removeprefix("-"))
        return [word.replace("$$", "$").replace("%%", "%") for word in words]

    def run(self, key: str) -> subprocess.CompletedProcess[str]:
        """A control command, to its end."""
        where = {"cwd": self._project.root, "env": self._project.environ}
        return subprocess.run(self.argv(key), **where, capture_output=True, text=True, timeout=SECONDS)

    def start(self) -> subprocess.Popen[str]:
        self.main = subprocess.Popen(
            self.argv("ExecStart"),
            cwd=self._project.root,
            env={**self._project.environ, "NOTIFY_SOCKET": self._address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.main

    def hear(self) -> list[str]:
        """The next datagram's lines."""
        return self.words.recv(4096).decode().split("\n")

    def kill_main(self, number: int = signal.SIGKILL) -> int:
        """KillMode=process: the main process and nobody else."""
        assert self.main is not None
        os.kill(self.main.pid, number)
        return self.wait()[0]

    def wait(self) -> tuple[int, str]:
        assert self.main is not None
        out, _ = self.main.communicate(timeout=SECONDS)
        return self.main.returncode, out

    def close(self) -> None:
        self.words.close()
        if self.main is not None and self.main.poll() is None:
            self.main.kill()
            self.main.communicate()
