"""`/metrics` in Prometheus' text format, or OpenMetrics where it is asked for. Computed by each scrape.

Gauges are counts of what is in the store, so that none is ever negative; counters begin with the controller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import controller
from controller import ports
from controller.api import call as calls
from controller.api import logs, replies
from controller.api.services import Services
from controller.core import deployments, fields, kinds, tallies

_WORKER = ("namespace", "scope", "workerset", "worker")
_SET = ("namespace", "scope", "workerset")
_COUNTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (tallies.STARTS, "Processes of workers that were started.", _WORKER),
    (tallies.RESTARTS, "Of these, those in the place of an earlier run.", _WORKER),
    (tallies.CRASHES, "Runs that ended and count as failures.", _WORKER),
    (tallies.ENSURES, "Calls of ensure, by where they came from.", ("namespace",)),
    (tallies.ENSURE_WAITS, "Of these, those that had to wait for a worker.", ("namespace",)),
    (tallies.ENSURE_FAILURES, "Calls of ensure that failed, by why.", ("namespace", "type")),
)
_HISTOGRAMS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (tallies.START_SECONDS, "From the start of a process until it was ready.", _WORKER),
    (tallies.RECONCILE_SECONDS, "One pass over one set.", ()),
)


async def read(call: calls.Call) -> replies.Sendable:
    """Few controllers are ever scraped: what is needed for it is loaded by the first scrape."""
    from prometheus_client import exposition, registry

    collected = registry.CollectorRegistry(auto_describe=False)
    collected.register(_Collector(call.services))
    encode, content_type = exposition.choose_encoder(call.header(b"accept"))
    return replies.Reply(encode(collected), content_type=content_type)


class _Collector:
    """What prometheus_client asks for the families."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Any]:
        yield from _of_workers(self._services)
        yield from _of_tally(self._services)
        yield from _of_controller(self._services)


def _gauge(name: str, about: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Any:
    from prometheus_client import metrics_core

    family = metrics_core.GaugeMetricFamily(f"workerset_{name}", about, labels=labels)
    for found, value in values.items():
        family.add_metric(_clean(found), value)
    return family


def _clean(labels: Iterable[str]) -> list[str]:
    """Names of workers may hold bytes that are no UTF-8."""
    return [one.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for one in labels]


# --------------------------------------------------------------------------- from the store


def _of_workers(services: Services) -> Iterator[Any]:
    sets, _ = services.store.list(kinds.WORKERSETS)
    found, _ = services.store.list(kinds.PODS)
    scopes = {_key(one): one["spec"].get("scope", "") for one in sets}
    labels = {logs.ref_of(pod): _labels(pod, scopes) for pod in found}
    everything = Counter(labels.values())
    for name, about, those in (
        ("workers", "Workers there are, with or without a process.", found),
        ("workers_running", "Workers that have a process.", [one for one in found if _is_running(one)]),
        ("workers_ready", "Workers that are ready.", [one for one in found if _is_ready(one)]),
    ):
        counted = Counter(labels[logs.ref_of(pod)] for pod in those)
        yield _gauge(name, about, _WORKER, {one: counted[one] for one in everything})
    serving = {_key(one) for one in sets if one["spec"].get("listen")}
    servers = [ref for ref in labels if kinds.Key(ref.namespace, ref.workerset) in serving]
    yield from _of_requests(services.control.in_flight(servers), labels)
    yield from _of_sets(sets)


def _of_requests(
    flying: Mapping[ports.WorkerRef, int], labels: Mapping[ports.WorkerRef, tuple[str, ...]]
) -> Iterator[Any]:
    """Of servers that count their requests (the middleware of the worker library)."""
    requests: Counter[tuple[str, ...]] = Counter()
    busy: Counter[tuple[str, ...]] = Counter()
    for worker, number in flying.items():
        requests[labels[worker]] += number
        busy[labels[worker]] += number > 0
    yield _gauge("requests_in_flight", "Requests that were begun and not ended.", _WORKER, requests)
    yield _gauge("workers_busy", "Workers that serve a request just now.", _WORKER, busy)


def _of_sets(sets: Iterable[kinds.Object]) -> Iterator[Any]:
    desired: dict[tuple[str, ...], float] = {}
    states: dict[tuple[str, ...], float] = {}
    for one in sets:
        labels = (*_key(one)[:1], one["spec"].get("scope", ""), one["metadata"]["name"])
        listed = fields.mapping(one.get("status")).get("instances") or ()
        desired[labels] = max(deployments.wanted_num(one), len(listed))
        states[*labels, fields.mapping(one.get("status")).get("state") or "Starting"] = 1
    yield _gauge(
        "workers_desired", "Workers that are wanted of a set, ensured names included.", _SET, desired
    )
    yield _gauge("set_state", "1 for the state a set is in.", (*_SET, "state"), states)


def _key(obj: kinds.Object) -> kinds.Key:
    return kinds.Key(obj["metadata"]["namespace"], obj["metadata"]["name"])


def _labels(pod: kinds.Object, scopes: Mapping[kinds.Key, str]) -> tuple[str, ...]:
    ref = logs.ref_of(pod)
    name = fields.mapping(pod["metadata"].get("annotations")).get(kinds.ANNOTATION_WORKER_NAME, "")
    return ref.namespace, scopes.get(kinds.Key(ref.namespace, ref.workerset), ""), ref.workerset, name


def _container(pod: kinds.Object) -> dict[str, Any]:
    return fields.mapping(fields.at(pod, ("status", "containerStatuses", 0)))


def _is_running(pod: kinds.Object) -> bool:
    return "running" in fields.mapping(_container(pod).get("state"))


def _is_ready(pod: kinds.Object) -> bool:
    return _container(pod).get("ready") is True


# --------------------------------------------------------------------------- counted


def _of_tally(services: Services) -> Iterator[Any]:
    from prometheus_client import metrics_core

    for name, about, labels in _COUNTERS:
        counter = metrics_core.CounterMetricFamily(f"workerset_{name}", about, labels=labels)
        for found, value in services.tally.counts(name).items():
            counter.add_metric(_clean(found), value)
        yield counter
    for name, about, labels in _HISTOGRAMS:
        histogram = metrics_core.HistogramMetricFamily(f"workerset_{name}", about, labels=labels)
        for found, durations in services.tally.durations(name).items():
            histogram.add_metric(_clean(found), _buckets(durations), durations.seconds)
        yield histogram
    published = metrics_core.CounterMetricFamily(
        "workerset_vars_publishes",
        "Publishes of a name in shared memory, since this controller made its place there.",
        labels=("namespace", "scope", "worker"),
    )
    for slot, number in services.shared.publishes().items():
        published.add_metric(_clean((slot.namespace, slot.scope, slot.name)), number)
    yield published


def _buckets(durations: tallies.Durations) -> list[tuple[str, int]]:
    """Cumulative, as the format has it."""
    found, total = [], 0
    for bound, number in zip((*map(str, tallies.BOUNDS), "+Inf"), durations.counts, strict=True):
        total += number
        found.append((bound, total))
    return found


def _of_controller(services: Services) -> Iterator[Any]:
    tally = services.tally
    yield _gauge(
        "ensures_waiting", "Calls of ensure that wait now.", (), {(): tally.level(tallies.ENSURES_WAITING)}
    )
    yield _gauge("watch_clients", "Watches that are open.", (), {(): tally.level(tallies.WATCHERS)})
    depth = services.control.queue_depth()
    yield _gauge("reconcile_queue_depth", "Sets that are due for a pass.", (), {(): depth})
    yield _gauge("build_info", "1 for the version that runs.", ("version",), {(controller.__version__,): 1})
