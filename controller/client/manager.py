"""Words to the service manager that started this command (sd_notify(3)), where one did."""

from __future__ import annotations

import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NOTIFY_SOCKET = "NOTIFY_SOCKET"
READY = "READY=1"
STOPPING = "STOPPING=1"


class Manager:
    """Whoever listens on NOTIFY_SOCKET. One that does not listen any more is nobody's trouble."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        named = environ.get(NOTIFY_SOCKET, "")
        self._address = f"\0{named[1:]}" if named.startswith("@") else named

    @property
    def is_there(self) -> bool:
        return self._address.startswith(("/", "\0"))

    def tell(self, *words: str) -> None:
        """One datagram with a word a line."""
        if not self.is_there:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaking:
            try:
                speaking.connect(self._address)
                speaking.send("\n".join(words).encode())
            except OSError:
                pass
