"""What a verb may touch of the world: streams, environment, folder, and the project's controller."""

from __future__ import annotations

import os

from controller.cli import errors
from controller.cli import style as styles
from controller.client import errors as client_errors
from controller.client import http
from controller.client import project as projects

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO

    from controller import settings


class Context:
    """Handed to every verb. `directory` and `default_namespace` are set by `main` from -C and -n."""

    def __init__(
        self, stdin: TextIO, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str], cwd: str
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.environ = environ
        self.cwd = cwd
        self.words: tuple[str, ...] = ()
        """The command line this was called with."""
        self.directory: str | None = None
        self._project: projects.Project | None = None
        self._client: http.Client | None = None
        self._style: styles.Style | None = None

    @property
    def project(self) -> projects.Project:
        """The project of this call, found once (design: "Where things are at run time")."""
        if self._project is None:
            self._project = projects.discover(self.cwd, self.directory, self.environ)
        return self._project

    @property
    def paths(self) -> settings.ProjectPaths:
        """The project's places as the other parts take them (costs the import of dataclasses)."""
        return self.project.paths()

    @property
    def project_name(self) -> str:
        return self.short_path(self.project.root)

    @property
    def is_terminal(self) -> bool:
        return self.stdout.isatty()

    @property
    def style(self) -> styles.Style:
        """Colours for standard output, where they are wanted."""
        if self._style is None:
            self._style = styles.Style(styles.is_wanted(self.environ, is_terminal=self.is_terminal))
        return self._style

    def client(self) -> http.Client:
        """A connected client. Raises `errors.NoController` where none runs."""
        if self._client is None:
            found = http.Client(self.project.api_socket)
            try:
                found.connect()
            except client_errors.NoController:
                found = self._wait_for_restart()
            self._client = found
        return self._client

    def running_client(self) -> http.Client | None:
        """A connected client, or None where no controller runs."""
        try:
            return self.client()
        except errors.NoController:
            return None

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def use_project(self, found: projects.Project) -> None:
        """After a controller was started: where it is; the next `client()` connects anew."""
        self.close()
        self._project = found

    def _wait_for_restart(self) -> http.Client:
        """A guardian that lives brings its controller back soon: wait a little before giving up."""
        from controller.client import waiting
        from controller.shim import launch

        found = waiting.client_of_living_guardian(self.project)
        owner = launch.find_owner(self.project.root) if found is None else None
        if owner is not None and owner.is_orphan:
            raise errors.NoController(self.project_name, owner.pid)
        if owner is not None and owner.run:
            root, state, moved = self.project.root, self.project.state, self.project.moved
            self._project = projects.Project(root, state, owner.run, moved)  # our files were deleted
            found = waiting.client_within(self._project, waiting.RESTART_MS)
        if found is None:
            raise errors.NoController(self.project_name)
        return found

    def namespace(self, args: argparse.Namespace) -> str:
        """-n, else WORKERSET_NAMESPACE, else `default`."""
        return str(getattr(args, "namespace", None) or self.environ.get("WORKERSET_NAMESPACE") or "default")

    def print(self, text: str = "") -> None:
        """Data: a line on standard output."""
        self.stdout.write(f"{text}\n")

    def note(self, text: str) -> None:
        """For people: a line on standard error."""
        self.stdout.flush()
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    def short_path(self, path: str) -> str:
        """`~/shop` where that is shorter."""
        home = self.environ.get("HOME", "").rstrip("/")
        if home and (path == home or path.startswith(home + "/")):
            return "~" + path[len(home) :]
        return path

    def resolve(self, path: str) -> str:
        """A path the user typed, from where they typed it."""
        return os.path.normpath(os.path.join(self.cwd, path))
