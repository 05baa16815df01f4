"""The endpoints of our own beside apply and logs."""

from __future__ import annotations

import json

import pytest

from controller import ports
from controller.core import kinds
from tests.api.driver import Api


def test_project(api: Api):
    assert api.get("/workerset/v1/project").json() == api.control.about


def test_environment_of_a_set(api: Api):
    api.create("web")
    api.control.variables = [{"name": "A", "value": "1", "source": "spec.env"}]
    assert api.get("/workerset/v1/env/default/web").json() == {"items": api.control.variables}
    assert api.get("/workerset/v1/env/default/nope").json()["reason"] == "NotFound"


def test_rollback(api: Api):
    api.create("web")
    path = "/workerset/v1/rollback/default/web"
    assert api.send("POST", path, {"toRevision": 3}).json()["metadata"]["name"] == "web"
    api.send("POST", path, {"toRevision": None})
    api.send("POST", path)
    key = kinds.Key("default", "web")
    assert api.control.rollbacks == [(key, 3), (key, None), (key, None)]
    assert api.send("POST", path, {"toRevision": 99}).code == 404
    assert api.send("POST", path, {"toRevision": "x"}).code == 400
    assert api.send("POST", "/workerset/v1/rollback/default/nope").code == 404


def test_usage_of_the_workers_a_selector_picks(api: Api):
    api.pod("web-0")
    api.pod("db-0", "db")
    ref = ports.WorkerRef("default", "web", "web-0")
    api.control.used = [ports.Usage(ref, 4711, 1.5, 2048, 1700000000.0)]
    answer = api.get("/workerset/v1/usage?namespace=default&labelSelector=workerset.dev/set%3Dweb").json()
    assert api.control.asked_usage == [ref]
    assert answer["items"] == [
        {
            "namespace": "default",
            "workerset": "web",
            "worker": "web-0",
            "pid": 4711,
            "cpuSeconds": 1.5,
            "memoryBytes": 2048,
            "startedAt": 1700000000.0,
        }
    ]


def test_shutdown_tells_how_it_goes(api: Api):
    stream = api.stream("/workerset/v1/shutdown", method="POST", body={"graceSeconds": 3, "purge": True})
    assert api.control.shutdowns == [(3.0, True)]
    api.control.steps.put_nowait({"remaining": [], "stopped": 1, "killed": 0})
    assert json.loads(stream.line())["stopped"] == 1
    api.control.steps.put_nowait({"done": True, "stopped": 2, "killed": 0, "survivors": [], "seconds": 0.1})
    assert json.loads(stream.line())["done"] is True
    assert stream.ended()


def test_shutdown_is_told_to_its_end_though_the_server_stops(api: Api):
    stream = api.stream("/workerset/v1/shutdown", method="POST")
    api.app.state.streams.end_all()
    api.control.steps.put_nowait({"done": True})
    assert json.loads(stream.line()) == {"done": True}
    assert stream.ended()


@pytest.mark.parametrize("grace", [-1, "soon", True, []])
def test_a_grace_that_makes_no_sense_stops_nothing(api: Api, grace: object):
    assert api.send("POST", "/workerset/v1/shutdown", {"graceSeconds": grace}).code == 400
    assert api.control.shutdowns == []


def test_version_and_health(api: Api):
    version = api.get("/version").json()
    assert (version["major"], version["minor"]) == ("1", "32")
    assert version["gitVersion"].startswith("v1.32.0+workerset-")
    assert {api.get(path).body for path in ("/healthz", "/livez", "/readyz")} == {b"ok"}


def test_shutdown_goes_on_when_nobody_listens_any_more(api: Api):
    stream = api.stream("/workerset/v1/shutdown", method="POST")
    api.control.steps.put_nowait({"remaining": [], "stopped": 1})
    api.control.steps.put_nowait({"done": True})
    stream.hang_up()
    assert api.control.steps.empty()
