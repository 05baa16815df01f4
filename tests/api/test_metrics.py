"""/metrics: every number by its labels, in the formats scrapers ask for; no gauge is ever negative."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from controller import ports
from controller.core import kinds, tallies
from tests.api.driver import SETS, Api

DOCS = Path(__file__).parents[2] / "docs"


def scrape(api: Api) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Values by name, then by sorted labels."""
    answer = api.get("/metrics")
    assert answer.code == 200
    assert answer.header("content-type").startswith("text/plain")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def labels(workerset: str = "web", worker: str = "web", scope: str = "") -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted({"namespace": "default", "scope": scope, "workerset": workerset, "worker": worker}.items())
    )


def put_pod(
    api: Api, name: str, *, ready: bool, worker: str = "web", workerset: str = "web"
) -> ports.WorkerRef:
    container: dict[str, Any] = {"ready": ready, "state": {"running": {}} if ready else {"waiting": {}}}
    meta = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "annotations": {kinds.ANNOTATION_WORKER_NAME: worker},
        "ownerReferences": [{"name": workerset}],
    }
    status = {"containerStatuses": [container]}
    api.store.create(kinds.PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": status})
    return ports.WorkerRef("default", workerset, name)


def test_workers_are_counted_by_namespace_scope_set_and_name(api: Api) -> None:
    api.create("web", {"command": ["x"], "num": 3, "scope": "eu"})
    put_pod(api, "web-0", ready=True)
    put_pod(api, "web-1", ready=False)
    found, own = scrape(api), labels(scope="eu")
    assert found["workerset_workers"][own] == 2
    assert found["workerset_workers_running"][own] == 1
    assert found["workerset_workers_ready"][own] == 1
    wanted = tuple(pair for pair in own if pair[0] != "worker")
    assert found["workerset_workers_desired"][wanted] == 3


def test_a_project_of_background_sets_only_counts_too(api: Api) -> None:
    api.create("mail", {"command": ["x"], "background": True, "name": "mailbox"})
    found = scrape(api)
    [(own, value)] = found["workerset_workers_desired"].items()
    assert (dict(own)["workerset"], value) == ("mail", 0)
    put_pod(api, "mail-0", ready=True, worker="mailbox", workerset="mail")
    assert scrape(api)["workerset_workers_ready"][labels("mail", "mailbox")] == 1


def test_busy_workers_are_those_with_requests_in_flight(api: Api) -> None:
    api.create("web", {"command": ["x"], "num": 2, "listen": ["127.0.0.1:0"]})
    api.control.flying = {put_pod(api, "web-0", ready=True): 3, put_pod(api, "web-1", ready=True): 0}
    found = scrape(api)
    assert found["workerset_workers_busy"][labels()] == 1
    assert found["workerset_requests_in_flight"][labels()] == 3


def test_counters_and_durations_are_told(api: Api) -> None:
    tally = api.app.state.services.tally
    own = ("default", "", "web", "web")
    tally.count(tallies.CRASHES, own, 2)
    tally.took(tallies.START_SECONDS, 0.3, own)
    found = scrape(api)
    assert found["workerset_worker_crashes_total"][labels()] == 2
    assert found["workerset_worker_start_seconds_count"][labels()] == 1
    assert found["workerset_worker_start_seconds_sum"][labels()] == 0.3


def test_publishes_of_a_name_are_counted(api: Api) -> None:
    slot = ports.VarsName("default", "", "mailbox")
    api.vars.slot(slot)
    for number in range(3):
        api.vars.publish(slot, {"number": number})
    [value] = scrape(api)["workerset_vars_publishes_total"].values()
    assert value == 3


def test_ensures_are_counted_with_why_they_failed(api: Api) -> None:
    body = {"namespace": "default", "names": ["nobody"]}
    api.send("POST", "/workerset/v1/ensure", body)
    found = scrape(api)
    assert found["workerset_ensure_calls_total"][("namespace", "default"),] == 1
    assert found["workerset_ensure_failures_total"][("namespace", "default"), ("type", "undeclared")] == 1
    assert found["workerset_ensures_waiting"][()] == 0


def test_watches_are_counted_while_they_are_open(api: Api) -> None:
    api.create("web", {"command": ["x"]})
    watch = api.stream(f"{SETS}?watch=true")
    watch.event()
    assert scrape(api)["workerset_watch_clients"][()] == 1
    watch.hang_up()
    assert scrape(api)["workerset_watch_clients"][()] == 0


def test_the_queue_is_told(api: Api) -> None:
    api.control.depth = 4
    assert scrape(api)["workerset_reconcile_queue_depth"][()] == 4


def test_openmetrics_is_had_by_asking_for_it(api: Api) -> None:
    api.create("web", {"command": ["x"]})
    put_pod(api, "web-0", ready=True)
    answer = api.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert answer.header("content-type").startswith("application/openmetrics-text")
    assert any(openmetrics.text_string_to_metric_families(answer.body.decode()))


def test_names_that_are_no_text_do_not_break_it(api: Api) -> None:
    api.create("web", {"command": ["x"]})
    put_pod(api, "web-0", ready=True, worker='caf\udce9 "x"\n')
    assert scrape(api)["workerset_workers"]


def test_no_gauge_is_negative_and_every_metric_begins_with_our_name(api: Api) -> None:
    api.create("web", {"command": ["x"], "num": 0})
    put_pod(api, "web-0", ready=False)
    for name, series in scrape(api).items():
        assert name.startswith("workerset_")
        assert all(value >= 0 for value in series.values()), name


def test_the_dashboard_and_the_page_name_what_there_is(api: Api) -> None:
    kinds_of = {}
    for line in api.get("/metrics").body.decode().splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split()
            kinds_of[name] = kind
    known = {
        one
        for name, kind in kinds_of.items()
        for one in (
            [f"{name}_bucket", f"{name}_sum", f"{name}_count", name] if kind == "histogram" else [name]
        )
    }
    board = json.loads((DOCS / "grafana-dashboard.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [one["query"] for one in board["templating"]["list"]]
    used = {name for expr in asked for name in re.findall(r"workerset_[a-z_]+", expr)}
    assert used <= known
    told = set(re.findall(r"[({,]\s*([a-z]+)\s*(?==~|[,)])", " ".join(asked)))
    assert {"namespace", "workerset"} <= told <= {"namespace", "workerset", "worker", "state", "type", "le"}
    for name in kinds_of:
        pattern = rf"{name}(_bucket|_sum)?\b"
        assert any(re.search(pattern, expr) for expr in asked), name
    page = (DOCS / "metrics.md").read_text()
    assert {name for name in kinds_of if f"`{name}`" not in page} == set()


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    """Without an id of another installation, and with the data source left to whoever imports it."""
    board = json.loads((DOCS / "grafana-dashboard.json").read_text())
    assert board.get("id") is None
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"])
    assert board["title"]
    assert board["schemaVersion"] >= 36
    source, *others = board["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    asking = [*others, *board["panels"]]
    assert {one["datasource"]["uid"] for one in asking} == {f"${{{source['name']}}}"}
    assert {one["datasource"]["type"] for one in asking} == {"prometheus"}
    variables = {source["name"], *(one["name"] for one in others), "__rate_interval"}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(board))) - {"__all"} == variables
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)), "panels lie over each other"
    assert max(x for x, _ in cells) < 24
    for panel in board["panels"]:
        marks = [target["refId"] for target in panel["targets"]]
        assert len(set(marks)) == len(marks)
