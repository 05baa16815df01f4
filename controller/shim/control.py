"""The controller's connection: verbs in, levels out, one JSON array of messages a line.

One connection at a time, the newest counts. What changes while nobody listens, or while the listener
is slow, is kept as levels and told once.
"""

from __future__ import annotations

import json
import os

from controller.shim import journal, lean, notify, sight, traffic
from controller.shim.lean import socket
from controller.shim.loop import HANGUP, READ, WRITE
from controller.shim.records import Spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from controller.shim.loop import Loop
    from controller.shim.sockets import Sockets
    from controller.shim.table import Table

PROTOCOL = 1
_CHUNK = 262144
_AT_ONCE = 500
_TO_RUNS = ("ticket", "close", "signal", "kill", "listen", "unlisten")


class Control:
    """The listening socket and the connection that counts."""

    def __init__(self, loop: Loop, table: Table, held: Sockets, path: str) -> None:
        self._loop = loop
        self._table = table
        self._sockets = held
        self._traffic = traffic.Traffic(loop, table, held)
        self._path = path
        self._listener: socket.socket | None = None
        self._connection: socket.socket | None = None
        self._input = b""
        self._output = b""
        self._is_full = False
        self._listing = False
        self._bases: dict[int, dict[str, str]] = {}
        self._specs: dict[int, Spec] = {}
        self._facts: dict[str, Any] = {"orphans": {}, "log_trouble": ""}
        self._news: dict[str, Any] = {}
        self.on_repair: Callable[[], None] = _ignore
        self.on_presence: Callable[[], None] = _ignore
        self.on_end: Callable[[], None] = _ignore
        self._answers: list[list[Any]] = []
        table.commands.on_answer = lambda number, told: self._answers.append(["answer", number, told])

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    def listen(self) -> None:
        """Bind the socket, or bind it anew if its name was lost."""
        if self._listener is not None:
            self._loop.unwatch(self._listener.fileno())
            self._listener.close()
        self._listener = notify.bind(self._path, socket.SOCK_STREAM)
        self._listener.listen(8)
        self._loop.watch(self._listener.fileno(), self._accept)

    def tell(self, fact: str, value: Any) -> None:
        """A fact about the shim itself; kept, so that a later controller learns it too."""
        if self._facts.get(fact) != value:
            self._facts[fact] = self._news[fact] = value

    def _accept(self, _events: int) -> None:
        if self._listener is None:
            return
        try:
            connection = lean.accept(self._listener)
        except OSError:
            return
        self._drop()
        connection.setblocking(False)
        self._connection = connection
        self._loop.watch(connection.fileno(), self._ready)
        self._news = dict(self._facts)
        self._listing = True
        self._table.dirty = dict(self._table.runs)
        self._sockets.mark_all()
        self._send([["hello", PROTOCOL, os.getpid()]])
        self.on_presence()

    def _ready(self, events: int) -> None:
        if events & WRITE:
            self._push()
        if events & (READ | HANGUP):
            self._receive()

    def _receive(self) -> None:
        if self._connection is None:
            return
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop()
            self.on_presence()
            return
        *lines, self._input = (self._input + data).split(b"\n")
        line = b""
        try:
            for line in lines:
                for verb in json.loads(line):
                    if verb[0] in _TO_RUNS:
                        self._table.start_batch()
                    self._apply(verb)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            journal.say("shim", f"controller sent what is no message, {error!r}: {line[:200]!r}")
            self._drop()
            self.on_presence()
        finally:  # what came meanwhile is one batch: many are started more cheaply together
            self._table.start_batch()

    def _apply(self, verb: list[Any]) -> None:
        table = self._table
        match verb:
            case ["start", run, [namespace, workerset, worker], spec, template_hash, ordinal, own]:
                ref = (namespace, workerset, worker)
                table.start(run, ref, self._specs[spec], template_hash, ordinal, own)
            case ["ticket", run, next_run, on_success]:
                table.place_ticket(run, next_run, on_success)
            case ["close", run, number]:
                table.close_handle(run, number)
            case ["signal", run, number]:
                table.signal(run, number)
            case ["kill", run]:
                table.kill(run)
            case ["look", run]:
                self._look(run)
            case ["listen" | "unlisten", [namespace, workerset], *_]:
                self._set_sockets(verb, (namespace, workerset))
            case ["traffic", [namespace, workerset], bool(wanted)]:
                self._traffic.follow((namespace, workerset), wanted=wanted)
            case ["exec" | "wire" | "attach" | "exec_end" | "watchdog", *_]:
                table.commands.apply(verb, table.runs)
            case ["ack", run]:
                table.acknowledge(run)
            case ["base", key, env]:
                self._bases[key] = env
            case ["spec", key, base, fields]:
                self._specs[key] = Spec(fields, self._bases[base])
            case ["drop", key]:
                self._specs.pop(key, None)
            case ["repair"]:
                self.on_repair()
            case ["end"]:
                self.on_end()
            case _:
                raise ValueError("unknown verb")

    def _set_sockets(self, verb: list[Any], owner: tuple[str, str]) -> None:
        self._traffic.release(owner)
        match verb:
            case ["listen", _, wanted, asked]:
                self._sockets.open(owner, wanted, asked)
            case ["unlisten", _, asked]:
                self._sockets.close(owner, asked)
        self._traffic.wake(owner)

    def _look(self, run_id: str) -> None:
        run = self._table.runs.get(run_id)
        if run is not None and sight.note(run, self._sockets.inodes(run.slot.ref[:2])):
            self._table.dirty[run.id] = run

    def flush(self) -> None:
        """Tell what changed, unless the last telling is still under way."""
        while self._connection is not None and not self._output and self._tell_some():
            pass

    def _tell_some(self) -> bool:
        """One message of what is new; True if it left anything that could be told now."""
        messages: list[list[Any]] = []
        kept: dict[str, Any] = {}
        more = False
        for run_id, run in self._table.dirty.items():
            if len(messages) >= _AT_ONCE:
                kept[run_id], more = run, True
            elif run is None:
                messages.append(["gone", run_id])
            elif run.slot.is_settling():
                kept[run_id] = run
            else:
                messages.append(run.to_wire())
        self._table.dirty = kept
        messages += self._answers
        self._answers.clear()
        messages += self._sockets.news()
        messages += self._traffic.news()
        messages += [["fact", name, value] for name, value in self._news.items()]
        self._news.clear()
        if self._listing and not kept:
            self._listing = False
            messages.append(["listed"])
        if messages:
            self._send(messages)
        return more

    def _send(self, messages: list[list[Any]]) -> None:
        self._output += json.dumps(messages, separators=(",", ":")).encode() + b"\n"
        self._push()

    def _push(self) -> None:
        if self._connection is None:
            return
        try:
            sent = self._connection.send(self._output)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(self._output)  # nobody reads it; what was sent before the hang-up is still to be heard
        self._output = self._output[sent:]
        if bool(self._output) != self._is_full:
            self._is_full = bool(self._output)
            events = READ | WRITE if self._is_full else READ
            self._loop.watch(self._connection.fileno(), self._ready, events)

    def _drop(self) -> None:
        if self._connection is not None:
            self._loop.unwatch(self._connection.fileno())
            self._connection.close()
            self._connection = None
        self._input = self._output = b""
        self._is_full = False
        self._bases.clear()
        self._specs.clear()
        self._answers.clear()
        self._traffic.forget_all()
        self._table.commands.end_all()


def _ignore() -> None:
    pass
