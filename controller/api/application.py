"""Builds the ASGI application from its ports. Made once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from starlette.applications import Starlette

from controller import ports
from controller.api import (
    bookmarks,
    configmaps,
    deleting,
    measured,
    namespaces,
    pacing,
    pages,
    replies,
    routes,
    rows,
    views,
)
from controller.api.services import LoadYaml, Services
from controller.api.workers import desk
from controller.core import budget, kinds, tallies


def _no_yaml(_: bytes) -> NoReturn:
    raise ValueError("this server was built without YAML: send JSON")


@dataclass(frozen=True, slots=True)
class Parts:
    """The ports that the API stands on.

    `load_yaml` reads one YAML document as JSON values, and raises ValueError with a sentence: the only
    parser of YAML is the manifest reader, which this floor cannot see. `secret` signs the workers' tokens.
    `budget` follows the store: what fits nowhere is refused.
    """

    store: ports.Store
    schema: ports.Schema
    logs: ports.Logs
    control: ports.Control
    clock: ports.Clock
    ids: ports.Ids
    shared: ports.Vars
    files: ports.Files
    secret: str
    gateway: ports.Gateway
    load_yaml: LoadYaml = _no_yaml
    tally: tallies.Tally = field(default_factory=tallies.Tally)
    budget: budget.Ledger = field(default_factory=budget.Ledger)


def _readers(parts: Parts, histories: views.Histories) -> dict[str, views.Reader]:
    """Of all kinds that are more, or something else, than what the store holds."""
    store, sampler = parts.store, measured.Sampler(parts.control, parts.clock)
    return {
        **views.of_sets(store, histories),
        kinds.CONFIG_MAPS.qualified: configmaps.Reader(store, parts.shared),
        kinds.NODES.qualified: measured.Node(parts.control, store),
        kinds.POD_METRICS.qualified: measured.PodMetrics(sampler, store, parts.clock),
        kinds.NODE_METRICS.qualified: measured.NodeMetrics(sampler, store, parts.clock),
    }


def build(
    parts: Parts, *, bookmark_seconds: float = bookmarks.SECONDS, pod_seconds: float = deleting.POD_SECONDS
) -> Starlette:
    """The API on these ports; `app.state.streams` ends what goes on (`server.py` does)."""
    histories = views.Histories(parts.store)
    services = Services(
        store=parts.store,
        schema=budget.Guard(parts.schema, parts.budget),
        logs=parts.logs,
        files=parts.files,
        control=parts.control,
        shared=parts.shared,
        desk=desk.Desk(
            desk.Tools(
                parts.store, parts.shared, parts.clock, parts.secret, parts.control.refresh, parts.tally
            )
        ),
        clock=parts.clock,
        ids=parts.ids,
        load_yaml=parts.load_yaml,
        streams=replies.Streams(),
        pages=pages.Pages(),
        rows=rows.Rows(),
        pace=pacing.Pace(),
        bookmarks=bookmarks.Bookmarks(parts.store.subscribe, bookmark_seconds),
        histories=histories,
        gateway=parts.gateway,
        tally=parts.tally,
        readers=_readers(parts, histories),
        pod_seconds=pod_seconds,
    )
    namespaces.ensure_default(parts.store, parts.ids.uid(), services.now())
    app = Starlette(routes=routes.build(services))
    app.state.services = services
    app.state.streams = services.streams
    app.state.desk = services.desk
    return app
