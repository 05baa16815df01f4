"""The log writer's lines, files, rotation and full disks; without the tree where that is enough."""

from __future__ import annotations

import array
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runtime import logtail
from controller.sdk.workerset import contract
from controller.shim import logfile, logwriter

LIMIT = contract.LINE_LIMIT


def stamp(stream: str, tag: str) -> bytes:
    return f"2026-11-24T10:14:02.123456789Z {stream} {tag} ".encode()


class FixedClock(logwriter.Clock):
    def stamp(self, stream: str, tag: str) -> bytes:
        return stamp(stream, tag)


def put_together(lines: bytes) -> list[bytes]:
    """What a reader makes of log lines."""
    found: list[bytes] = []
    pieces = b""
    for raw in lines.split(b"\n")[:-1]:
        line = logtail.parse(raw)
        assert line is not None
        pieces += line.text
        if not line.partial:
            found.append(pieces)
            pieces = b""
    assert not pieces
    return found


def test_a_stamp_has_nine_digits_and_sorts_as_text() -> None:
    first, second = (logwriter.Clock().stamp("stdout", "F") for _ in range(2))
    assert len(first.split(b" ")[0]) == contract.STAMP_LENGTH
    assert first <= second


@given(st.lists(st.binary(max_size=40).map(lambda one: one.replace(b"\n", b""))), st.integers(1, 50))
def test_lines_come_out_whole_however_the_chunks_fall(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    out = carry = b""
    for start in range(0, len(data), size):
        more, carry = logwriter.lines_of(carry + data[start : start + size], FixedClock())
        out += more
    assert carry == b""
    assert put_together(out) == lines


@pytest.mark.parametrize("length", [LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT, 3 * LIMIT + 5])
@pytest.mark.parametrize("chunk", [1 << 20, 65536, 10_000])
def test_a_long_line_is_written_in_pieces_that_fit_and_make_it_again(length: int, chunk: int) -> None:
    text = bytes(97 + number % 26 for number in range(length))
    data = b"before\n" + text + b"\nafter\n"
    out = carry = b""
    for start in range(0, len(data), chunk):
        more, carry = logwriter.lines_of(carry + data[start : start + chunk], FixedClock())
        assert len(carry) <= LIMIT
        out += more
    assert carry == b""
    assert max(len(line) for line in out.split(b"\n")) <= LIMIT + len(stamp("stdout", "F"))
    assert put_together(out) == [b"before", text, b"after"]


@contextlib.contextmanager
def log_file(tmp_path: Path, max_size: int = 0, keep: int = 3) -> Iterator[logfile.LogFile]:
    file = logfile.LogFile(str(tmp_path / "default/web-0.log"))
    file.max_size, file.keep = max_size, keep
    try:
        yield file
    finally:
        file.close()


def numbered(first: int, last: int) -> bytes:
    return b"".join(stamp("stdout", "F") + b"%d\n" % number for number in range(first, last))


def test_rotation_loses_no_line_and_keeps_as_many_files_as_asked(tmp_path: Path) -> None:
    with log_file(tmp_path, max_size=1000, keep=3) as file:
        for number in range(0, 60, 3):
            assert file.append(numbered(number, number + 3), stamp)
        paths = logtail.files_of(file.path)
        assert [os.path.basename(path) for path in paths][-2:] == ["web-0.log.1", "web-0.log"]
        assert all(os.path.getsize(path) <= 1000 for path in paths)
        texts = b"".join(Path(path).read_bytes() for path in paths)
        assert texts == numbered(0, 60)
        for number in range(60, 300):
            file.append(numbered(number, number + 1), stamp)
        assert len(logtail.files_of(file.path)) == 4


def test_without_old_files_to_keep_a_full_log_begins_anew(tmp_path: Path) -> None:
    with log_file(tmp_path, max_size=100, keep=0) as file:
        for number in range(10):
            file.append(numbered(number, number + 1), stamp)
        assert logtail.files_of(file.path) == [file.path]
        assert os.path.getsize(file.path) <= 100


def test_a_torn_end_is_cut_off_when_a_log_is_opened_again(tmp_path: Path) -> None:
    with log_file(tmp_path) as file:
        file.append(numbered(0, 2), stamp)
        file.close()
        with open(file.path, "ab") as torn:
            torn.write(stamp("stdout", "F") + b"half a li")
        file.append(numbered(2, 3), stamp)
        assert Path(file.path).read_bytes() == numbered(0, 3)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where that can be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_drops_whole_lines_and_marks_the_gap(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with log_file(small_disk) as file:
        assert file.append(numbered(0, 5), stamp)
        ballast.write_bytes(b"x" * 52 * 1024)
        lost = numbered(5, 500)
        assert not file.append(lost, stamp)
        assert not file.append(lost, stamp)
        assert "space" in file.trouble
        text = Path(file.path).read_bytes()
        assert text.endswith(b"\n")
        ballast.unlink()
        assert file.append(numbered(500, 501), stamp)
        assert file.trouble == ""
        texts = [line.split(b" ", 3)[3].decode() for line in Path(file.path).read_bytes().splitlines()]
        assert any(line.startswith("gap: 990 lines") and "No space left" in line for line in texts)
        assert texts[-1] == "500"


class Writer:
    """The log writer process, as the shim starts it."""

    def __init__(self, logs: Path, *, file_size: int = 0) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({file_size}, {file_size})); "
        code = (
            f"import os, sys, runpy; os.dup2({theirs.fileno()}, 3); "
            + (limit if file_size else "")
            + f"sys.argv[1:] = [{str(logs)!r}]; runpy.run_path({logwriter.__file__!r}, run_name='__main__')"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code], pass_fds=[theirs.fileno()], close_fds=True
        )
        theirs.close()
        self.control.settimeout(20)

    def add(self, run: str, name: str = "default/web-0.log", max_size: int = 0) -> int:
        """The write end of a new run's output."""
        read, write = os.pipe()
        line = f"A {run} {max_size} 5 0 4711 {name}".encode()
        self.control.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [read]))])
        os.close(read)
        return write

    def hear(self) -> str:
        return self.control.recv(65536).decode()

    def end(self) -> None:
        self.control.close()
        assert self.process.wait(20) == 0


