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
    from typing import Any

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
_STDIN, _STATUS, _RESIZE = b"\x00", 3, b"\x04"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="NAME", help="a worker, or a set that has one: worker/web-1, web")


def run(args: argparse.Namespace, context: Context) -> int:
    pod = _pod(args, context)
    has_terminal = bool(pod["spec"]["containers"][0].get("tty"))
    place = kinds.PODS.path(context.namespace(args), pod["metadata"]["name"], "attach")
    asked = {"stdin": has_terminal, "stdout": True, "stderr": not has_terminal, "tty": has_terminal}
    socket = websocket.WebSocket(context.project.api_socket, http.target(place, asked), _PROTOCOL)
    with contextlib.closing(socket):
        if not has_terminal:
            context.note(f"attached to {pod['metadata']['name']}; it has no terminal (tty: true)")
            return _Talk(context, socket, None).run()
        context.note(f"attached to {pod['metadata']['name']}; Ctrl-P Ctrl-Q leaves it")
        with _raw(context.stdin.fileno()):
            return _Talk(context, socket, context.stdin.fileno()).run()


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
    """Both directions, until the worker ends or the user leaves."""

    def __init__(self, context: Context, socket: websocket.WebSocket, keys: int | None) -> None:
        self._context, self._socket, self._keys = context, socket, keys
        self._typed = b""
        self._size = (0, 0)
        self._code: int | None = None

    def run(self) -> int:
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN)
        if self._keys is not None:
            poller.register(self._keys, select.POLLIN)
            self._resize()
        self._hear(self._socket.early())
        while self._code is None and self._socket.is_open:
            for descriptor, _ in poller.poll():
                if descriptor == self._socket.fileno():
                    self._hear(self._socket.receive())
                elif not self._type(os.read(descriptor, 4096)):
                    poller.unregister(descriptor)
        return errors.OK if self._code is None else self._code

    def _hear(self, messages: list[bytes]) -> None:
        for message in messages:
            if message[:1] == bytes([_STATUS]):
                self._end(json.loads(message[1:]))
            else:
                self._context.stdout.buffer.write(message[1:])
                self._context.stdout.buffer.flush()

    def _type(self, data: bytes) -> bool:
        """Pass on what was typed; False at the end of the input."""
        self._resize()
        self._typed = (self._typed + data)[-len(LEAVE) :]
        if self._typed == LEAVE:
            self._code = errors.OK
        elif data:
            self._socket.send(_STDIN + data)
        return bool(data)

    def _resize(self) -> None:
        """Looked at with each key, as no signal is taken for it."""
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self._keys or 0)
            if size != self._size:
                self._size = size
                told = json.dumps({"Width": size.columns, "Height": size.lines})
                self._socket.send(_RESIZE + told.encode("ascii"))

    def _end(self, status: dict[str, Any]) -> None:
        self._code = errors.OK
        if status.get("status") != "Success":
            raise client_errors.ApiError(status)


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
