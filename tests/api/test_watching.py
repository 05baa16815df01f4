"""watch (kubectl.md semantics 1 to 4): replay, bookmarks, WatchList, selectors, Tables, slow readers."""

from __future__ import annotations

import asyncio
import json

import pytest

from controller.core import kinds
from controller.store.store import Store
from tests.api.driver import PODS, SETS, TABLE, Api, pod, workerset

WATCH = f"{SETS}?watch=true"
LIST = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"


@pytest.mark.parametrize("version", ["", "&resourceVersion=0"])
def test_without_a_version_what_is_there_comes_first(api: Api, version: str):
    api.create("a")
    api.create("b")
    watch = api.stream(WATCH + version)
    assert watch.events(2) == [("ADDED", "a"), ("ADDED", "b")]
    api.create("c")
    assert watch.events(1) == [("ADDED", "c")]
    watch.hang_up()


def test_from_a_version_only_what_came_after_it(api: Api):
    first = api.create("a")["metadata"]["resourceVersion"]
    api.create("b")
    watch = api.stream(f"{WATCH}&resourceVersion={first}")
    assert watch.events(1) == [("ADDED", "b")]
    api.patch(f"{SETS}/a", {"spec": {"num": 2}})
    api.send("DELETE", f"{SETS}/a")
    assert watch.events(2) == [("MODIFIED", "a"), ("MODIFIED", "a")]
    watch.hang_up()


