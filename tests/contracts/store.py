"""What every `ports.Store` must do; run on the real one in memory and on a file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from controller import ports
from controller.core import errors, kinds

WS, PODS, NS = kinds.WORKERSETS, kinds.PODS, kinds.NAMESPACES


def make(name: str, namespace: str = "default", **more: object) -> kinds.Object:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": name, "namespace": namespace},
        **more,
    }


def key(name: str, namespace: str = "default") -> kinds.Key:
    return kinds.Key(namespace, name)


def version_of(obj: kinds.Object) -> int:
    return int(obj["metadata"]["resourceVersion"])


async def first(subscription: ports.Subscription) -> Sequence[ports.Change]:
    async for batch in subscription:
        return batch
    return ()


def take(subscription: ports.Subscription) -> Sequence[ports.Change]:
    """The next batch, which must be there already or come within the deadline."""

    async def run() -> Sequence[ports.Change]:
        async with asyncio.timeout(5):
            return await first(subscription)

    return asyncio.run(run())


def seen(batch: Sequence[ports.Change]) -> list[tuple[str, str]]:
    return [(one.type, one.object["metadata"]["name"]) for one in batch]


class StoreContract:
    """Subclasses provide the fixture `store`."""

    def test_a_new_object_gets_a_version_and_is_found(self, store: ports.Store) -> None:
        stored = store.create(WS, make("a"))
        assert store.get(WS, key("a")) == stored
        assert version_of(stored) == store.version()

    def test_the_input_is_not_changed(self, store: ports.Store) -> None:
        given = make("a")
        store.create(WS, given)
        assert "resourceVersion" not in given["metadata"]

    def test_one_counter_serves_all_kinds_and_deletions(self, store: ports.Store) -> None:
        versions = [
            version_of(store.create(WS, make("a"))),
            version_of(store.create(PODS, make("a"))),
            version_of(store.delete(WS, key("a"))),
            version_of(store.create(WS, make("b"))),
        ]
        assert versions == sorted(set(versions))

    def test_creating_twice_is_refused(self, store: ports.Store) -> None:
        store.create(WS, make("a"))
        with pytest.raises(errors.AlreadyExists) as caught:
            store.create(WS, make("a"))
        assert caught.value.message == 'workersets.workerset.dev "a" already exists'
        assert caught.value.kind == "workersets"

    def test_what_is_absent_is_not_found(self, store: ports.Store) -> None:
        assert store.find(WS, key("a")) is None
        text = 'workersets.workerset.dev "a" not found'
        with pytest.raises(errors.NotFound, match=text):
            store.get(WS, key("a"))
        with pytest.raises(errors.NotFound, match=text):
            store.update(WS, make("a"))
        with pytest.raises(errors.NotFound, match=text):
            store.delete(WS, key("a"))

    def test_equal_content_is_no_write(self, store: ports.Store) -> None:
        stored = store.create(WS, make("a", spec={"num": 1}))
        heard: list[ports.Change] = []
        store.subscribe(heard.append)
        assert store.update(WS, make("a", spec={"num": 1})) is stored
        assert store.version() == version_of(stored)
        assert heard == []

    def test_a_stale_version_is_a_conflict(self, store: ports.Store) -> None:
        old = str(version_of(store.create(WS, make("a"))))
        store.update(WS, make("a", spec={}))
        with pytest.raises(errors.Conflict, match="the object has been modified; please apply"):
            store.update(WS, make("a", spec={"num": 2}), expected_version=old)
        with pytest.raises(errors.Conflict):
            store.delete(WS, key("a"), expected_version=old)
        store.delete(WS, key("a"), expected_version=str(store.version()))

    def test_lists_are_sorted_by_namespace_and_name(self, store: ports.Store) -> None:
        for name, namespace in (("b", "two"), ("a", "two"), ("z", "one")):
            store.create(WS, make(name, namespace))
        everything, version = store.list(WS)
        assert [one["metadata"]["name"] for one in everything] == ["z", "a", "b"]
        assert version == store.version()
        assert [one["metadata"]["name"] for one in store.list(WS, "two")[0]] == ["a", "b"]
        assert list(store.list(WS, "none")[0]) == []

    def test_a_list_handed_out_does_not_change(self, store: ports.Store) -> None:
        store.create(WS, make("a"))
        before, _ = store.list(WS)
        store.create(WS, make("b"))
        assert len(before) == 1

    def test_cluster_scoped_objects_have_no_namespace(self, store: ports.Store) -> None:
        store.create(NS, {"metadata": {"name": "shop"}})
        assert store.get(NS, kinds.Key("", "shop"))["metadata"]["name"] == "shop"

    def test_taking_off_the_last_finalizer_deletes(self, store: ports.Store) -> None:
        meta = {"name": "a", "namespace": "default", "deletionTimestamp": "now", "finalizers": ["x", "y"]}
        store.create(WS, {"metadata": meta})
        store.update(WS, {"metadata": {**meta, "finalizers": ["y"]}})
        assert store.find(WS, key("a")) is not None
        last = {name: value for name, value in meta.items() if name != "finalizers"}
        gone = store.update(WS, {"metadata": last})
        assert store.find(WS, key("a")) is None
        assert version_of(gone) == store.version()

    def test_a_pod_without_finalizers_survives_its_stamp(self, store: ports.Store) -> None:
        store.create(PODS, make("a"))
        store.update(PODS, {"metadata": {**make("a")["metadata"], "deletionTimestamp": "now"}})
        assert store.find(PODS, key("a")) is not None

    # ------------------------------------------------------------------ transactions

    def test_a_failed_transaction_leaves_no_trace(self, store: ports.Store) -> None:
        store.create(WS, make("kept", spec={"num": 1}))
        store.create(WS, make("gone"))
        store.put_record("default", "kept", "kept-0", {"failures": 1})
        store.put_setting("mark", 1)
        before = (store.list(WS), store.list(PODS), dict(store.record("default", "kept")), store.version())
        heard: list[ports.Change] = []
        store.subscribe(heard.append)

        def write_and_fail() -> None:
            with store.transaction():
                store.update(WS, make("kept", spec={"num": 2}))
                store.delete(WS, key("gone"))
                store.create(WS, make("new", "other"))
                store.create(PODS, make("pod"))
                store.put_record("default", "kept", "kept-0", None)
                store.put_setting("mark", 2)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            write_and_fail()
        after = (store.list(WS), store.list(PODS), dict(store.record("default", "kept")), store.version())
        assert after == before
        assert store.setting("mark") == 1
        assert heard == []

    def test_an_inner_failure_undoes_the_inner_part_only(self, store: ports.Store) -> None:
        heard: list[ports.Change] = []
        store.subscribe(heard.append)

        def write_and_fail() -> None:
            with store.transaction(durable=True):
                store.create(WS, make("inner"))
                raise RuntimeError

        with store.transaction():
            store.create(WS, make("outer"))
            with pytest.raises(RuntimeError):
                write_and_fail()
            store.create(WS, make("later"))
            assert heard == []
        assert seen(heard) == [("ADDED", "outer"), ("ADDED", "later")]
        assert store.find(WS, key("inner")) is None

    def test_writes_are_read_within_their_transaction(self, store: ports.Store) -> None:
        with store.transaction(durable=True):
            stored = store.create(WS, make("a"))
            assert store.get(WS, key("a")) is stored
            assert version_of(stored) == store.version()

    def test_listeners_hear_in_order_even_if_one_of_them_writes(self, store: ports.Store) -> None:
        heard: list[tuple[str, str]] = []

        def write(change: ports.Change) -> None:
            if change.resource == WS and change.type == "ADDED":
                store.create(PODS, make(change.object["metadata"]["name"]))

        store.subscribe(write)
        store.subscribe(
            lambda change: heard.append((change.resource.kind, change.object["metadata"]["name"]))
        )
        with store.transaction():
            store.create(WS, make("a"))
            store.create(WS, make("b"))
        assert heard == [("WorkerSet", "a"), ("WorkerSet", "b"), ("Pod", "a"), ("Pod", "b")]

    # ------------------------------------------------------------------ watches

    def test_a_watch_replays_and_goes_live(self, store: ports.Store) -> None:
        store.create(WS, make("a"))
        since = store.version()
        store.update(WS, make("a", spec={"num": 1}))
        watch = store.watch(WS, since=since)
        assert seen(take(watch)) == [("MODIFIED", "a")]
        store.delete(WS, key("a"))
        (change,) = take(watch)
        assert change.type == "DELETED"
        assert change.version == version_of(change.object) == store.version()
        assert change.previous is not None
        assert change.previous["spec"] == {"num": 1}

    def test_a_watch_from_now_hears_only_what_comes(self, store: ports.Store) -> None:
        store.create(WS, make("a"))
        watch = store.watch(WS)
        store.create(WS, make("b"))
        assert seen(take(watch)) == [("ADDED", "b")]

    def test_a_watch_hears_its_resource_and_namespace_only(self, store: ports.Store) -> None:
        watch = store.watch(WS, "two")
        store.create(WS, make("a", "one"))
        store.create(PODS, make("a", "two"))
        store.create(WS, make("b", "two"))
        assert seen(take(watch)) == [("ADDED", "b")]

    def test_a_transaction_arrives_as_one_batch_after_its_commit(self, store: ports.Store) -> None:
        async def run() -> list[tuple[str, str]]:
            reader = asyncio.create_task(first(store.watch(WS)))
            await asyncio.sleep(0)
            with store.transaction():
                store.create(WS, make("a"))
                store.create(WS, make("b"))
                assert not reader.done()
            return seen(await asyncio.wait_for(reader, 5))

        assert asyncio.run(run()) == [("ADDED", "a"), ("ADDED", "b")]

    def test_all_watchers_share_one_encoding(self, store: ports.Store) -> None:
        watches = [store.watch(PODS) for _ in range(3)]
        store.create(PODS, make("a"))
        calls: list[kinds.Object] = []

        def encode(obj: kinds.Object) -> bytes:
            calls.append(obj)
            return b"x"

        assert [take(one)[0].encoded("table", encode) for one in watches] == [b"x"] * 3
        assert len(calls) == 1

    def test_closing_ends_a_waiting_reader(self, store: ports.Store) -> None:
        async def run() -> Sequence[ports.Change]:
            watch = store.watch(WS)
            reader = asyncio.create_task(first(watch))
            await asyncio.sleep(0)
            watch.close()
            return await asyncio.wait_for(reader, 5)

        assert asyncio.run(run()) == ()

    def test_a_cancelled_reader_is_forgotten_and_others_go_on(self, store: ports.Store) -> None:
        async def run() -> list[tuple[str, str]]:
            one, other = (asyncio.create_task(first(store.watch(WS))) for _ in range(2))
            await asyncio.sleep(0)
            one.cancel()
            await asyncio.gather(one, return_exceptions=True)
            store.create(WS, make("a"))
            return seen(await asyncio.wait_for(other, 5))

        assert asyncio.run(run()) == [("ADDED", "a")]

    def test_a_version_that_was_never_reached_is_expired(self, store: ports.Store) -> None:
        with pytest.raises(errors.Expired, match="too large resource version"):
            store.watch(WS, since=store.version() + 1)

    # ------------------------------------------------------------------ records and settings

    def test_records_are_kept_by_worker(self, store: ports.Store) -> None:
        store.put_record("default", "web", "web-0", {"failures": 2})
        store.put_record("default", "web", "web-1", {"failures": 0})
        handed_out = store.record("default", "web")
        store.put_record("default", "web", "web-0", None)
        assert store.record("default", "web") == {"web-1": {"failures": 0}}
        assert set(handed_out) == {"web-0", "web-1"}
        assert store.record("default", "other") == {}

    def test_s3_2_ensures_are_kept_by_name_and_owner(self, store: ports.Store) -> None:
        assert store.ensures("default", "jobs") == {}
        store.put_ensure("default", "jobs", "a", {"default/web": "2024-01-01T00:00:00Z"})
        store.put_ensure("default", "jobs", "byte \udc80", {"workerctl": "2024-01-01T00:00:01Z"})
        handed_out = store.ensures("default", "jobs")
        assert store.ensures("default", "jobs") is handed_out
        store.put_ensure("default", "jobs", "a", None)
        assert store.ensures("default", "jobs") == {"byte \udc80": {"workerctl": "2024-01-01T00:00:01Z"}}
        assert set(handed_out) == {"a", "byte \udc80"}
        assert store.ensures("default", "other") == {}

    def test_a_failed_transaction_keeps_what_was_ensured(self, store: ports.Store) -> None:
        store.put_ensure("default", "jobs", "a", {"workerctl": "t"})

        def write_and_fail() -> None:
            with store.transaction():
                store.put_ensure("default", "jobs", "a", None)
                store.put_ensure("default", "jobs", "b", {"workerctl": "t"})
                raise RuntimeError

        with pytest.raises(RuntimeError):
            write_and_fail()
        assert store.ensures("default", "jobs") == {"a": {"workerctl": "t"}}

    def test_settings_are_values_by_name(self, store: ports.Store) -> None:
        assert store.setting("base") is None
        store.put_setting("base", {"PATH": "/bin"})
        assert store.setting("base") == {"PATH": "/bin"}
