"""Which projects this user has started: one small file each under $XDG_STATE_HOME/workerset/projects."""

from __future__ import annotations

import os

from controller.client import project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def remember(root: str, environ: Mapping[str, str]) -> None:
    """Note a project; where the folder cannot be written, it is only missing from `projects`."""
    folder = _folder(environ)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        project.record(f"{folder}/{project.digest(root)}", root)
    except OSError:
        pass


def forget(root: str, environ: Mapping[str, str]) -> None:
    """Nothing of a project is left."""
    _forget(f"{_folder(environ)}/{project.digest(root)}")


def known(environ: Mapping[str, str]) -> list[str]:
    """Roots of all noted projects whose folder still exists, sorted; the others are forgotten."""
    folder = _folder(environ)
    roots = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        root = project.recorded(f"{folder}/{name}")
        if root is not None and os.path.isdir(root):
            roots.append(root)
        else:
            _forget(f"{folder}/{name}")
    return sorted(roots)


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _folder(environ: Mapping[str, str]) -> str:
    return f"{project.state_home(environ)}/projects"