def test_runs_are_marked_and_a_quiet_one_makes_no_file(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    quiet = writer.add("aaa")
    os.close(quiet)
    assert writer.hear() == "E aaa"
    assert not list(tmp_path.iterdir())
    for run in ("bbb", "ccc"):
        out = writer.add(run)
        os.write(out, f"hello from {run}\nand more".encode())
        os.close(out)
        assert writer.hear() == f"E {run}"
    writer.end()
    lines = [line.split(" ", 1)[1] for line in (tmp_path / "default/web-0.log").read_text().splitlines()]
    assert lines == [
        "workerset F run=bbb pid=4711 started",
        "stdout F hello from bbb",
        "stdout F and more",
        "workerset F run=ccc pid=4711 started",
        "stdout F hello from ccc",
        "stdout F and more",
    ]


def test_word_comes_when_everything_said_is_written(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    out = writer.add("aaa")
    os.write(out, b"x" * 60_000 + b"\n")
    writer.control.send(b"X aaa")
    assert writer.hear() == "D aaa"
    assert (tmp_path / "default/web-0.log").stat().st_size > 60_000
    writer.control.send(b"X unknown")
    assert writer.hear() == "D unknown"
    os.close(out)
    writer.end()


def test_a_talkative_worker_does_not_starve_a_quiet_one(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    loud, quiet = writer.add("loud", "default/loud-0.log", 1 << 20), writer.add("quiet")
    noise = subprocess.Popen(["yes", "noise"], stdout=loud)
    os.close(loud)
    try:
        for number in range(20):
            os.write(quiet, b"%d\n" % number)
            writer.control.send(b"X quiet")
            assert writer.hear() == "D quiet"
    finally:
        noise.kill()
        noise.wait()
    os.close(quiet)
    writer.end()
    lines = (tmp_path / "default/web-0.log").read_text().splitlines()
    assert [line.split(" ", 3)[3] for line in lines[1:]] == [str(number) for number in range(20)]


def test_a_file_that_may_not_grow_is_trouble_and_blocks_nobody(tmp_path: Path) -> None:
    writer = Writer(tmp_path, file_size=4096)
    out = writer.add("aaa")
    os.write(out, b"a line\n" * 1000)
    assert writer.hear().startswith("T File too large: ")
    writer.control.send(b"X aaa")
    assert writer.hear() == "D aaa"
    os.close(out)
    assert writer.hear() == "E aaa"
    writer.end()


def test_the_gap_of_a_worker_that_says_no_more_is_marked_when_there_is_room(small_disk: Path) -> None:
    writer = Writer(small_disk)
    out = writer.add("aaa")
    os.write(out, b"before\n")
    writer.control.send(b"X aaa")
    assert writer.hear() == "D aaa"
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 52 * 1024)
    os.write(out, b"too much\n" * 2000)
    os.close(out)
    assert writer.hear().startswith("T No space left on device: ")
    assert writer.hear() == "E aaa"
    ballast.unlink()
    assert writer.hear() == "T "
    writer.end()
    texts = [line.split(" ", 3)[3] for line in (small_disk / "default/web-0.log").read_text().splitlines()]
    assert "before" in texts
    assert texts[-1].startswith("gap: ")
    assert texts[-1].endswith("No space left on device")
