"""The folder of all slots: private, and which name each file belongs to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat

from controller import ports
from controller.vars import header, leftovers

_OURS = re.compile(r"[0-9a-f]{32}(\.([0-9]+|new|name|made|name\.made))?")


def slot_file(name: ports.VarsName) -> str:
    """The name of the header file: names may be any bytes, and of any length."""
    text = "\0".join((name.namespace, name.scope, name.name))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def secure(path: str) -> None:
    """Make the folder, and what is missing above it, for this user only; `OSError` if another's."""
    _make(path)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"the place of shared memory is no folder, remove it: {path}")
    if found.st_uid != os.geteuid():
        raise PermissionError(f"the folder of shared memory is user {found.st_uid}'s, remove it: {path}")
    if stat.S_IMODE(found.st_mode) != 0o700:
        os.chmod(path, 0o700)


def _make(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        _make(os.path.dirname(path))
        _make(path)


def write_name(path: str, name: ports.VarsName) -> None:
    """Beside the header, so that the next controller knows whose it is."""
    text = json.dumps([name.namespace, name.scope, name.name])
    header.write_file(f"{path}.{leftovers.NAMED}", text.encode("ascii"))


def grouped(path: str) -> dict[str, list[str]]:
    """The files in the folder by the slot they belong to; what looks like none of ours is not there."""
    groups: dict[str, list[str]] = {}
    with contextlib.suppress(FileNotFoundError):
        for file in os.listdir(path):
            if _OURS.fullmatch(file):
                groups.setdefault(leftovers.split(file)[0], []).append(file)
    return groups


def read_name(path: str) -> ports.VarsName | None:
    """Whose slot it is; None where that cannot be told."""
    try:
        with open(f"{path}.{leftovers.NAMED}", "rb") as stream:
            name = ports.VarsName(*json.load(stream))
        return name if slot_file(name) == os.path.basename(path) else None
    except (OSError, ValueError, TypeError):
        return None
