"""Events that clients write about a set are forgotten with its own: by age and by number (S1.11)."""

from __future__ import annotations

from controller import settings
from controller.core import kinds, stamps
from controller.engine.events import EventWriter
from controller.store.store import Store


def post(store: Store, number: int, wall: float) -> None:
    now = stamps.rfc3339(wall)
    meta = {"name": f"e{number}", "namespace": "default", "creationTimestamp": now}
    meta["labels"] = {kinds.LABEL_SET: "web"}
    store.create(kinds.EVENTS, {"metadata": meta, "lastTimestamp": now, "source": {"component": "kopf"}})


def names(store: Store) -> list[str]:
    return [one["metadata"]["name"] for one in store.list(kinds.EVENTS)[0]]


def test_no_more_than_allowed_and_none_beyond_its_hour() -> None:
    store = Store(":memory:")
    EventWriter(store, settings.EngineSettings(events_per_set=3, event_ttl_seconds=100.0))
    for number in range(5):
        post(store, number, 1000.0 + number)
    assert names(store) == ["e2", "e3", "e4"]
    post(store, 5, 1104.0)
    assert names(store) == ["e4", "e5"]
