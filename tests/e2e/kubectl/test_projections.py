"""Workers as Pods and Deployments, by real kubectl: rollouts, logs, streams into a worker, measurements."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.client import resources
from tests.e2e.kubectl.cluster import Cluster
from tests.e2e.project import pid_of, wait_gone

LINES = 60_000
"""Of 200 characters: more than a log file holds."""


def put(cluster: Cluster, name: str, **spec: object) -> None:
    cluster.project.declare(name, **spec)
    cluster.project.apply()
    cluster.project.wait_state(name, "Ready")


def removed(cluster: Cluster, name: str) -> None:
    cluster.project.ctl("delete", "ws", name)
    (cluster.project.root / "manifests" / f"{name}.yaml").unlink()


@pytest.fixture
def web(cluster: Cluster) -> Iterator[str]:
    """A set that says who it is whenever it starts, by the name of its Deployment."""
    script = 'echo "begun $WORKERSET_RUN"; exec sleep 1000'
    put(cluster, "shop", command=["sh", "-c", script], env={"COLOUR": "blue"}, stop_grace="1s")
    yield "deployment/shop"
    removed(cluster, "shop")


def rolled_out(cluster: Cluster, web: str) -> None:
    assert "successfully rolled out" in cluster.out("rollout", "status", web, "--timeout=30s")


def test_a_set_is_a_deployment_with_replica_sets_and_not_in_all(cluster: Cluster, web: str) -> None:
    assert cluster.out("get", web, "-o", "jsonpath={.status.readyReplicas}") == "1"
    assert "shop-" in cluster.out("get", "rs", "-l", "workerset.dev/set=shop", "-o", "name")
    assert "deployment" not in cluster.out("get", "all", "-o", "name")


def test_rollout_restart_status_and_history(cluster: Cluster, web: str) -> None:
    before = cluster.project.wait_pid("shop-0")
    assert "restarted" in cluster.out("rollout", "restart", web)
    rolled_out(cluster, web)
    assert cluster.project.wait_pid("shop-0", other_than=before)
    assert "REVISION" in cluster.out("rollout", "history", web)


def test_set_env_then_undo(cluster: Cluster, web: str) -> None:
    assert "env updated" in cluster.out("set", "env", web, "COLOUR=red", "SIZE=9")
    rolled_out(cluster, web)
    assert cluster.json("get", "ws", "shop")["spec"]["env"] == {"COLOUR": "red", "SIZE": "9"}
    assert "COLOUR=red" in cluster.out("set", "env", web, "--list")
    assert "rolled back" in cluster.out("rollout", "undo", web)
    rolled_out(cluster, web)
    assert cluster.json("get", "ws", "shop")["spec"]["env"] == {"COLOUR": "blue"}


def test_scale_and_describe_a_deployment(cluster: Cluster, web: str) -> None:
    cluster.out("scale", web, "--replicas=2")
    rolled_out(cluster, web)
    assert "2 desired | 2 updated | 2 total | 2 available" in cluster.out("describe", web)


def test_pausing_what_does_not_roll_and_deleting_a_view_say_why_not(cluster: Cluster, web: str) -> None:
    assert "rollout is for HTTP sets" in cluster.kubectl("rollout", "pause", web, code=1).stderr
    refused = cluster.kubectl("delete", web, code=1).stderr
    assert "MethodNotAllowed" in refused
    assert "create and delete the WorkerSet" in refused


def test_exec_has_the_workers_surroundings_and_tells_the_exit_code(cluster: Cluster, web: str) -> None:
    done = cluster.kubectl("exec", web, "--", "sh", "-c", "echo $COLOUR; pwd; echo err >&2; exit 7", code=7)
    assert done.stdout.split() == ["blue", str(cluster.project.root)]
    assert "err\n" in done.stderr
    assert cluster.out("exec", "-i", "shop-0", "--", "wc", "-c", stdin="x" * 300_000).strip() == "300000"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shop-0", "--", "no-such-program"), "command not found: no-such-program"),
        (("nope", "--", "true"), 'pods "nope" not found'),
        (("shop-0", "-c", "side", "--", "true"), "container side is not valid for pod shop-0"),
    ],
)
def test_what_cannot_be_executed_says_why(
    cluster: Cluster, web: str, words: tuple[str, ...], told: str
) -> None:
    assert told in cluster.kubectl("exec", *words, code=1).stderr


def test_exec_into_a_worker_that_dies_meanwhile(cluster: Cluster, web: str) -> None:
    with cluster.popen("exec", "shop-0", "--", "sh", "-c", "echo $$; exec sleep 1000") as kubectl:
        assert kubectl.stdout is not None
        beside = int(kubectl.stdout.readline())
        os.kill(cluster.project.wait_pid("shop-0"), signal.SIGKILL)
        assert "the worker has ended" in kubectl.stdout.read()
        assert kubectl.wait(30) == 1
    wait_gone(beside)


def test_an_exec_that_is_interrupted_leaves_nothing(cluster: Cluster, web: str) -> None:
    with cluster.popen("exec", "shop-0", "--", "sh", "-c", "sleep 1001 & echo $!; wait") as kubectl:
        assert kubectl.stdout is not None
        beside = int(kubectl.stdout.readline())
        kubectl.send_signal(signal.SIGINT)
        kubectl.wait(30)
    wait_gone(beside)


def test_cp_both_ways(cluster: Cluster, web: str, tmp_path: Path) -> None:
    here, there, back = tmp_path / "here", tmp_path / "there", tmp_path / "back"
    here.write_bytes(os.urandom(3_000_000))
    cluster.out("cp", str(here), f"shop-0:{there}")
    assert there.read_bytes() == here.read_bytes()
    cluster.out("cp", f"shop-0:{there}", str(back))
    assert back.read_bytes() == here.read_bytes()


def test_logs_follow_across_a_restart(cluster: Cluster, web: str) -> None:
    with cluster.popen("logs", "-f", "--tail=1", web) as kubectl:
        assert kubectl.stdout is not None
        first = kubectl.stdout.readline()
        assert first.startswith("begun ")
        os.kill(cluster.project.wait_pid("shop-0"), signal.SIGKILL)
        second = next(line for line in iter(kubectl.stdout.readline, "") if line.startswith("begun "))
        assert second != first
        kubectl.kill()
    assert cluster.out("logs", "shop-0", "--previous").splitlines()[0] == first.strip()
    assert len(cluster.out("logs", "shop-0", "--tail=1", "--timestamps").split()) == 3


def test_logs_follow_across_a_rotation(cluster: Cluster) -> None:
    """More than one file's worth, once kubectl follows: no line is missing, none comes twice."""
    flood = f"seq -f '%.0f {'x' * 200}' {LINES}"
    script = f"echo begun; until [ -e go ]; do sleep 0.02; done; {flood}; echo done; exec sleep 1000"
    put(cluster, "flood", command=["sh", "-c", script], stop_grace="1s")
    with cluster.popen("logs", "-f", "flood-0") as kubectl:
        assert kubectl.stdout is not None
        assert kubectl.stdout.readline() == "begun\n"
        (cluster.project.root / "go").touch()
        lines = list(iter(kubectl.stdout.readline, "done\n"))
        kubectl.kill()
    assert [int(line.split()[0]) for line in lines] == list(range(1, LINES + 1))
    rotated = cluster.project.root / ".workerset/logs/default/flood-0.log.1"
    assert rotated.exists()
    (cluster.project.root / "go").unlink()
    removed(cluster, "flood")


