"""Which file systems SQLite's write-ahead log cannot be trusted on.

WAL needs memory shared by all processes of one host (sqlite.org/wal.html, "Disadvantages"); network file
systems lack that or lie about locks. What only fails when tried is found by trying, in `db.py`.
"""

from __future__ import annotations

import os

UNSUITABLE = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs",
        "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf",
        "vmhgfs", "fuse.vmhgfs-fuse",
    }
)  # fmt: skip


def kind_of(path: str, mountinfo: str) -> str:
    """The type of the file system that holds the absolute `path`; empty if the table does not say.

    `mountinfo` is the text of /proc/self/mountinfo (proc(5)); of several mounts on one point the last counts.
    """
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        columns = before.split()
        if len(columns) < 5 or not after:
            continue
        point = _unescaped(columns[4])
        if _holds(point, path) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def kind(folder: str) -> str:
    """The type of the file system that holds `folder`; empty if it cannot be told."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
            return kind_of(os.path.realpath(folder), table.read())
    except OSError:
        return ""


def unsuitable(folder: str) -> str:
    """The type of the file system if it is one that is known not to hold the state, else empty."""
    found = kind(folder)
    return found if found in UNSUITABLE else ""


def _holds(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
