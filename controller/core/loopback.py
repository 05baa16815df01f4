"""Where the API may listen for other programs: on this machine's loopback only, whatever is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DEFAULT_HOST = "127.0.0.1"
LOCALHOST = "localhost"

_FIRST_PORT, _PORTS = 20_000, 12_000
"""Below what kernels hand out to clients (32768 and up), above what well-known servers use."""


class NotLoopback(ValueError):
    """The address is none that is served; the text says why, `fix` what to write."""

    fix = "write 127.0.0.1, 127.0.0.1:8443 or [::1]:8443; from another machine: ssh -L 8443:127.0.0.1:PORT"


@dataclass(frozen=True, slots=True)
class Address:
    """`port` 0 = the project's own."""

    host: str = DEFAULT_HOST
    port: int = 0

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Address:
    """`127.0.0.1:8443`, `localhost`, `[::1]:8443`, `:8443`, or nothing. Raises NotLoopback."""
    import ipaddress  # a few milliseconds of every controller's start, for the few that listen

    host, colon, port = text.strip().rpartition(":")
    if not colon or (text.strip().endswith("]") and "[" in text):
        host, port = text.strip(), ""
    if host.count(":") and not host.startswith("["):
        raise NotLoopback(f"an IPv6 address is written in brackets: {text}")
    host = host.removeprefix("[").removesuffix("]") or DEFAULT_HOST
    if host == LOCALHOST:
        host = DEFAULT_HOST
    try:
        if not ipaddress.ip_address(host).is_loopback:
            raise NotLoopback(f"only loopback addresses are served, not: {host}")
    except ValueError as problem:
        if isinstance(problem, NotLoopback):
            raise
        raise NotLoopback(f"not an IP address of this machine's loopback: {host}") from None
    if port and not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise NotLoopback(f"not a port: {port}")
    return Address(host, int(port or 0))


def port_of(root: str, attempt: int = 0) -> int:
    """The port that a project begins with, the same each time; further ones where that is taken."""
    digest = hashlib.sha256(root.encode("utf-8", "surrogateescape")).digest()
    return _FIRST_PORT + (int.from_bytes(digest[:8], "big") + attempt) % _PORTS


def host_of(header: str) -> str:
    """The host of a Host header, without its port: `127.0.0.1`, `localhost`, `::1`."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0] if "]" in host else ""
    return host.rpartition(":")[0] if ":" in host else host


def names(host: str) -> tuple[str, ...]:
    """What a client on this machine may call a server that listens at `host`."""
    return tuple(dict.fromkeys((host, DEFAULT_HOST, "::1", LOCALHOST)))
