"""The folders of a project, made ready for a controller, however that is started."""

from __future__ import annotations

import contextlib
import os

from controller.client import project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def prepare(found: project.Project, environ: Mapping[str, str]) -> project.Project:
    """Make them; the state goes elsewhere if it cannot live in the project. Raises `errors.ProjectError`."""
    from controller.store import probing

    made = project.prepare(found, environ)
    if made.state == made.folder and (kind := probing.unsuitable(made.state)):
        return project.prepare(made, environ, kind)
    return made


def remove(found: project.Project) -> None:
    """The state, the sockets, and the record of both, as far as they can be removed."""
    import shutil

    for folder in dict.fromkeys((found.run, found.state, found.folder)):
        shutil.rmtree(folder, ignore_errors=True)
    if found.state == found.folder and found.moved:
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(found.state))
