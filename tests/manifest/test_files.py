"""Which files a path means, and what is said of those that cannot be read (S1.3)."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from controller.manifest import files


def read(
    folder: Path, *paths: str, recursive: bool = False, stdin: str | None = None
) -> list[files.FileText]:
    stream = None if stdin is None else io.StringIO(stdin)
    return list(files.read(paths, recursive=recursive, stdin=stream, cwd=str(folder)))


def names(found: list[files.FileText]) -> list[str]:
    return [one.name for one in found if not one.message]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("m/20-b.yaml", "m/10-a.yml", "m/30-c.json", "m/README.md", "m/.hidden.yaml", "m/a.yaml~",
                 "m/sub/x.yaml", "m/node_modules/y.yaml", "m/.git/z.yaml", "m/bin/a.py"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_a_folder_gives_its_manifests_by_name(folder: Path) -> None:
    assert names(read(folder, "m")) == ["m/10-a.yml", "m/20-b.yaml", "m/30-c.json"]
    assert names(read(folder, "m/")) == ["m/10-a.yml", "m/20-b.yaml", "m/30-c.json"]


def test_a_folder_with_all_below_it(folder: Path) -> None:
    assert names(read(folder, "m", recursive=True)) == [
        "m/10-a.yml",
        "m/20-b.yaml",
        "m/30-c.json",
        "m/sub/x.yaml",
    ]


def test_a_file_of_any_name_that_is_named(folder: Path) -> None:
    assert names(read(folder, "m/a.yaml~", "m/.hidden.yaml")) == ["m/a.yaml~", "m/.hidden.yaml"]


def test_each_file_once(folder: Path) -> None:
    assert names(read(folder, "m/10-a.yml", "m", str(folder / "m" / "20-b.yaml"))) == [
        "m/10-a.yml", "m/20-b.yaml", "m/30-c.json"
    ]  # fmt: skip


def test_standard_input(folder: Path) -> None:
    (found,) = read(folder, "-", stdin="a: 1")
    assert (found.name, found.text) == ("stdin", "a: 1")
    binary = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfa: 2"))
    assert [one.text for one in files.read(["-"], recursive=False, stdin=binary, cwd=str(folder))] == ["a: 2"]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("nope.yaml", "Unreadable", "cannot be read: no such file or directory"),
        ("nope", "Unreadable", "cannot be read: no such file or directory"),
        ("m/10-a.yml/x", "Unreadable", "cannot be read: not a directory"),
        ("a\0b", "Unreadable", "cannot be read: embedded null byte"),
        ("m/bin", "NoManifests", "no manifests in this folder (*.yaml, *.yml, *.json)"),
        ("https://x/y.yaml", "Unreadable", "manifests are not fetched from the network"),
        ("-", "Unreadable", "there is no standard input here"),
    ],
)
def test_what_cannot_be_read(folder: Path, path: str, code: str, message: str) -> None:
    (found,) = read(folder, path)
    assert (found.name.split("\0")[0] in path or path == "-", found.code, found.message) == (
        True,
        code,
        message,
    )


def test_a_file_without_permission(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "m" / "10-a.yml").chmod(0)
    if os.access(folder / "m" / "10-a.yml", os.R_OK):
        pytest.skip("this user may read everything")
    (found,) = [one for one in read(folder, "m") if one.message]
    assert (found.name, found.message) == ("m/10-a.yml", "cannot be read: permission denied")


def test_s1_3_links_that_go_in_circles(folder: Path) -> None:
    (folder / "m" / "loop").symlink_to(folder / "m")
    (folder / "m" / "self.yaml").symlink_to("self.yaml")
    (folder / "m" / "gone.yaml").symlink_to("nothing.yaml")
    found = read(folder, "m", recursive=True)
    assert names(found) == ["m/10-a.yml", "m/20-b.yaml", "m/30-c.json", "m/sub/x.yaml"]
    assert {one.name: one.message for one in found if one.message} == {
        "m/gone.yaml": "cannot be read: no such file or directory",
        "m/loop": "this folder contains itself through a link",
        "m/self.yaml": "cannot be read: too many levels of symbolic links",
    }


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b"a: 1\nb: \xff\n", 1, 3, "not UTF-8: the byte 0xff"),
        ("a: 1".encode("utf-16"), 0, 0, "this file is UTF-16"),
        (b"\x7fELF\x01\n\x00\xff", 1, 0, "a binary file, not a manifest"),
        (b"a: 1\n\x00", 1, 0, "a binary file, not a manifest"),
    ],
)
def test_s1_3_what_is_no_text(data: bytes, line: int, column: int, message: str) -> None:
    found = files.decode("a.yaml", data)
    assert (found.line, found.column, found.message) == (line, column, message)
    assert found.fix


def test_s1_3_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert files.decode("a.yaml", b"\xef\xbb\xbfa: 1") == files.FileText("a.yaml", "a: 1")


def test_a_file_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    (found,) = read(tmp_path, "/dev/zero")
    assert found.message == "larger than 64 MiB"
