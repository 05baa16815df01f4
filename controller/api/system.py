"""`/version` and health: what clients ask before anything else."""

from __future__ import annotations

import platform

import controller
from controller.api import call as calls
from controller.api import encode, logs, replies
from controller.api.streams import sockets
from controller.core import errors

MINOR = "32"
"""The Kubernetes version whose wire format this is; kubectl's dispatcher picks its binary by it."""


async def version(_: calls.Call) -> replies.Sendable:
    found = {
        "major": "1",
        "minor": MINOR,
        "gitVersion": f"v1.{MINOR}.0+workerset-{controller.__version__}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": platform.python_implementation(),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
    }
    return replies.Reply(encode.dump(found))


async def health(_: calls.Call) -> replies.Sendable:
    """Whoever answers is alive, and ready: the API is served only once everything is built."""
    return replies.Reply(b"ok", content_type=logs.TEXT)


def needs_websocket(judge: sockets.Open) -> calls.Handler:
    """Clients that were refused a WebSocket ask again in this way, and show what they get."""

    async def refuse(call: calls.Call) -> replies.Sendable:
        await judge(call)
        raise errors.BadRequest(
            f"{call.subresource} needs a WebSocket: kubectl 1.30 or newer, port-forward 1.31 or newer"
        )

    return refuse


async def nothing_here(_: calls.Call) -> replies.Sendable:
    raise calls.no_such_path()
