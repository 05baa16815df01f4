"""The fake the API is tested with does what the real reader of logs does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller import ports
from controller.runtime import logs, logtail
from controller.sdk.workerset import contract
from controller.shim import logfile
from tests.contracts import logs as suite
from tests.fakes.logs import FakeLogs


class Fake:
    def __init__(self, _: Path) -> None:
        self.logs = FakeLogs()

    def run(self, ref: ports.WorkerRef, run: str = "aaa") -> None:
        self.logs.begin(ref, run)

    def say(self, ref: ports.WorkerRef, line: str) -> None:
        self.logs.write(ref, line)


class Real:
    def __init__(self, folder: Path) -> None:
        self.logs = logs.LogReader(str(folder))
        self._folder = str(folder)
        self._second = 0

    def run(self, ref: ports.WorkerRef, run: str = "aaa") -> None:
        self._write(ref, "workerset", contract.run_started(run, 7))

    def say(self, ref: ports.WorkerRef, line: str) -> None:
        self._write(ref, "stdout", line)

    def _write(self, ref: ports.WorkerRef, stream: str, line: str) -> None:
        file = logfile.LogFile(logtail.path_of(self._folder, ref))
        self._second += 1
        file.append(self._stamp(stream, "F") + line.encode() + b"\n", self._stamp)
        file.close()

    def _stamp(self, stream: str, tag: str) -> bytes:
        return f"2026-11-24T10:00:{self._second:02d}.000000000Z {stream} {tag} ".encode()


@pytest.mark.parametrize("subject", [Fake, Real])
@pytest.mark.parametrize("rule", suite.ALL, ids=lambda rule: rule.__name__)
def test_rules_of_logs(
    tmp_path: Path,
    subject: Callable[[Path], suite.Subject],
    rule: Callable[[suite.Subject], Awaitable[None]],
):
    asyncio.run(asyncio.wait_for(rule(subject(tmp_path)), suite.DEADLINE * 2))
