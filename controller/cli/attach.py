"""`attach`: what a worker prints from now on; one with a terminal (`tty: true`) can be typed to as well."""

from __future__ import annotations

import contextlib
import json
import os
import select
import termios
import tty

from controller.cli import common, errors
from controller.client import errors as client_errors
from controller.client import http, websocket
from controller.client import resources as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from controller.cli.context import Context

EXAMPLES = """
  workerctl attach web
  workerctl attach worker/web-1
"""
DESCRIPTION = """
Shows what a worker prints from now on. One of a set with `tty: true` can be typed to: a debugger's prompt
works as in a terminal, Ctrl-C is the worker's. Ctrl-P Ctrl-Q leaves it, and it runs on.
"""
LEAVE = b"\x10\x11"
"""Ctrl-P Ctrl-Q, as in Docker."""

_PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STATUS, _RESIZE = b"\x00", b"\x03", b"\x04"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="NAME", help="a worker, or a set that has one: worker/web-1, web")


def run(args: argparse.Namespace, context: Context) -> int:
    pod = _pod(args, context)
    has_terminal = bool(pod["spec"]["containers"][0].get("tty"))
    name = pod["metadata"]["name"]
    place = kinds.PODS.path(context.namespace(args), name, "attach")
    asked = {"stdin": has_terminal, "stdout": True, "stderr": not has_terminal, "tty": has_terminal}
    socket = websocket.WebSocket(context.project.api_socket, http.target(place, asked), _PROTOCOL)
    with contextlib.closing(socket):
        if not has_terminal:
            context.note(f"attached to {name}; it reads nothing, Ctrl-C leaves it (to type to it: tty: true)")
            _Talk(context.stdout.buffer, socket, None).run()
            return errors.OK
        context.note(f"attached to {name}; Ctrl-P Ctrl-Q leaves it")
        keys = context.stdin.fileno()
        with _raw(keys):
            _Talk(context.stdout.buffer, socket, keys).run()
    return errors.OK


def _pod(args: argparse.Namespace, context: Context) -> dict[str, Any]:
    """The worker that is meant. Raises UsageError where a set has none, or several."""
    kind, name = common.split_target(args.target)
    namespace, client = context.namespace(args), context.client()
    if kind is kinds.PODS:
        return dict(client.request("GET", kinds.PODS.path(namespace, name)).json())
    client.request("GET", kinds.WORKERSETS.path(namespace, name))
    query = {"labelSelector": f"workerset.dev/set={name}"}
    found = client.request("GET", kinds.PODS.path(namespace), query=query).json()["items"]
    if len(found) == 1:
        return dict(found[0])
    names = ", ".join(f"worker/{pod['metadata']['name']}" for pod in found[:5])
    raise errors.UsageError(
        f"{name} has {len(found)} workers, attach takes one",
        f"name one: {names}" if found else "start it first",
    )


class _Talk:
    """Both directions, until the worker ends or the user leaves. `keys` is what is typed on, if anything."""

    def __init__(self, output: BinaryIO, socket: websocket.WebSocket, keys: int | None) -> None:
        self._output, self._socket, self._keys = output, socket, keys
        self._typed = b""
        self._size: os.terminal_size | None = None
        self._is_over = False

    def run(self) -> None:
        """Raises ApiError for what went wrong at the other end, ConnectionLost."""
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN)
        if self._keys is not None:
            poller.register(self._keys, select.POLLIN)
            self._resize(self._keys)
        self._hear(self._socket.early())
        while self._socket.is_open and not self._is_over:
            for descriptor, _ in poller.poll():
                if descriptor == self._socket.fileno():
                    self._hear(self._socket.receive())
                elif not self._type(descriptor):
                    poller.unregister(descriptor)

    def _hear(self, messages: list[bytes]) -> None:
        for message in messages:
            if message[:1] == _STATUS:
                self._end(json.loads(message[1:]))
            else:
                self._output.write(message[1:])
                self._output.flush()

    def _end(self, status: dict[str, Any]) -> None:
        self._is_over = True
        if status.get("status") != "Success":
            raise client_errors.ApiError(status)

    def _type(self, keys: int) -> bool:
        """Pass on what was typed; False at the end of the input."""
        data = os.read(keys, 4096)
        self._resize(keys)
        self._typed = (self._typed + data)[-len(LEAVE) :]
        if self._typed == LEAVE:
            self._is_over = True
        elif data:
            self._socket.send(_STDIN + data)
        return bool(data)

    def _resize(self, terminal: int) -> None:
        """Looked at with each key, as no signal is taken for it."""
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(terminal)
            if size != self._size:
                self._size = size
                told = json.dumps({"Width": size.columns, "Height": size.lines})
                self._socket.send(_RESIZE + told.encode("ascii"))


@contextlib.contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Keys go to the worker as they are; where it is no terminal, nothing is changed."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield
        return
    tty.setraw(descriptor, termios.TCSADRAIN)  # keys that came before stay
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
