"""Questions to the worker socket and what their answers mean; no socket here, so that both clients share it.

One JSON object a line in both directions (`docs/worker-contract.md`). An operation is a generator: it yields
a `Call`, is sent the answer, and returns its result. `client.run` and `aio.run` drive it.
"""

from __future__ import annotations

import json
import os
import time
from typing import NamedTuple

from . import contract, errors, identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeAlias, TypeVar

    Reply: TypeAlias = "dict[str, Any]"
    Result = TypeVar("Result")
    Operation: TypeAlias = "Generator[Call, Reply, Result]"

LINE_LIMIT = 1 << 20
PATIENCE_SECONDS = 5.0
"""How long a question that waits for nothing may take: longer than a controller needs to come back."""

MARGIN_SECONDS = 2.0
"""The server keeps the deadline; after it the answer may still be on its way."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.005, 0.1
"""Between two attempts to reach a controller that is away: it tells nobody when it is back."""

TYPES: dict[str, type[Exception]] = {
    "invalid": ValueError,
    "type": TypeError,
    "undeclared": errors.Undeclared,
    "cap": errors.CapReached,
    "given_up": errors.GivenUp,
    "boot_failure": errors.BootFailure,
    "timeout": errors.EnsureTimeout,
    "cycle": errors.Cycle,
    "shutting_down": errors.ShuttingDown,
    "denied": errors.Denied,
    "not_published": errors.NotPublished,
    "unavailable": errors.NotAvailable,
}


_encode = json.JSONEncoder(separators=(",", ":")).encode


class Call(NamedTuple):
    """One question; `deadline` is monotonic. `waits` = the server answers when something has happened."""

    op: str
    fields: dict[str, Any]
    deadline: float
    waits: bool = False

    def line(self, number: int) -> bytes:
        """The question as it is sent now, with the time that is left."""
        message = {"id": number, "op": self.op, "token": os.environ.get(contract.TOKEN, ""), **self.fields}
        run = os.environ.get(contract.RUN)
        if run is not None:
            message["run"] = run
        folder = os.environ.get(contract.FOLDER)
        if folder is not None:
            message["folder"] = folder
        if self.waits:
            message["timeout"] = max(0.001, self.left())
        line = _encode(message).encode("ascii") + b"\n"
        if len(line) > LINE_LIMIT:
            raise ValueError(f"names: too many for one question, more than {LINE_LIMIT} bytes: ask in parts")
        return line

    def left(self) -> float:
        return self.deadline - time.monotonic()


def socket_path() -> str:
    if not identity.available():
        raise errors.NotAvailable(identity.not_started(contract.SOCKET))
    return os.environ[contract.SOCKET]


def result_of(reply: Reply) -> Reply:
    """The answer, or the error it stands for."""
    if reply.get("ok"):
        return reply
    told = reply.get("error") or {}
    message = str(told.get("message") or "the controller refused without saying why")
    if told.get("advice"):
        message += f"; {told['advice']}"
    kind = TYPES.get(str(told.get("type")), errors.WorkersetError)
    if issubclass(kind, errors.WorkersetError):
        raise kind(message, told.get("details"))
    raise kind(message)


def unreachable(call: Call, why: str, path: str) -> errors.WorkersetError:
    """Nobody answered until the deadline."""
    text = f"the controller does not answer, {why}: {path}"
    details: dict[str, Any] = {key: call.fields[key] for key in ("names", "scope") if key in call.fields}
    if call.waits:
        return errors.EnsureTimeout(f"{text}: is it running? see workerctl status", details)
    return errors.NotAvailable(f"{text}: start it with workerctl up -d", details)
