"""Builds the ASGI application from its ports. Made once by the composition root."""

from __future__ import annotations

from typing import NoReturn

from starlette.applications import Starlette

from controller import ports
from controller.api import bookmarks, namespaces, pages, replies, routes
from controller.api.services import LoadYaml, Services


def _no_yaml(_: bytes) -> NoReturn:
    raise ValueError("this server was built without YAML: send JSON")


def build(
    store: ports.Store,
    schema: ports.Schema,
    logs: ports.Logs,
    control: ports.Control,
    clock: ports.Clock,
    ids: ports.Ids,
    load_yaml: LoadYaml = _no_yaml,
    *,
    bookmark_seconds: float = bookmarks.SECONDS,
) -> Starlette:
    """The API on these ports; `app.state.streams` ends what goes on (`server.py` does).

    `load_yaml` reads one YAML document as JSON values, and raises ValueError with a sentence: the only
    parser of YAML is the manifest reader, which this floor cannot see.
    """
    services = Services(
        store=store,
        schema=schema,
        logs=logs,
        control=control,
        clock=clock,
        ids=ids,
        load_yaml=load_yaml,
        streams=replies.Streams(),
        pages=pages.Pages(),
        bookmarks=bookmarks.Bookmarks(store.subscribe, bookmark_seconds),
    )
    namespaces.ensure_default(store, ids.uid(), services.now())
    app = Starlette(routes=routes.build(services))
    app.state.streams = services.streams
    return app
