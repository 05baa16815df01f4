"""`/log` of a Pod: what its worker wrote (Kubernetes' PodLogOptions)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from controller import ports
from controller.api import call as calls
from controller.api import negotiation, query, registry, replies
from controller.core import errors, fields, kinds, pods, stamps

TEXT = "text/plain; charset=utf-8"


async def read(call: calls.Call) -> replies.Sendable:
    registry.require(call.served, "get", "log")
    require_text(call)
    pod = call.live()
    container = call.query.text("container", pods.CONTAINER)
    if container != pods.CONTAINER:
        raise errors.BadRequest(no_such_container(container, call.key.name))
    wanted = options(call)
    return await stream(call, call.services.logs.read((ref_of(pod),), wanted), follow=wanted.follow)


def no_such_container(container: str, name: str) -> str:
    return f"container {container} is not valid for pod {name}, a worker has one: {pods.CONTAINER}"


def require_text(call: calls.Call) -> None:
    """Raises NotAcceptable for a client that takes no text."""
    if not negotiation.accepts_text(call.header(b"accept")):
        raise errors.NotAcceptable("logs are text/plain")


def ref_of(pod: kinds.Object) -> ports.WorkerRef:
    """The worker a Pod shows; its owner names the set (a label may hold a stand-in)."""
    meta = pod["metadata"]
    owners = meta.get("ownerReferences") or [{}]
    labels = fields.mapping(meta.get("labels"))
    workerset = owners[0].get("name") or labels.get(kinds.LABEL_SET, "")
    return ports.WorkerRef(meta["namespace"], workerset, meta["name"])


def options(call: calls.Call) -> ports.LogQuery:
    """The parameters; raises Invalid for what makes no sense."""
    asked = call.query
    seconds, since = asked.number("sinceSeconds", least=1), asked.text("sinceTime")
    if seconds is not None and since:
        raise query.invalid(
            "sinceSeconds",
            "at most one of sinceTime or sinceSeconds may be specified",
            reason="FieldValueForbidden",
        )
    previous = asked.flag("previous")
    return ports.LogQuery(
        follow=asked.flag("follow") and not previous,
        tail_lines=asked.number("tailLines"),
        since_wall=_since(since) if since else _ago(call, seconds),
        timestamps=asked.flag("timestamps"),
        previous=previous,
        limit_bytes=asked.number("limitBytes", least=1),
        prefix=asked.flag("prefix"),
    )


def _since(text: str) -> float:
    try:
        return stamps.parse(text)
    except ValueError:
        raise query.invalid("sinceTime", "must be an RFC 3339 time", text[:60]) from None


def _ago(call: calls.Call, seconds: int | None) -> float | None:
    return None if seconds is None else call.services.clock.wall() - seconds


async def stream(call: calls.Call, chunks: AsyncIterator[bytes], *, follow: bool) -> replies.Sendable:
    """Chunks as they come. What cannot be read at all is told by the status, so the first one is awaited,
    unless it may never come."""
    if not follow:
        chunks = await _begun(chunks)
    return replies.Stream(chunks, call.services.streams, content_type=TEXT)


async def _begun(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for first in chunks:
        return _chained(first, chunks)
    return chunks


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        yield first
        async for chunk in rest:
            yield chunk
    finally:
        await replies.close(rest)
