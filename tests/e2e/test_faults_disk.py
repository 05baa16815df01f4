"""A full disk: workers run on, it is said clearly, and everything is made up for once there is room."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.client import errors, resources
from tests.e2e.disk import SmallDisk, small_disk
from tests.e2e.project import wait_gone

SLEEP = ["sleep", "1000"]
CHATTY = (
    "import os\n"
    "while True:\n"
    "    size = int(open('say').read())\n"
    "    for number in range(size // 1000): print(f'{number:0999}', flush=True)\n"
    "    open('said', 'w').write('done')\n"
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    for name in ("shop", "home"):
        (tmp_path / name).mkdir()
    with small_disk(tmp_path / "shop", tmp_path / "home", "2m") as project:
        yield project


def running(disk: SmallDisk) -> SmallDisk:
    """With two quiet workers, and one that says as many bytes as it is told to."""
    for fifo in ("say", "said"):
        os.mkfifo(disk.root / fifo)
    disk.write("chatty.py", CHATTY)
    disk.declare("web", command=SLEEP, num=2)
    disk.declare("chatty", command=["python3", "chatty.py"])
    disk.apply()
    for name in ("web", "chatty"):
        disk.wait_state(name, "Ready")
    return disk


def say(disk: SmallDisk, size: int) -> None:
    """Returns when the worker has written it all: it was not blocked."""
    (disk.root / "say").write_text(str(size))
    assert (disk.root / "said").read_text() == "done"


def scaling(disk: SmallDisk, num: int) -> tuple[int, str]:
    """Code and reason of the refusal."""
    client = disk.client()
    path = resources.WORKERSETS.path("default", "web") + "/scale"
    with pytest.raises(errors.ApiError) as caught:
        client.request("PATCH", path, None, {"spec": {"replicas": num}}, "application/merge-patch+json")
    client.close()
    return caught.value.code, caught.value.reason


def test_a_full_disk_is_told_stops_no_worker_and_is_made_up_for(disk: SmallDisk) -> None:
    running(disk)
    pids = {name: disk.wait_pid(name) for name in ("web-0", "web-1", "chatty-0")}
    controller = disk.pid_of("controller")
    disk.fill()

    # A user's write is refused, whole, with what to do.
    disk.declare("web", command=SLEEP, num=3)
    refused = disk.ctl("apply", "-f", "manifests/", code=1)
    assert "no space left for the state, nothing was written; free some: " in refused.stderr + refused.stdout
    assert scaling(disk, 3) == (507, "InsufficientStorage")

    # A worker that crashes meanwhile runs again; one that says more than there is room for is not held up.
    os.kill(pids["web-0"], signal.SIGKILL)
    say(disk, 500_000)
    found = disk.wait_troubles("StorageWritable", "LogsWritable")
    assert "no space left for the state" in found["StorageWritable"]
    assert "No space left on device" in found["LogsWritable"]
    assert "no space left for the state" in disk.ctl("status", code=1).stdout
    assert disk.pid_of("controller") == controller

    disk.make_room()
    # The crash was not forgotten, nobody else was touched, and what is declared now is what is asked for now.
    disk.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("restarts") == 1)
    disk.apply()
    disk.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("readyReplicas") == 3)
    assert disk.wait_troubles() == {}
    assert disk.wait_pid("web-0") != pids["web-0"]
    assert [disk.wait_pid(name) for name in ("web-1", "chatty-0")] == [pids["web-1"], pids["chatty-0"]]
    assert disk.pid_of("controller") == controller
    said = disk.ctl("logs", "chatty-0").stdout
    assert " lost: No space left on device" in said
    assert disk.ctl("status").returncode == 0


def test_a_controller_killed_on_a_full_disk_is_followed_by_one_that_adopts(disk: SmallDisk) -> None:
    running(disk)
    pids = {name: disk.wait_pid(name) for name in ("web-0", "web-1")}
    disk.fill()
    os.kill(pids["web-0"], signal.SIGKILL)
    disk.wait_troubles("StorageWritable")
    controller = disk.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    disk.ctl("get", "ws")
    disk.wait_troubles("StorageWritable")
    assert disk.wait_pid("web-1") == pids["web-1"]
    disk.make_room()
    disk.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("restarts") == 1)
    disk.wait_troubles()
    assert disk.wait_pid("web-0") != pids["web-0"]
    assert disk.wait_pid("web-1") == pids["web-1"]


def test_a_start_on_a_full_disk_says_so_and_leaves_nothing(disk: SmallDisk) -> None:
    disk.declare("web", command=SLEEP)
    disk.fill()
    said = disk.ctl("up", "-d", code=1).stderr
    assert "cannot write " in said
    assert ": No space left on device" in said
    assert "free some space" in said
    assert list(disk.state.iterdir()) == [disk.state / "filler"]
    assert disk.leftovers() == []
    disk.make_room()
    disk.ctl("up", "-d")
    disk.wait_state("web", "Ready")
