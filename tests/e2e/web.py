"""What tests of HTTP sets share: the worked examples of docs/http.md, requests, and addresses."""

from __future__ import annotations

import http.client
import itertools
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.core import addresses
from tests.e2e.project import Project

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
_FENCE = re.compile(r"^```\w+\n(?:#|//) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DEADLINE_SECONDS = 20
BIN = str(Path(sys.executable).parent)
"""Where the servers of this environment are."""


def examples() -> Mapping[str, str]:
    """Every file that the page shows, by its name."""
    return dict(_FENCE.findall(PAGE.read_text(encoding="utf-8")))


def write_example(project: Project, name: str, port: int = 0) -> None:
    """The manifest and all programs of the page; its port is replaced, since machines are shared."""
    for file, text in examples().items():
        if not file.startswith("manifests/"):
            project.write(file, text)
    manifest = examples()[f"manifests/{name}.yaml"]
    manifest = re.sub(r"listen: \[.*\]", f'listen: ["127.0.0.1:{port}"]', manifest)
    project.write(f"manifests/{name}.yaml", re.sub(r"port: \d+", f"port: {port}", manifest))


def address(project: Project, name: str) -> tuple[str, int]:
    """Where the first socket of the set is bound."""
    url: str = project.workerset(name)["status"]["addresses"][0]
    one = addresses.parse(url.removeprefix("http://"))
    return one.host, one.port


def get(where: tuple[str, int], path: str = "/") -> bytes:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(*where, timeout=DEADLINE_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


_ports = itertools.cycle(range(10_000 + os.getpid() % 500 * 40, 30_000))


def free_port(in_a_row: int = 1) -> int:
    """A port that nobody has, the first of so many; below those that the kernel gives to connections.

    Suites beside this one begin to look elsewhere, and what was handed out is not soon again.
    """
    while True:
        ports = [next(_ports) for _ in range(in_a_row)]
        if ports[-1] == ports[0] + in_a_row - 1 and all(map(_is_free, ports)):
            return ports[0]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stranger(where: tuple[str, int] | str) -> socket.socket:
    """Somebody else who listens there."""
    family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    taken = socket.socket(family)
    taken.bind(where)
    taken.listen()
    return taken


def manifests() -> Iterator[str]:
    """The names of the page's sets."""
    for file in examples():
        if file.startswith("manifests/"):
            yield Path(file).stem
