"""Processes of another user (S1 `user`): `posix_spawn` cannot change it, so setpriv(1) comes between.

The run-time folder is this user's alone. What such a process needs of it, it reaches by descriptors of two
folders in it (S8.4): that of the sockets, in which its own `NOTIFY_SOCKET` belongs to its user, and that of
shared memory, in which its user has a folder of its own.
"""

from __future__ import annotations

import os
import pwd

from controller.sdk.workerset import contract
from controller.shim import finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.shim.records import Spec

_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
_SEARCHED = 0o711
_UNREACHABLE = (contract.SOCKET, contract.TOKEN, contract.VARS, contract.LOAD)
FOLDERS = 2
"""So many descriptors does it get."""


class Account:
    """Who a process runs as. `name` is empty for a number that no user has."""

    __slots__ = ("gid", "home", "name", "shell", "uid")

    def __init__(self, uid: int, gid: int, name: str, home: str, shell: str) -> None:
        self.uid, self.gid, self.name, self.home, self.shell = uid, gid, name, home, shell


def of(spec: Spec) -> Account | None:
    """The other user that this spec asks for; None if it is this one. Raises `StartFailed`."""
    if spec.user is None:
        return None
    found = find(spec.user)
    own = os.geteuid()
    if found.uid == own:
        return None
    if own != 0:
        raise finding.StartFailed(
            f"only root may run processes of another user, and this is uid {own}: "
            f"start workerctl up as root, or remove user: {spec.user}"
        )
    return found


def find(user: str) -> Account:
    """By name or number. Raises `StartFailed`."""
    try:
        one = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError, UnicodeError, ValueError):
        if user.isdecimal() and int(user) < 1 << 31:
            return Account(int(user), int(user), "", "/", "/bin/sh")
        raise finding.StartFailed(f"no such user on this machine, getent passwd lists them: {user}") from None
    return Account(one.pw_uid, one.pw_gid, one.pw_name, one.pw_dir, one.pw_shell or "/bin/sh")


def may_change() -> bool:
    """Whether there can be processes of other users at all."""
    return os.geteuid() == 0


def number(user: str | None) -> int | None:
    """Whose shared memory it is; None for this user's own, and where the start is going to fail anyway."""
    if user is None or not may_change():
        return None
    try:
        uid = find(user).uid
    except finding.StartFailed:
        return None
    return None if uid == os.geteuid() else uid


def words(account: Account | None, own: list[str]) -> list[str]:
    """`own`, a program and its argv, as that user and with its groups. Raises `StartFailed`."""
    if account is None:
        return own
    tool = next((f"{at}/setpriv" for at in _FOLDERS if os.access(f"{at}/setpriv", os.X_OK)), "")
    if not tool:
        raise finding.StartFailed("setpriv is needed to run as another user: install util-linux")
    groups = "--init-groups" if account.name else "--clear-groups"
    return [tool, tool, f"--reuid={account.uid}", f"--regid={account.gid}", groups, "--", own[0], *own[2:]]


def environment(account: Account | None, own: dict[str, str], spec: Spec) -> dict[str, str]:
    """`own` as that user has it; what the manifest sets goes first. What it cannot reach is not promised."""
    if account is None:
        return own
    theirs = {"HOME": account.home, "SHELL": account.shell, "USER": account.name, "LOGNAME": account.name}
    changed = {name: value for name, value in theirs.items() if name not in spec.declared}
    return {**{name: value for name, value in own.items() if name not in _UNREACHABLE}, **changed}


def admit(
    account: Account, notify_path: str, own: dict[str, str], place: int
) -> tuple[list[int], dict[str, str]]:
    """Open to it what it may reach: descriptors of two folders, and the variables that lead through them once
    they are the descriptors from `place` on. `own` is what a process of this user gets. Raises `OSError`."""
    sockets, name = os.path.split(notify_path)
    run = os.path.dirname(sockets)
    memory = f"{run}/vars"
    _make_private(memory)
    opened: list[int] = []
    try:
        for folder in (sockets, memory):
            opened.append(os.open(folder, os.O_PATH | os.O_DIRECTORY))
            os.chmod(folder, _SEARCHED)
        os.chown(notify_path, account.uid, -1)
        there = [f"/proc/self/fd/{place + number}" for number in range(FOLDERS)]
        env = {contract.NOTIFY_SOCKET: f"{there[0]}/{name}"}
        if contract.SOCKET in own:
            env[contract.SOCKET] = f"{there[0]}/{os.path.basename(own[contract.SOCKET])}"
            env[contract.TOKEN] = own[contract.TOKEN]
            env[contract.FOLDER] = there[1]
        if contract.VARS in own:
            env[contract.VARS] = there[1] + own[contract.VARS].removeprefix(memory)
        if contract.LOAD in own:
            env[contract.LOAD] = f"{there[0]}/{_counts(own[contract.LOAD], account)}"
    except BaseException:
        for descriptor in opened:
            os.close(descriptor)
        raise
    return opened, env


def _make_private(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass


def _counts(path: str, account: Account) -> str:
    """An empty file of its user's, since it can make none in that folder; the name of it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchown(descriptor, account.uid, -1)
    finally:
        os.close(descriptor)
    return os.path.basename(path)
