"""Messages between controller and shim: JSON arrays of messages, one array a line.

The shim's side is `shim/control.py` and `Run.to_wire`. Pure translation, no I/O.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from controller import ports
from controller.core import addresses

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
        ref=ports.WorkerRef(*message[2]),
        run=message[1],
        template_hash=message[3],
        ordinal=message[4],
        pid=message[5],
        started_at=message[6],
        started_wall=message[7],
        handle_taken=message[8],
        ready=message[9],
        published=message[10],
        status_text=message[11],
        ticket=message[12],
        ticket_on_success=message[19],
        by_ticket=message[13],
        handle_closed_at=message[14],
        signalled_at=message[15],
        killed_at=message[16],
        exit=None
        if ended is None
        else ports.Exit(
            ended[0], ended[1], ended[2], ended[3], exception=message[22], out_of_memory=message[23]
        ),
        survivors=tuple(ports.Survivor(pid, command) for pid, command in message[18]),
        listening=message[20],
        blind=message[21],
        unenforced=message[24],
        drained=message[25],
        user=message[26],
    )


def set_verb(asked: ports.SetVerb, root: str, number: int) -> Message:
    """What concerns the sockets of a set; paths are relative to the project's root (S1.5).

    What the shim says of them carries the `number` of the last verb it has heard.
    """
    owner = [asked.key.namespace, asked.key.name]
    if isinstance(asked, ports.CloseSockets):
        return ["unlisten", owner, number]
    wanted: list[list[object]] = []
    for identity in asked.listen:
        one = addresses.parse(identity)
        host = os.path.join(root, one.host) if one.family == "unix" else one.host
        wanted.append([identity, one.family, host, one.port])
    return ["listen", owner, wanted, number]


def verb(asked: ports.RunVerb) -> Message:
    """Every verb but `StartRun`, which needs a spec that was sent before."""
    match asked:
        case ports.PlaceTicket():
            return ["ticket", asked.run, asked.next_run, asked.on_success]
        case ports.WithdrawTicket():
            return ["ticket", asked.run, None, False]
        case ports.CloseHandle():
            return ["close", asked.run, asked.signal]
        case ports.Signal():
            return ["signal", asked.run, asked.signal]
        case ports.Kill():
            return ["kill", asked.run]
        case ports.Acknowledge():
            return ["ack", asked.run]
        case ports.Look():
            return ["look", asked.run]
        case ports.StartRun():
            raise TypeError("a StartRun is encoded with its spec")


def start(asked: ports.StartRun, spec_id: int, own: Mapping[str, str]) -> Message:
    """`own` are variables of this worker alone."""
    ref = asked.ref
    return [
        "start",
        asked.run,
        [ref.namespace, ref.workerset, ref.worker],
        spec_id,
        asked.template_hash,
        asked.ordinal,
        own,
    ]
