"""An operator written with kopf works on WorkerSets: handlers, their progress, its finalizer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.client import resources
from tests.e2e.kubectl.cluster import Cluster
from tests.e2e.kubectl.test_verbs import manifest

OPERATOR = Path(__file__).with_name("tiny_operator.py")


@contextmanager
def operating(door: Cluster, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace=default", str(OPERATOR)]
    environ = {**door.environ, "PYTHONWARNINGS": "default"}
    with log.open("wb") as out:
        operator = subprocess.Popen(command, env=environ, cwd=door.project.root, stdout=out, stderr=out)
        try:
            yield
        finally:
            operator.terminate()
            operator.wait(30)


def first_event(door: Cluster, reason: str) -> str:
    """kubectl's line of it; it may be posted a moment later."""
    with door.popen("get", "events", "-w", "--no-headers", f"--field-selector=reason={reason}") as kubectl:
        assert kubectl.stdout is not None
        line = kubectl.stdout.readline()
        kubectl.kill()
    return line


def test_an_operator_creates_updates_and_deletes(door: Cluster):
    log = door.project.root / "kopf.log"
    sets = resources.WORKERSETS
    with operating(door, log):
        door.out("create", "-f", "-", stdin=manifest("operated", labels={"operated": "yes"}))
        door.project.wait(sets, "operated", lambda obj: obj["metadata"]["labels"].get("seen-by") == "kopf")
        door.out("scale", "ws/operated", "--replicas=2")
        resized = door.project.wait(
            sets, "operated", lambda obj: "resized" in obj["metadata"].get("annotations", {})
        )
        assert resized["metadata"]["annotations"]["resized"] == "1 to 2"
        assert "kopf.zalando.org/KopfFinalizerMarker" in resized["metadata"]["finalizers"]
        assert "from 1 to 2" in first_event(door, "Resized")
        assert resized["status"]["seen"] == {"hello": "operated"}
        door.out("delete", "ws", "operated")
    said = log.read_text()
    assert "farewell operated" in said
    assert "ERROR" not in said