def test_attach_prints_what_comes_on_over_a_restart_and_refuses_input(cluster: Cluster) -> None:
    """A worker that says something all the time shows when kubectl is attached."""
    script = 'echo "begun $WORKERSET_RUN"; while sleep 0.05; do echo tick; done'
    put(cluster, "ticker", command=["sh", "-c", script], stop_grace="1s")
    with cluster.popen("attach", "ticker-0") as kubectl:
        assert kubectl.stdout is not None
        lines = iter(kubectl.stdout.readline, "")
        assert any(line == "tick\n" for line in lines)
        os.kill(cluster.project.wait_pid("ticker-0"), signal.SIGKILL)
        assert any(line.startswith("begun ") for line in lines)
        kubectl.kill()
    assert "reads no input" in cluster.kubectl("attach", "-i", "ticker-0", code=1).stderr
    removed(cluster, "ticker")


def test_deleting_a_pod_restarts_the_worker(cluster: Cluster, web: str) -> None:
    before = cluster.project.wait_pid("shop-0")
    assert "deleted" in cluster.out("delete", "pod", "shop-0", "--timeout=30s")
    assert cluster.project.wait_pid("shop-0", other_than=before)


def test_port_forward_carries_a_file(cluster: Cluster) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    content = os.urandom(2_000_000)
    (cluster.project.root / "big.bin").write_bytes(content)
    put(cluster, "files", command=["python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"])
    cluster.project.wait(resources.PODS, "files-0", lambda pod: pid_of(pod) != 0)
    with cluster.popen("port-forward", "files-0", f":{port}") as kubectl:
        assert kubectl.stdout is not None
        local = int(kubectl.stdout.readline().split(":")[1].split()[0])
        until_open(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{local}/big.bin", timeout=20) as answer:
            assert answer.read() == content
        kubectl.kill()
    removed(cluster, "files")


def until_open(port: int) -> None:
    """Nothing tells when a server listens; each look is a connection."""
    for _ in range(10_000):
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            continue
        return
    raise AssertionError("nothing listens")


def test_node_top_and_config_maps(cluster: Cluster, web: str) -> None:
    assert cluster.out("get", "nodes", "-o", "name").strip() == "node/local"
    assert "control-plane,worker" in cluster.out("get", "nodes")
    assert "control-plane,worker" in cluster.out("describe", "node", "local").splitlines()[1]
    assert "shop-0" in cluster.out("top", "pods")
    assert "local" in cluster.out("top", "nodes")
    cluster.out("create", "configmap", "parent", "--from-literal=a=1")
    assert cluster.json("get", "cm", "parent")["data"] == {"a": "1"}
    cluster.out("delete", "cm", "parent")


def test_read_only_tokens_reach_into_no_worker(cluster: Cluster, web: str) -> None:
    token = cluster.project.ctl("token", "create", "--read-only", "onlooker").stdout.strip().splitlines()[-1]
    try:
        done: subprocess.CompletedProcess[str] = cluster.with_token(token).kubectl(
            "exec", "shop-0", "--", "true", code=1
        )
        assert "is for reading only" in done.stderr
        assert "begun" in cluster.with_token(token).out("logs", "shop-0")
    finally:
        cluster.project.ctl("token", "revoke", "onlooker")


def test_metrics_are_on_this_door_too(door: Cluster, cluster: Cluster, web: str) -> None:
    assert b'workerset_workers_ready{namespace="default",scope="",worker="shop"' in door.ask("/metrics").body
    assert door.ask("/metrics", token=None).code == 401
