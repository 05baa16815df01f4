"""ConfigMaps, the Node, and what workers use: read as projections; how writes to them are refused."""

from __future__ import annotations

import pytest

from controller import ports
from controller.api import configmaps
from controller.core import kinds, varmaps
from tests.api.driver import MERGE, TABLE, Api

MAPS = "/api/v1/namespaces/default/configmaps"
METRICS = "/apis/metrics.k8s.io/v1beta1"
STRATEGIC = "application/strategic-merge-patch+json"


def config_map(name: str, **data: str) -> kinds.Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def publish(api: Api, name: str = "mailbox", scope: str = "") -> str:
    """The name of the ConfigMap that shows it."""
    slot = ports.VarsName("default", scope, name)
    api.vars.slot(slot)
    api.vars.publish(slot, {"count": 3, "state": "open", "tags": ["a"], "none": None})
    return varmaps.name_of(scope, name)


def test_a_config_map_is_anybodys(api: Api) -> None:
    assert api.send("POST", MAPS, config_map("parent", a="1")).code == 201
    assert api.patch(f"{MAPS}/parent", {"data": {"b": "2"}}, STRATEGIC).json()["data"] == {"a": "1", "b": "2"}
    assert api.patch(f"{MAPS}/parent", {"data": {"a": None}}, MERGE).json()["data"] == {"b": "2"}
    rows = api.get(MAPS, accept=TABLE).json()["rows"]
    assert [row["cells"][:2] for row in rows] == [["parent", 1]]
    assert api.send("DELETE", f"{MAPS}/parent").code == 200
    assert api.get(f"{MAPS}/parent").code == 404


def test_config_maps_are_watched(api: Api) -> None:
    watch = api.stream(f"{MAPS}?watch=true")
    api.send("POST", MAPS, config_map("one"))
    assert watch.events(1) == [("ADDED", "one")]


def test_published_vars_are_a_config_map(api: Api) -> None:
    name = publish(api)
    shown = api.get(f"{MAPS}/{name}").json()
    assert shown["data"] == {"count": "3", "state": "open", "tags": '["a"]', "none": "null"}
    assert shown["metadata"]["annotations"]["workerset.dev/worker-name"] == "mailbox"
    found = api.get(f"{MAPS}?labelSelector=workerset.dev/published-vars").json()["items"]
    assert found == [shown]


