"""One check each, as kubelets do them: a status from 200 to 399, a connection, a command that exits with 0.

Redirects are answers, not followed. Each raises `OSError` or ends by itself; the caller keeps the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
from collections.abc import AsyncIterator

from controller import ports
from controller.core import probes, sentences

HOST = "127.0.0.1"
_SUCCESS = range(200, 400)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: |\r?$)")
_LONGEST_LINE = 4096
_LONGEST_OUTPUT = 300


@contextlib.asynccontextmanager
async def _connection(
    probe: probes.Probe, private: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    if probe.port is None:
        reader, writer = await asyncio.open_unix_connection(private, limit=_LONGEST_LINE)
    else:
        reader, writer = await asyncio.open_connection(HOST, probe.port, limit=_LONGEST_LINE)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()  # nothing that is still on its way is of interest


async def tcp(probe: probes.Probe, private: str) -> probes.Result:
    """A connection is enough."""
    async with _connection(probe, private):
        return probes.Result(True, f"connected to {where(probe)}")


async def http(probe: probes.Probe, private: str) -> probes.Result:
    """The status line is enough."""
    host = "localhost" if probe.port is None else f"{HOST}:{probe.port}"
    asked = (
        f"GET {probe.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: workerset-probe/1\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    )
    async with _connection(probe, private) as (reader, writer):
        writer.write(asked.encode())
        try:
            line = await reader.readline()
        except ValueError:
            line = b""
    found = _STATUS.match(line.rstrip(b"\n"))
    if found is None:
        what = "what answers does not speak HTTP" if line else "closed without an answer"
        return probes.Result(False, f"{what}: {where(probe)}")
    status = int(found[1])
    if status in _SUCCESS:
        return probes.Result(True, f"HTTP status {status} of {where(probe)}")
    return probes.Result(False, f"HTTP probe failed with statuscode: {status}")


async def command(probe: probes.Probe, run: str, commands: ports.Commands) -> probes.Result:
    """In the worker's own environment."""
    ended = await commands.execute(run, probe.command, probe.timeout_seconds)
    if ended.error:
        return probes.Result(False, ended.error)
    if ended.timed_out:
        return probes.Result(
            False, f"not done within {sentences.seconds(probe.timeout_seconds)}: {where(probe)}"
        )
    if ended.code == 0:
        return probes.Result(True, f"exit 0 of {where(probe)}")
    how = f"exit {ended.code}" if ended.signal is None else f"signal {ended.signal}"
    words = " ".join(ended.output.split())[-_LONGEST_OUTPUT:]
    return probes.Result(False, f"{how}: {words or where(probe)}")


async def watchdog(run: str, commands: ports.Commands) -> probes.Result:
    """S8.3: the worker says it, the shim keeps it as a level."""
    told = await commands.watchdog(run)
    if told is None:
        return probes.Result(None)
    age, limit = told
    if age >= limit:
        return probes.Result(False, f"no WATCHDOG=1 for {sentences.seconds(limit)}")
    return probes.Result(True, f"WATCHDOG=1 came within {sentences.seconds(limit)}", limit - age)


def where(probe: probes.Probe) -> str:
    """What is checked, as the end of a sentence."""
    if probe.command:
        return probe.command[0]
    if probe.port is None:
        return f"{probe.path} on its private socket" if probe.path else "its private socket"
    return f"http://{HOST}:{probe.port}{probe.path}" if probe.path else f"{HOST}:{probe.port}"


def problem(probe: probes.Probe, error: OSError) -> str:
    """Why there was no connection."""
    if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
        return f"connection refused: {where(probe)}"
    text = os.strerror(error.errno).lower() if error.errno else str(error).lower() or "connection lost"
    return f"{text}: {where(probe)}"
