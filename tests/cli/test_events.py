"""`events`, `top` and `env`."""

from __future__ import annotations

import json

import pytest

from tests.cli import samples
from tests.fakes.api_server import json_lines

STARTED = samples.event("b", "Started", "started web-0", about=("Pod", "web-0"), last="2020-01-01T00:00:02Z")
CRASHED = samples.event(
    "a", "Crashed", "exit 1\nand more", type="Warning", count=7, version=9, last="2020-01-01T00:00:01Z"
)
OTHER = samples.event("c", "Started", "started", about=("WorkerSet", "job"), last="2020-01-01T00:00:03Z")
OTHER["metadata"]["labels"] = {"workerset.dev/set": "job"}


@pytest.fixture
def events(api):
    api.on("GET", samples.EVENTS, samples.listing(OTHER, STARTED, CRASHED))
    return api


def column(outcome, index):
    return [line.split("   ")[index].strip() for line in outcome.out.splitlines()[1:]]


def test_newest_last_with_counts(shell, events):
    lines = shell("events").out.splitlines()
    assert lines[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert [line.split()[-1] for line in lines[1:]] == ["more", "web-0", "started"]
    assert " (x7 over " in lines[1]
    assert "workerset/web" in lines[1]
    assert lines[1].endswith("exit 1 and more")


def test_for_a_set_includes_its_workers(shell, events):
    assert len(shell("events", "--for", "ws/web", "--no-headers").out.splitlines()) == 2
    assert len(shell("events", "--for", "pod/web-0", "--no-headers").out.splitlines()) == 1
    assert shell("events", "--for", "ws/none").err == "No events found in default namespace.\n"


def test_types_and_formats(shell, events):
    assert len(shell("events", "--types", "warning", "--no-headers").out.splitlines()) == 1
    assert shell("events", "--types", "Bad").code == 2
    assert shell("events", "-o", "name").out == "event/a\nevent/b\nevent/c\n"
    assert json.loads(shell("events", "-o", "json").out)["items"][0]["kind"] == "Event"


def test_all_namespaces(shell, api):
    api.on("GET", "/api/v1/events", samples.listing(STARTED))
    assert shell("events", "-A").out.splitlines()[0].startswith("NAMESPACE   LAST SEEN")


def test_watch_and_expiry(shell, api):
    gone = json_lines({"type": "ERROR", "object": {"kind": "Status", "code": 410}})
    newer = samples.event("d", "GivenUp", "given up", version=30)
    newest = samples.event("e", "Started", "again", version=40)
    api.on(
        "GET",
        samples.EVENTS,
        samples.listing(STARTED),
        gone,
        samples.listing(STARTED, newer, version=35),
        json_lines({"type": "ADDED", "object": newest}, {"type": "DELETED", "object": STARTED}),
    )
    lines = shell("events", "-w").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["MESSAGE", "web-0", "up", "again"]
    assert api.requests[-1].query["resourceVersion"] == "35"


USAGE = "/workerset/v1/usage"


def used(worker, cpu, memory, pid=10, workerset="web"):
    return {
        "namespace": "default",
        "workerset": workerset,
        "worker": worker,
        "pid": pid,
        "cpuSeconds": cpu,
        "memoryBytes": memory,
        "startedAt": 1.0,
    }


def test_top(shell, api):
    items = [used("web-10", 5, 30 << 20), used("web-2", 1, 5000), used("job-0", 0, 7 << 20, workerset="job")]
    api.on("GET", USAGE, {"items": items})
    lines = [line.split() for line in shell("top").out.splitlines()]
    assert lines[0] == ["NAME", "PID", "CPU(CORES)", "MEMORY(BYTES)"]
    assert [line[0] for line in lines[1:]] == ["job-0", "web-2", "web-10"]
    assert [line[3] for line in lines[1:]] == ["7168Ki", "4Ki", "30Mi"]
    assert api.requests[-1].query == {"namespace": "default"}
    ordered = shell("top", "workers", "--sort-by", "memory", "--no-headers").out.splitlines()
    assert [line.split()[0] for line in ordered] == ["web-10", "job-0", "web-2"]
    sets = [line.split() for line in shell("top", "sets").out.splitlines()]
    assert (sets[0][1], sets[1][:2], sets[2][:2]) == ("WORKERS", ["job", "1"], ["web", "2"])
    assert shell("top", "ws/job", "--no-headers").out.split()[0] == "job"
    assert shell("top", "web-2", "--no-headers").out.split()[0] == "web-2"
    missing = shell("top", "nope")
    assert (missing.code, missing.err.splitlines()[0]) == (1, "no process of: nope")


def test_top_over_an_interval(shell, api):
    before, after = (
        {"items": [used("web-0", 5, 1)]},
        {"items": [used("web-0", 5, 1), used("web-1", 0, 1, pid=11)]},
    )
    api.on("GET", USAGE, before, after)
    lines = [line.split() for line in shell("top", "--interval", "5ms", "--no-headers").out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("web-0", "0m"), ("web-1", "0m")]


def test_top_of_nothing(shell, api):
    api.on("GET", USAGE, {"items": []})
    outcome = shell("top", "-A")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "no process runs\n")
    assert api.requests[-1].query == {}


def test_env(shell, api):
    items = [
        {"name": "PORT", "value": "80", "source": "env"},
        {"name": "API_KEY", "value": "***", "source": "env_files: .env"},
    ]
    api.on("GET", "/workerset/v1/env/default/web", {"items": items})
    assert shell("env", "web").out == (
        "NAME      VALUE   SOURCE\nAPI_KEY   ***     env_files: .env\nPORT      80      env\n"
    )
    assert json.loads(shell("env", "ws/web", "-o", "json").out)[1] == items[0]
    assert shell("env", "pod/web-0").code == 2
