"""The blocking client of the worker socket: thread-safe, fork-safe, outlives restarts of the controller.

Each question has a connection of its own while it is under way, so that one thread's wait holds up nobody;
closing it withdraws the wait. Idle connections are kept for the next question of any thread. A forked child
starts with none.
"""

from __future__ import annotations

import json
import os
import socket
import time

from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .wire import Call, Operation, Reply, Result

_KEPT = 8
_idle: list[_Connection] = []
"""Appending and popping are atomic; nothing else is done to it."""


def run(operation: Operation[Result]) -> Result:
    """Ask what the operation asks, until it is done."""
    try:
        call = next(operation)
        while True:
            call = operation.send(ask(call))
    except StopIteration as done:
        result: Result = done.value
        return result


def ask(call: Call) -> Reply:
    """One answer, with as many attempts as fit before the deadline."""
    path = wire.socket_path()
    pause = wire.FIRST_PAUSE_SECONDS
    while True:
        kept = bool(_idle)
        try:
            reply = _ask_once(call, path)
        except _Silent as silent:
            raise wire.unreachable(call, str(silent), path) from None
        except (OSError, EOFError) as error:
            if kept:  # the controller of before, perhaps: the one of now is asked at once
                _forget()
                continue
            if call.left() <= pause:
                raise wire.unreachable(call, str(error), path) from error
        else:
            return wire.result_of(reply)
        time.sleep(pause)
        pause = min(pause * 2, wire.LONGEST_PAUSE_SECONDS)


def _ask_once(call: Call, path: str) -> Reply:
    try:
        connection = _idle.pop()
    except IndexError:
        connection = _Connection(path)
    if connection.path != path:
        connection.close()
        connection = _Connection(path)
    try:
        reply = connection.ask(call)
    except BaseException:
        connection.close()
        raise
    if len(_idle) < _KEPT:
        _idle.append(connection)
    else:
        connection.close()
    return reply


class _Silent(Exception):
    """Connected, but no answer in time: asking again would not help."""


class _Connection:
    """One question at a time."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._number = 0
        self._unread = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.settimeout(wire.PATIENCE_SECONDS)
            self._socket.connect(path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def ask(self, call: Call) -> Reply:
        self._number += 1
        self._socket.sendall(call.line(self._number))
        while True:
            reply: Reply = json.loads(self._line(call))
            if reply.get("id") == self._number:
                return reply

    def _line(self, call: Call) -> bytes:
        while b"\n" not in self._unread:
            left = call.left() + wire.MARGIN_SECONDS
            if left <= 0:
                raise _Silent("it took too long")
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except socket.timeout:  # noqa: UP041  # not yet a TimeoutError in Python 3.9
                raise _Silent("it took too long") from None
            if not data:
                raise EOFError("it closed the connection")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line


def _forget() -> None:
    while _idle:
        try:
            _idle.pop().close()
        except IndexError:
            return


os.register_at_fork(after_in_child=_forget)