def test_published_vars_are_watched(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a list on, nothing is missed: what comes, what changes, what goes, and what is stored beside."""
    monkeypatch.setattr(configmaps, "LOOK_SECONDS", 0.001)
    name, slot = publish(api), ports.VarsName("default", "", "mailbox")
    version = api.get(MAPS).json()["metadata"]["resourceVersion"]
    api.vars.publish(slot, {"count": 4})
    watch = api.stream(f"{MAPS}?watch=true&resourceVersion={version}")
    word, shown = watch.event()
    assert (word, shown["data"]) == ("MODIFIED", {"count": "4"})
    other = publish(api, "other")
    assert watch.events(1) == [("ADDED", other)]
    api.send("POST", MAPS, config_map("one"))
    assert watch.events(1) == [("ADDED", "one")]
    api.vars.remove(slot)
    assert watch.events(1) == [("DELETED", name)]
    watch.hang_up()


def test_a_watch_of_published_vars_begins_with_what_is_there_and_selects(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configmaps, "LOOK_SECONDS", 0.001)
    name = publish(api)
    api.send("POST", MAPS, config_map("one"))
    watch = api.stream(f"{MAPS}?watch=true&labelSelector=workerset.dev/published-vars")
    assert watch.events(1) == [("ADDED", name)]
    api.vars.publish(ports.VarsName("default", "", "mailbox"), {"count": 4})
    assert watch.events(1) == [("MODIFIED", name)]
    watch.hang_up()


def test_vars_of_two_scopes_are_two_config_maps(api: Api) -> None:
    assert publish(api) != publish(api, scope="eu")
    assert len(api.get(MAPS).json()["items"]) == 2


def test_what_was_never_published_is_not_there(api: Api) -> None:
    api.vars.slot(ports.VarsName("default", "", "quiet"))
    assert api.get(MAPS).json()["items"] == []
    assert api.get(f"{MAPS}/{varmaps.name_of('', 'quiet')}").code == 404


def test_damaged_vars_say_so_and_hide_no_others(api: Api) -> None:
    name, other = publish(api), publish(api, "other")
    api.vars.damage(ports.VarsName("default", "", "mailbox"))
    found = {one["metadata"]["name"]: one for one in api.get(MAPS).json()["items"]}
    assert found.keys() == {name, other}
    assert "checksum" in found[name]["metadata"]["annotations"]["workerset.dev/problem"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_published_vars_cannot_be_written(api: Api, method: str) -> None:
    name = publish(api)
    answer = api.send(method, f"{MAPS}/{name}", config_map(name, count="9"), content_type=MERGE)
    assert answer.code == 405
    assert "only the worker changes it" in answer.json()["message"]


def test_their_names_are_taken(api: Api) -> None:
    answer = api.send("POST", MAPS, config_map("vars.mine"))
    assert answer.code == 403
    assert "choose another one" in answer.json()["message"]


def test_there_is_one_node(api: Api) -> None:
    [node] = api.get("/api/v1/nodes").json()["items"]
    assert node["metadata"]["name"] == "local"
    assert node["status"]["capacity"] == {"cpu": "4", "memory": "8388608Ki"}
    assert api.get("/api/v1/nodes/local").json() == node
    assert api.get("/api/v1/nodes/other").code == 404
    assert api.get("/api/v1/nodes", accept=TABLE).json()["rows"][0]["cells"][:2] == ["local", "Ready"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/nodes"),
        ("DELETE", "/api/v1/nodes/local"),
        ("PATCH", "/api/v1/nodes/local"),
        ("GET", "/api/v1/nodes?watch=true"),
        ("DELETE", f"{METRICS}/nodes/local"),
        ("GET", f"{METRICS}/pods?watch=true"),
    ],
)
def test_what_a_projection_lacks_is_405_with_a_sentence(api: Api, method: str, path: str) -> None:
    answer = api.send(method, path, {})
    assert (answer.code, answer.json()["reason"]) == (405, "MethodNotAllowed")
    assert "use one of: get, list (" in answer.json()["message"]


def pod(api: Api, name: str) -> ports.WorkerRef:
    meta = {"name": name, "namespace": "default", "uid": name, "ownerReferences": [{"name": "web"}]}
    api.store.create(kinds.PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {}})
    return ports.WorkerRef("default", "web", name)


def usage(api: Api, worker: ports.WorkerRef, cpu: float, *, pid: int = 7) -> None:
    api.control.used = [ports.Usage(worker, pid, cpu, 10 * 1024**2, api.clock.wall() - 100)]


def cpu_of(api: Api) -> str:
    [one] = api.get(f"{METRICS}/namespaces/default/pods").json()["items"]
    return one["containers"][0]["usage"]["cpu"]


def test_top_begins_with_the_average_and_goes_on_with_the_rate(api: Api) -> None:
    worker = pod(api, "web-0")
    pod(api, "web-1")
    usage(api, worker, 50.0)
    assert cpu_of(api) == "500000000n"
    api.clock.advance(10)
    usage(api, worker, 52.0)
    assert cpu_of(api) == "200000000n"
    assert cpu_of(api) == "200000000n", "too soon for a new rate"
    [node] = api.get(f"{METRICS}/nodes").json()["items"]
    assert node["usage"] == {"cpu": "200000000n", "memory": "10240Ki"}


def test_another_process_begins_anew(api: Api) -> None:
    worker = pod(api, "web-0")
    usage(api, worker, 50.0)
    cpu_of(api)
    api.clock.advance(10)
    usage(api, worker, 1.0, pid=8)
    assert cpu_of(api) == "10000000n"
