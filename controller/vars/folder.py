"""The folder of all slots, those of other users in it (S8.4), and which name each file belongs to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat

from controller import ports
from controller.vars import header, leftovers

_USER = re.compile(r"[0-9]{1,10}")
_OURS = re.compile(r"[0-9a-f]{32}(\.([0-9]+|new|name|made|name\.made))?")


def slot_file(name: ports.VarsName) -> str:
    """The name of the header file: names may be any bytes, and of any length."""
    text = "\0".join((name.namespace, name.scope, name.name))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def secure(path: str) -> bool:
    """Make the folder, and what is missing above it, for this user only; `OSError` if another's. Whether it
    was missing."""
    was_missing = _make(path)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"the place of shared memory is no folder, remove it: {path}")
    if found.st_uid != os.geteuid():
        raise PermissionError(f"the folder of shared memory is user {found.st_uid}'s, remove it: {path}")
    if stat.S_IMODE(found.st_mode) not in (0o700, 0o711):  # the latter once another user was given it (S8.4)
        os.chmod(path, 0o700)
    return was_missing


def of_user(path: str, user: int | None) -> str:
    """Where slots that this user publishes in are: in a folder of its own, which it alone can write in."""
    return path if user is None else f"{path}/{user}"


def user_of(slot: str) -> int:
    """Whose a slot at this path is; -1 for our own."""
    above = os.path.basename(os.path.dirname(slot))
    return int(above) if _USER.fullmatch(above) else -1


def give(path: str, user: int) -> None:
    """Make the folder of another user."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o711)
        os.chmod(path, 0o711)  # noqa: S103 - whoever may enter the folder above may pass through
        os.chown(path, user, -1)


def users(path: str) -> list[int]:
    """Who has a folder."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(int(one) for one in os.listdir(path) if _USER.fullmatch(one))
    return []


def move(old: str, new: str, generation: int) -> None:
    """Another user is to publish in it: the header last, so that there is one at either place."""
    user = max(user_of(new), 0)
    for kind in (f".{generation}", f".{leftovers.NAMED}", ""):
        with contextlib.suppress(FileNotFoundError):
            os.rename(old + kind, new + kind)
            os.chown(new + kind, user, -1, follow_symlinks=False)
    leftovers.drop(old, generation)


def _make(path: str) -> bool:
    """Whether it was missing."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    except FileNotFoundError:
        _make(os.path.dirname(path))
        _make(path)
    return True


def write_name(path: str, name: ports.VarsName) -> None:
    """Beside the header, so that the next controller knows whose it is."""
    text = json.dumps([name.namespace, name.scope, name.name])
    header.write_file(f"{path}.{leftovers.NAMED}", text.encode("ascii"), user_of(path))


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
        descriptor = os.open(f"{path}.{leftovers.NAMED}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            name = ports.VarsName(*json.load(stream))
        return name if slot_file(name) == os.path.basename(path) else None
    except (OSError, ValueError, TypeError):
        return None
