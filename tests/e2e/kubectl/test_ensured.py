"""S3.2 with kubectl itself: no write of it takes back what was ensured, and it shows who did."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.kubectl.cluster import Cluster


def manifest(*names: str, **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "workerset.dev/v1",
            "kind": "WorkerSet",
            "metadata": {"name": "jobs"},
            "spec": {
                "background": True,
                "scope": "kubectl",
                "command": ["sleep", "1000"],
                "min_ready": "10ms",
                "stop_grace": "1s",
                "instances": list(names),
                **spec,
            },
        }
    )


def listed(cluster: Cluster) -> list[str]:
    found: list[str] = cluster.json("get", "ws", "jobs")["spec"].get("instances", [])
    return found


def test_s3_2_what_is_ensured_outlives_every_write(cluster: Cluster) -> None:
    try:
        cluster.out("apply", "-f", "-", stdin=manifest("declared"))
        cluster.project.ctl("ensure", "asked", "--scope", "kubectl")
        assert listed(cluster) == ["declared", "asked"]
        cluster.out("apply", "-f", "-", stdin=manifest("other"))
        assert listed(cluster) == ["other", "asked"]
        cluster.out("apply", "--server-side", "-f", "-", stdin=manifest("third"))
        assert listed(cluster) == ["third", "asked"]
        cluster.out("patch", "ws", "jobs", "--type=merge", "-p", '{"spec":{"instances":null}}')
        assert listed(cluster) == ["asked"]
        cluster.out("replace", "-f", "-", stdin=manifest("last"))
        assert listed(cluster) == ["last", "asked"]
        cluster.project.ctl("apply", "-f", "-", stdin=manifest("own"))
        assert listed(cluster) == ["own", "asked"]
        shown(cluster)
        cluster.project.ctl("release", "asked", "--scope", "kubectl")
        assert listed(cluster) == ["own"]
    finally:
        cluster.kubectl("delete", "ws", "jobs", "--wait", code=None)


def shown(cluster: Cluster) -> None:
    found = cluster.json("get", "ws", "jobs", "--show-managed-fields")
    (owned,) = [one for one in found["metadata"]["managedFields"] if one["manager"] == "workerset-ensure"]
    assert owned["fieldsV1"]["f:spec"] == {"f:instances": {'v:"asked"': {}}}
    (asked,) = [one for one in found["status"]["instances"] if one["name"] == "asked"]
    assert (asked["state"], asked["ensuredBy"]) == ("Ready", ["workerctl"])
    told = cluster.out("describe", "ws", "jobs")
    assert "ensured asked by workerctl" in told
