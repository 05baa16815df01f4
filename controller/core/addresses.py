"""Addresses that a set listens on, as text and as values (S1.6). Pure: nothing is resolved or looked up.

The canonical text (`127.0.0.1:8000`, `[::1]:8000`, `unix:run/web.sock`) is an address's identity: in
claims, in templates, and between the controller and the shim.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Literal

UNIX = "unix:"
LONGEST_PATH = 107
"""Bytes of a Unix socket's path; the 108th is the NUL (unix(7))."""

_ANY = {"tcp4": "0.0.0.0", "tcp6": "::"}  # noqa: S104  # compared with, not bound
_EXAMPLE = "write 8000, 127.0.0.1:8000, [::1]:8000 or unix:run/web.sock"


class BadAddress(ValueError):
    """What is no address; `fix` says what to write."""

    def __init__(self, message: str, fix: str = _EXAMPLE) -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


@dataclass(frozen=True, slots=True)
class Address:
    """`host` is a number or, for Unix sockets, the path; `port` 0 asks for a free one."""

    family: Literal["tcp4", "tcp6", "unix"]
    host: str
    port: int = 0

    def __str__(self) -> str:
        if self.family == "unix":
            return f"{UNIX}{self.host}"
        return f"[{self.host}]:{self.port}" if self.family == "tcp6" else f"{self.host}:{self.port}"

    @property
    def is_any(self) -> bool:
        """Every interface of its family."""
        return self.host == _ANY.get(self.family)


def parse(given: object) -> Address:
    """`8000` and `:8000` are loopback. Raises `BadAddress`."""
    text = str(given)
    if text.startswith(UNIX):
        return Address("unix", _path(text.removeprefix(UNIX)))
    if "/" in text:
        if "://" in text:
            raise BadAddress("an address, not a URL", f"write {_without_scheme(text)}")
        raise BadAddress("a path without unix: before it", f"write {UNIX}{text}")
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or not rest.startswith(":"):
            raise BadAddress("no port behind the brackets", "write [::1]:8000")
        return Address("tcp6", _ipv6(host), _port(rest[1:], text))
    host, colon, port = text.rpartition(":")
    if ":" in host:
        raise BadAddress("an IPv6 address without brackets", "write [::1]:8000")
    if not colon and not text.isdecimal():
        raise BadAddress("no port", f"write {text}:8000")
    return Address("tcp4", _ipv4(host), _port(port, text))


def canonical(given: object) -> str:
    """The one way to write it; what is no address stays as it is."""
    try:
        return str(parse(given))
    except BadAddress:
        return str(given)


def overlap(first: Address, second: Address) -> bool:
    """Whether only one of the two can be bound: equal, or one covers all interfaces."""
    if first.family != second.family:
        return False
    if first.family == "unix":
        return first.host == second.host
    if first.port != second.port or first.port == 0:
        return False
    return first.host == second.host or first.is_any or second.is_any


def url(bound: str) -> str:
    """A bound address as people open it: `http://127.0.0.1:8000`; Unix sockets as they are."""
    return bound if bound.startswith(UNIX) else f"http://{bound}"


def _path(path: str) -> str:
    if not path:
        raise BadAddress("no path behind unix:", "write unix:run/web.sock")
    if path.startswith("@"):
        raise BadAddress("an abstract socket, which is not supported", "write unix:run/web.sock")
    if path.endswith("/"):
        raise BadAddress("a folder, not a socket in one", f"write {UNIX}{path}web.sock")
    size = len(path.encode("utf-8", "surrogateescape"))
    if size > LONGEST_PATH:
        raise BadAddress(f"{size} bytes of path, at most {LONGEST_PATH} are possible", "write a shorter path")
    return posixpath.normpath(path)


def _ipv4(host: str) -> str:
    if host in ("", "localhost"):
        return "127.0.0.1"
    if host == "*":
        raise BadAddress("every interface has another name here", "write 0.0.0.0 or [::] for it")
    return _number(host, 4)


def _ipv6(host: str) -> str:
    return _number(host, 6)


def _number(host: str, version: int) -> str:
    """Nothing is looked up by name, so that what is bound never depends on a resolver."""
    import ipaddress

    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        detail = f"not an IP address: {host}"
        raise BadAddress(detail, "write the number, localhost, or 0.0.0.0 for every interface") from None
    if found.version != version:
        raise BadAddress(
            f"not an IPv{version} address: {host}", "write IPv6 addresses in brackets: [::1]:8000"
        )
    return str(found)


def _port(port: str, text: str) -> int:
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise BadAddress(f"not a port: {port or text}", "write a number from 0 (any free one) to 65535")
    return int(port)


def _without_scheme(text: str) -> str:
    return text.partition("://")[2].rstrip("/") or "127.0.0.1:8000"
