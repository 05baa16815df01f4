"""Messages between controller and shim: JSON arrays of messages, one array a line.

The shim's side is `shim/control.py` and `Run.to_wire`. Pure translation, no I/O.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from controller import ports

PROTOCOL = 1

Message = list[Any]


def encode(messages: Sequence[Message]) -> bytes:
    return json.dumps(messages, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> list[Message]:
    found: list[Message] = json.loads(line)
    return found


def process(message: Message) -> ports.Process:
    """A `run` message: every level of one run."""
    ended = message[17]
    return ports.Process(
        ports.WorkerRef(*message[2]),
        message[1],
        message[3],
        message[4],
        message[5],
        message[6],
        message[7],
        message[8],
        message[9],
        message[10],
        message[11],
        message[12],
        message[13],
        message[14],
        message[15],
        message[16],
        None if ended is None else ports.Exit(ended[0], ended[1], ended[2], ended[3]),
        tuple(ports.Survivor(pid, command) for pid, command in message[18]),
    )


def verb(asked: ports.Verb) -> Message:
    """Every verb but `StartRun`, which needs a spec that was sent before."""
    match asked:
        case ports.PlaceTicket():
            return ["ticket", asked.run, asked.next_run, asked.on_success]
        case ports.CloseHandle():
            return ["close", asked.run, asked.signal]
        case ports.Signal():
            return ["signal", asked.run, asked.signal]
        case ports.Kill():
            return ["kill", asked.run]
        case ports.Acknowledge():
            return ["ack", asked.run]
        case ports.StartRun():
            raise TypeError("a StartRun is encoded with its spec")


def start(asked: ports.StartRun, spec_id: int) -> Message:
    ref = asked.ref
    return [
        "start",
        asked.run,
        [ref.namespace, ref.workerset, ref.worker],
        spec_id,
        asked.template_hash,
        asked.ordinal,
    ]
