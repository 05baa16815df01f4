"""A WebSocket to the controller over its Unix socket (RFC 6455), by wsproto: whole messages of bytes.

Imported by the one verb that needs it.
"""

from __future__ import annotations

import json

import wsproto
from wsproto import events

from controller.client import connection, errors


class WebSocket:
    """An open one; `fileno` and `receive` fit a poll loop."""

    def __init__(self, socket_path: str, target: str, subprotocol: str) -> None:
        """Raises NoController, ApiError where the controller refuses, ConnectionLost."""
        self._connection = connection.Connection(socket_path, None)
        self._protocol = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._pieces = b""
        self._early: list[bytes] = []
        self.is_open = False
        self._send(events.Request(host="localhost", target=target, subprotocols=[subprotocol]))
        try:
            self._shake_hands()
        except errors.ClientError:
            self.close()
            raise

    def _shake_hands(self) -> None:
        body = b""
        while not self.is_open:
            for event in self._read():
                if isinstance(event, events.RejectData):
                    body += event.data
                    if event.body_finished:
                        raise _refusal(body)
                elif isinstance(event, events.AcceptConnection):
                    self.is_open = True
                else:
                    self._early += self._message(event)

    def fileno(self) -> int:
        return self._connection.fileno()

    def close(self) -> None:
        self._connection.close()

    def send(self, message: bytes) -> None:
        """Raises ConnectionLost."""
        self._send(events.BytesMessage(data=message))

    def receive(self) -> list[bytes]:
        """The messages that one read brings, perhaps none; `is_open` is False after the last."""
        return [message for event in self._read() for message in self._message(event)]

    def early(self) -> list[bytes]:
        """Those that came together with the handshake: no poll will tell of them."""
        found, self._early = self._early, []
        return found

    def _message(self, event: events.Event) -> list[bytes]:
        if isinstance(event, events.CloseConnection):
            self.is_open = False
        elif isinstance(event, events.Ping):
            self._send(event.response())
        elif isinstance(event, events.BytesMessage | events.TextMessage):
            data = event.data
            self._pieces += data.encode() if isinstance(data, str) else bytes(data)
            if event.message_finished:
                whole, self._pieces = self._pieces, b""
                return [whole]
        return []

    def _read(self) -> list[events.Event]:
        data = self._connection.some()
        if not data:
            raise errors.ConnectionLost("the controller closed the connection")
        self._protocol.receive_data(data)
        return list(self._protocol.events())

    def _send(self, event: events.Event) -> None:
        self._connection.send(self._protocol.send(event))


def _refusal(body: bytes) -> errors.ClientError:
    try:
        return errors.ApiError(json.loads(body))
    except ValueError:
        return errors.ClientError(f"the controller refused: {body[:200].decode(errors='replace')}")
