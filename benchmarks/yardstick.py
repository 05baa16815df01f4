"""What ours is compared with: the least that does the same, without any feature.

`python yardstick.py controller COUNT`: an asyncio controller of COUNT sleeping processes that replaces each
one that ends. No logs, no state, no policy. Says `ready` when all run; the end of its standard input ends it.
`python yardstick.py loop COUNT`: a bare loop of `subprocess.Popen`, and of kill and reap at the end; prints
the seconds of the first, waits for a line on standard input, prints the seconds of the second.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

WORKER = ("sleep", "100000")


class Controller:
    """Children by number; each is watched through a pidfd (pidfd_open(2))."""

    def __init__(self, count: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.done = asyncio.Event()
        self.pids: dict[int, int] = {}
        self.stopping = False
        self.argv = ["/bin/sleep", *WORKER[1:]]
        for number in range(count):
            self.start(number)

    def start(self, number: int) -> None:
        pid = os.posix_spawn(self.argv[0], self.argv, os.environ, setsigmask=[])
        self.pids[number] = pid
        watched = os.pidfd_open(pid)
        self.loop.add_reader(watched, self.ended, number, pid, watched)

    def ended(self, number: int, pid: int, watched: int) -> None:
        self.loop.remove_reader(watched)
        os.close(watched)
        os.waitpid(pid, 0)
        del self.pids[number]
        if not self.stopping:
            self.start(number)
        elif not self.pids:
            self.done.set()

    def stop(self) -> None:
        self.stopping = True
        self.loop.remove_reader(sys.stdin.fileno())
        for pid in self.pids.values():
            os.kill(pid, signal.SIGTERM)


async def control(count: int) -> None:
    controller = Controller(count)
    controller.loop.add_reader(sys.stdin.fileno(), controller.stop)
    print("ready", flush=True)
    await controller.done.wait()


def loop(count: int) -> None:
    began = time.monotonic()
    quiet = subprocess.DEVNULL
    processes = [
        subprocess.Popen(WORKER, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
        for _ in range(count)
    ]
    print(time.monotonic() - began, flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()
    print(time.monotonic() - began, flush=True)


if __name__ == "__main__":
    count = int(sys.argv[2])
    if sys.argv[1] == "controller":
        asyncio.run(control(count))
    else:
        loop(count)
