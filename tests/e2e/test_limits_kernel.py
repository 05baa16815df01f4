"""Limits that a kernel enforces: a real project in a delegated cgroup v2, below a kernel of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e import kernel

SCRIPT = """
import json

base = "/sys/fs/cgroup/app"
os.mkdir(base)
open("/sys/fs/cgroup/cgroup.subtree_control", "w").write("+cpu +memory")
os.setxattr(base, "trusted.delegate", b"1")
os.makedirs("/run/project/manifests")
os.mkdir("/run/user", 0o700)
os.environ["XDG_RUNTIME_DIR"] = "/run/user"


def declare(name, code, **spec):
    command = [sys.executable, "-I", "-S", "-c", code]
    made = {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": {"name": name}}
    with open(f"/run/project/manifests/{name}.yaml", "w") as file:
        json.dump({**made, "spec": {"command": command, **spec}}, file)


def enter():
    open(base + "/cgroup.procs", "w").write(str(os.getpid()))


def ctl(*words):
    command = [sys.executable, "-m", "controller", "-C", "/run/project", *words]
    return subprocess.run(command, preexec_fn=enter, stdout=subprocess.PIPE, text=True).stdout


def show(name, found):
    print("FOUND " + json.dumps([name, found]))


declare("big", "block = bytearray(b'x' * (200 << 20))", resources={"memory": "48Mi"}, restart="never")
declare("busy", "while True: pass", resources={"cpu": "100m"})
ctl("apply", "-f", "/run/project/manifests/")
ctl("wait", "--for=jsonpath={.status.state}=Failed", "ws", "big", "--timeout", "60s")
ctl("wait", "--for=condition=Ready", "ws", "busy", "--timeout", "60s")
show("big", json.loads(ctl("get", "ws", "big", "-o", "json"))["status"])
show("busy", json.loads(ctl("get", "ws", "busy", "-o", "json"))["status"])
show("pod", json.loads(ctl("get", "pod", "big-0", "-o", "json"))["status"]["containerStatuses"][0])
runs = [one for one in os.listdir(base) if one.startswith("workerset-")]
for run in runs:
    show("cpu.max", open(f"{base}/{run}/cpu.max").read().split())
    show("cpu.stat", dict(line.split() for line in open(f"{base}/{run}/cpu.stat")))
ctl("down")
show("left", [one for one in os.listdir(base) if one.startswith("workerset-")])
"""


def conditions(status: dict[str, object]) -> str:
    return json.dumps(status["conditions"])


@pytest.mark.timeout(kernel.DEADLINE_SECONDS + 10)
@pytest.mark.skipif(kernel.PROGRAM is None, reason="needs user-mode Linux: apt-get install user-mode-linux")
def test_with_a_cgroup_the_kernel_kills_and_throttles_and_it_is_named(tmp_path: Path) -> None:
    said = kernel.run(tmp_path, SCRIPT)
    lines = (line.partition("FOUND ")[2] for line in said.splitlines())
    found = dict(json.loads(line) for line in lines if line)
    assert {"big", "busy", "pod", "cpu.max", "cpu.stat", "left"} <= found.keys(), said
    assert found["big"]["message"].startswith("SIGKILL (out of memory) after ")
    assert "OOMKilled" in json.dumps(found["pod"])
    assert "NotEnforced" not in conditions(found["big"]) + conditions(found["busy"])
    assert found["cpu.max"] == ["10000", "100000"]
    assert int(found["cpu.stat"]["nr_throttled"]) > 0
    assert found["left"] == []
