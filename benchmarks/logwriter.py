"""How much the log writer takes in, against a loop that only reads the same pipes (arguments: MB WRITERS).

The writers copy a file from memory; the log is on /dev/shm, so that the disk is not what is measured.
"""

from __future__ import annotations

import array
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from controller.shim import writer  # noqa: E402

SCRIPT = ROOT / "controller/shim/logwriter.py"
LINE = b"2026-11-24 10:14:02,123 INFO request handled path=/api/orders status=200 duration_ms=12 bytes=4711\n"


def writers(source: Path, count: int, repeats: int) -> tuple[list[subprocess.Popen[bytes]], list[int]]:
    found, ends = [], []
    for _ in range(count):
        read, write = os.pipe()
        found.append(subprocess.Popen(["cat", *[str(source)] * repeats], stdout=write))
        os.close(write)
        ends.append(read)
    return found, ends


def plain(ends: list[int]) -> None:
    poller = select.epoll()
    for end in ends:
        poller.register(end, select.EPOLLIN)
    left = len(ends)
    while left:
        for end, _ in poller.poll():
            if not os.read(end, 65536):
                poller.unregister(end)
                os.close(end)
                left -= 1
    poller.close()


def log_writer(ends: list[int], folder: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    code = f"import os, sys, runpy; os.dup2({theirs.fileno()}, 3); sys.argv[1:] = [{str(folder)!r}]; "
    code += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    env = {**os.environ, **writer.MALLOC}
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", code], pass_fds=[theirs.fileno()], env=env)
    theirs.close()
    for number, end in enumerate(ends):
        line = f"A r{number} 10485760 5 0 1 default/web-{number}.log".encode()
        ours.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [end]))])
        os.close(end)
    heard = 0
    while heard < len(ends):
        heard += ours.recv(65536).count(b"E")
    ours.close()
    process.wait()


def measure(source: Path, megabytes: int, count: int, folder: Path | None) -> float:
    repeats = max(1, megabytes // count // (source.stat().st_size >> 20))
    begun = time.perf_counter()
    found, ends = writers(source, count, repeats)
    if folder is None:
        plain(ends)
    else:
        log_writer(ends, folder)
    for one in found:
        one.wait()
    return repeats * count * source.stat().st_size / 1e6 / (time.perf_counter() - begun)


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    folder = Path(tempfile.mkdtemp(prefix="wsb-", dir="/dev/shm"))
    source = folder / "source"
    source.write_bytes((LINE * ((8 << 20) // len(LINE) + 1))[: 8 << 20])
    try:
        for _ in range(3):
            bare = measure(source, megabytes, count, None)
            ours = measure(source, megabytes, count, folder / "logs")
            rates = f"log writer {ours:6.0f} MB/s   plain read {bare:6.0f} MB/s"
            print(f"{count} writers: {rates}   ratio {ours / bare:.2f}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