def test_deleted_carries_the_last_object_with_a_new_version(api: Api):
    made = api.pod("web-0")
    watch = api.stream(f"{PODS}?watch=true&resourceVersion={made['metadata']['resourceVersion']}")
    api.store.delete(kinds.PODS, kinds.Key("default", "web-0"))
    word, last = watch.event()
    assert (word, last["status"]) == ("DELETED", made["status"])
    assert int(last["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    watch.hang_up()


def test_a_version_no_longer_held_is_one_error_event_and_the_end():
    api = Api(store=Store(":memory:", history_limit=5))
    for number in range(10):
        api.create(f"s{number}")
    watch = api.stream(f"{WATCH}&resourceVersion=2")
    word, status = watch.event()
    assert (watch.code, word) == (200, "ERROR")
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")
    assert watch.ended()
    api.close()


def test_a_version_to_come_is_expired_too(api: Api):
    watch = api.stream(f"{WATCH}&resourceVersion=999999")
    assert watch.event()[1]["code"] == 410
    assert watch.ended()


def test_a_version_that_is_none_is_refused(api: Api):
    assert api.get(f"{WATCH}&resourceVersion=old").code == 400


def test_a_write_with_equal_content_is_no_event(api: Api):
    made = api.create("a")
    watch = api.stream(f"{WATCH}&resourceVersion={made['metadata']['resourceVersion']}")
    same = api.patch(f"{SETS}/a", {"spec": {"command": ["sleep", "60"]}}).json()
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    api.create("b")
    assert watch.events(1) == [("ADDED", "b")]
    watch.hang_up()


def test_entering_and_leaving_a_selector_are_added_and_deleted(api: Api):
    api.create("a", labels={"app": "web"})
    watch = api.stream(f"{WATCH}&labelSelector=app%3Dweb")
    assert watch.events(1) == [("ADDED", "a")]
    left = api.patch(f"{SETS}/a", {"metadata": {"labels": {"app": "db"}}}).json()
    word, last = watch.event()
    assert (word, last["metadata"]["labels"]) == ("DELETED", {"app": "web"})
    assert last["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]
    api.patch(f"{SETS}/a", {"spec": {"num": 2}})
    api.patch(f"{SETS}/a", {"metadata": {"labels": {"app": "web"}}})
    assert watch.events(1) == [("ADDED", "a")]
    api.patch(f"{SETS}/a", {"spec": {"num": 3}})
    assert watch.events(1) == [("MODIFIED", "a")]
    watch.hang_up()


def test_one_object_by_field_selector(api: Api):
    api.create("a")
    api.create("b")
    watch = api.stream(f"{WATCH}&fieldSelector=metadata.name%3Db&resourceVersion=0")
    assert watch.events(1) == [("ADDED", "b")]
    watch.hang_up()


def test_a_namespace_hears_nothing_of_others(api: Api):
    watch = api.stream(f"{PODS}?watch=true")
    elsewhere = pod("x-0")
    elsewhere["metadata"]["namespace"] = "other"
    api.store.create(kinds.PODS, elsewhere)
    api.pod("web-0")
    assert watch.events(1) == [("ADDED", "web-0")]
    watch.hang_up()


def test_watch_list_ends_its_initial_events_with_a_marked_bookmark(api: Api):
    api.create("a")
    watch = api.stream(f"{WATCH}&{LIST}")
    assert watch.events(1) == [("ADDED", "a")]
    word, mark = watch.event()
    assert (word, mark["kind"], mark["apiVersion"]) == ("BOOKMARK", "WorkerSet", "workerset.dev/v1")
    assert mark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert mark["metadata"]["resourceVersion"] == str(api.store.version())
    api.create("b")
    assert watch.events(1) == [("ADDED", "b")]
    watch.hang_up()


def test_watch_list_of_nothing_is_just_the_bookmark(api: Api):
    watch = api.stream(f"{WATCH}&{LIST}&resourceVersion=0")
    assert watch.event()[0] == "BOOKMARK"
    watch.hang_up()


def test_without_initial_events_only_what_comes(api: Api):
    api.create("a")
    query = LIST.replace("sendInitialEvents=true", "sendInitialEvents=false")
    watch = api.stream(f"{WATCH}&{query}")
    api.run(asyncio.sleep(0))
    api.create("b")
    assert watch.events(1) == [("ADDED", "b")]
    watch.hang_up()


@pytest.mark.parametrize(
    "query",
    [
        "sendInitialEvents=true",
        "resourceVersionMatch=NotOlderThan",
        "sendInitialEvents=true&resourceVersionMatch=Exact",
    ],
)
def test_combinations_kubernetes_forbids(api: Api, query: str):
    refused = api.get(f"{WATCH}&{query}")
    assert (refused.code, refused.json()["reason"]) == (422, "Invalid")


def test_bookmarks_come_after_changes_the_watch_does_not_see():
    api = Api(bookmark_seconds=0.001)
    watch = api.stream(f"{WATCH}&allowWatchBookmarks=true")
    api.run(asyncio.sleep(0))
    seen = api.pod("web-0")["metadata"]["resourceVersion"]
    word, mark = watch.event()
    assert word == "BOOKMARK"
    assert int(mark["metadata"]["resourceVersion"]) >= int(seen)
    watch.hang_up()
    api.close()


def test_nobody_is_woken_for_bookmarks_while_nothing_changes_or_nobody_watches(api: Api):
    def timers() -> int:
        return sum(1 for handle in api.loop._scheduled if not handle.cancelled())

    api.pod("web-0")
    assert timers() == 0
    watch = api.stream(f"{WATCH}&allowWatchBookmarks=true")
    api.run(asyncio.sleep(0))
    assert timers() == 0
    api.pod("web-1")
    assert timers() == 1
    watch.hang_up()
    assert timers() == 0


def test_timeout_seconds_ends_the_stream_in_order(api: Api):
    watch = api.stream(f"{WATCH}&timeoutSeconds=3600")
    real = api.loop.time
    api.loop.time = lambda: real() + 3601
    assert watch.ended()


def test_a_stopping_server_ends_streams_in_order_and_begins_none(api: Api):
    watch = api.stream(WATCH)
    assert len(api.app.state.streams) == 1
    api.app.state.streams.end_all()
    assert watch.ended()
    assert api.stream(WATCH).ended()


def test_a_client_that_hangs_up_leaves_nothing(api: Api):
    watch = api.stream(f"{WATCH}&allowWatchBookmarks=true")
    watch.hang_up()
    assert len(api.app.state.streams) == 0
    assert not asyncio.all_tasks(api.loop)


def test_a_table_watch_names_its_columns_once(api: Api):
    api.create("a")
    watch = api.stream(WATCH, accept=TABLE)
    word, table = watch.event()
    assert (word, table["kind"], table["rows"][0]["cells"][0]) == ("ADDED", "Table", "a")
    assert table["columnDefinitions"][0]["name"] == "Name"
    api.create("b")
    assert watch.event()[1]["columnDefinitions"] is None
    watch.hang_up()


def test_changes_of_one_commit_are_one_chunk_encoded_once_for_all(api: Api):
    version = api.store.version()
    watches = [api.stream(f"{WATCH}&resourceVersion={version}") for _ in range(3)]
    items = [{"object": workerset(f"s{number}")} for number in range(20)]
    api.send("POST", "/workerset/v1/apply", {"items": items})
    for watch in watches:
        assert [word for word, _ in watch.events(20)] == ["ADDED"] * 20
        assert len(watch.chunks) == 1
    assert watches[0].chunks == watches[1].chunks == watches[2].chunks
    for watch in watches:
        watch.hang_up()


def test_a_reader_that_falls_too_far_behind_is_told():
    api = Api(store=Store(":memory:", history_limit=4))
    watch = api.stream(WATCH)
    api.run(asyncio.sleep(0))
    for number in range(10):  # in one turn of the loop: the reader gets none in between
        api.store.create(kinds.WORKERSETS, {"metadata": {"name": f"s{number}", "namespace": "default"}})
    words = [json.loads(watch.line())]
    assert words[0]["type"] == "ERROR"
    assert words[0]["object"]["code"] == 410
    assert watch.ended()
    api.close()


def test_many_objects_come_in_several_chunks(api: Api):
    for number in range(501):
        api.pod(f"web-{number:03}")
    watch = api.stream(f"{PODS}?watch=true")
    watch.events(501)
    assert len(watch.chunks) == 2
    watch.hang_up()
