"""The private endpoint that follows files for a client: manifests, for `dev` and `up --watch`.

The controller has the one watcher of files there is; who reads manifests is the client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import encode, replies
from controller.core import errors, globs, watching


async def follow(call: calls.Call) -> replies.Sendable:
    """`root`, and below it `files` by name and `patterns`. JSON lines: `started` (again when folders come
    or go), then `changes` of content as they come; `trouble` says what is not as it should be."""
    body = await call.json()
    root = body.get("root")
    if not isinstance(root, str) or not root.startswith("/"):
        raise errors.BadRequest(f"root must be an absolute path: {root!r}")
    patterns, files = _words(body, "patterns"), _words(body, "files")
    wanted = watching.Interest(globs.parse_all(patterns), frozenset(files))
    batches = call.services.files.follower(root).follow(wanted)
    return replies.Stream(_lines(batches), call.services.streams)


def _words(body: dict[str, Any], name: str) -> list[str]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise errors.BadRequest(f"{name} must be a list of strings")
    return found


async def _lines(batches: AsyncIterator[ports.FileBatch]) -> AsyncIterator[bytes]:
    try:
        async for batch in batches:
            yield encode.dump(_line(batch)) + b"\n"
    except OSError as error:
        yield encode.dump({"trouble": f"files cannot be followed: {error.strerror or error}"}) + b"\n"
    finally:
        await replies.close(batches)


def _line(batch: ports.FileBatch) -> dict[str, object]:
    if batch.trouble:
        return {"trouble": batch.trouble}
    if batch.started:
        return {"started": True}
    return {"changes": [{"path": one.path, "how": one.how} for one in batch.changes]}
