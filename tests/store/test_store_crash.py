"""kill -9 in the middle of writing loses nothing that was acknowledged, and no version is given out twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.core import kinds
from controller.store.store import Store

WRITER = """
import sys
from controller.core import kinds
from controller.store.store import Store
store = Store(sys.argv[1])
durable = sys.argv[2] == "durable"
number = 0
while True:
    with store.transaction(durable=durable):
        name = f"set-{number}"
        store.create(kinds.WORKERSETS, {"metadata": {"name": name, "namespace": "d"}, "spec": {"n": number}})
        store.put_record("d", name, name + "-0", {"n": number})
    store.create(kinds.PODS, {"metadata": {"name": name, "namespace": "d"}})
    print(number, store.version(), flush=True)
    number += 1
"""


@pytest.mark.parametrize("mode", ["durable", "normal"])
@pytest.mark.parametrize("acknowledged", [1, 137])
def test_every_acknowledged_write_is_there(tmp_path: Path, mode: str, acknowledged: int) -> None:
    path = str(tmp_path / "store.db")
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, path, mode],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(acknowledged)]
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    number, version = map(int, lines[-1].split())
    store = Store(path)
    names = {one["metadata"]["name"] for one in store.list(kinds.WORKERSETS)[0]}
    assert names >= {f"set-{one}" for one in range(number + 1)}
    assert len(names) <= number + 2
    for name in names:
        assert set(store.record("d", name)) == {f"{name}-0"}
    assert store.version() > version + 1
    store.close()
