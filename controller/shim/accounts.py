"""Processes of another user (S1 `user`): `posix_spawn` cannot change it, so setpriv(1) comes between.

The run-time folder is this user's alone. What such a process needs of it, it reaches by a descriptor of the
folder of `NOTIFY_SOCKET`s, in which only its own socket belongs to its user (S8.4).
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


def admit(account: Account, notify_path: str, descriptor: int) -> tuple[int, str]:
    """Give it the worker's `NOTIFY_SOCKET`: a descriptor of its folder, and the path where that is
    `descriptor`. Raises `OSError`."""
    folder, name = os.path.split(notify_path)
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        os.chmod(folder, _SEARCHED)
        os.chown(notify_path, account.uid, -1)
    except BaseException:
        os.close(opened)
        raise
    return opened, f"/proc/self/fd/{descriptor}/{name}"
