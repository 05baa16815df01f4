"""File systems a write-ahead log cannot live on are recognised by the mount table."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.store import db, filesystem, probing
from controller.store.store import Store

TABLE = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:30 / /home rw,relatime shared:5 - nfs4 server:/home rw,vers=4.2
31 30 0:31 / /home/me/local\\040disk rw - xfs /dev/sdb rw
32 21 0:32 / /mnt/c rw - 9p drvfs rw
33 32 0:33 / /mnt/c rw master:3 propagate_from:2 - ext4 /dev/sdc rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/shop/.workerset", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/shop", "nfs4"),
        ("/homestead", "ext4"),
        ("/home/me/local disk/shop", "xfs"),
        ("/mnt/c/shop", "ext4"),
    ],
)
def test_the_deepest_and_last_mount_counts(path: str, kind: str) -> None:
    assert filesystem.kind_of(path, TABLE) == kind


def test_an_empty_table_says_nothing() -> None:
    assert filesystem.kind_of("/srv", "") == ""


def test_local_disks_are_suitable(tmp_path: Path) -> None:
    assert filesystem.unsuitable(str(tmp_path)) == ""


def test_an_unsuitable_one_is_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem, "unsuitable", lambda _: "nfs4")
    with pytest.raises(db.UnsuitableFilesystem, match="type nfs4, use a local disk"):
        Store(str(tmp_path / "store.db"))


def test_where_it_works_a_trial_leaves_nothing(tmp_path: Path) -> None:
    assert probing.unsuitable(str(tmp_path)) == ""
    assert list(tmp_path.iterdir()) == []


def test_what_only_fails_when_tried_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise db.UnsuitableFilesystem(path)

    monkeypatch.setattr(db, "Database", refuse)
    assert probing.unsuitable(str(tmp_path)) == filesystem.kind(str(tmp_path)) != ""
    (tmp_path / "store.db").write_bytes(b"")
    assert probing.unsuitable(str(tmp_path)) == "", "it has been tried"
