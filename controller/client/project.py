"""Which project a command means, and where its state and its sockets are.

The rules are design.md's "Where things are at run time". `discover` only looks; `prepare` makes the
folders and records where they are, so that no other environment ever computes them anew. Small
files under `.workerset/` are the record: `run` (the run-time folder) and, where the state had to
move, `state`.
"""

from __future__ import annotations

import os
import stat

from controller.client import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller import settings

FOLDER = ".workerset"
_SOCKET_LIMIT = 107  # sun_path holds 108 bytes, the closing NUL included (unix(7))
_MEMORY = "/dev/shm"
_LONGEST_SOCKET = "/p/0123456789abcdef"  # `settings.ProjectPaths.probe_socket`


class Project:
    """Absolute places. `moved` says why the state is not in the project's folder, if it is not."""

    __slots__ = ("moved", "root", "run", "state")

    def __init__(self, root: str, state: str, run: str, moved: str = "") -> None:
        self.root = root
        self.state = state
        self.run = run
        self.moved = moved

    @property
    def folder(self) -> str:
        """As `settings.ProjectPaths.folder`."""
        return self.state if self.state.endswith(f"/{FOLDER}") else f"{self.root}/{FOLDER}"

    @property
    def api_socket(self) -> str:
        return f"{self.run}/api.sock"

    @property
    def worker_socket(self) -> str:
        return f"{self.run}/workers.sock"

    def paths(self) -> settings.ProjectPaths:
        from controller import settings

        return settings.ProjectPaths(root=self.root, state=self.state, run=self.run)


def discover(start: str, explicit: str | None, environ: Mapping[str, str]) -> Project:
    """The project a command started in `start` is about. Reads, never writes. Raises `ProjectError`."""
    chosen = explicit or environ.get("WORKERSET_DIR")
    root = _given(os.path.join(start, chosen)) if chosen else _nearest(os.path.realpath(start), environ)
    _refuse_foreign(root, environ)
    folder, moved = f"{root}/{FOLDER}", ""
    if not os.path.isdir(folder) and is_read_only(root):
        folder = f"{state_home(environ)}/{digest(root)}/{FOLDER}"
        moved = f"{root} is read-only: state is in {folder}"
    state = recorded(f"{folder}/state") or folder
    run = recorded(f"{folder}/run")
    if run is None or not _is_private(run):
        run = _default_run(root, environ)
    return Project(root, state, run, moved if state == folder else f"state is in {state}")


def prepare(project: Project, environ: Mapping[str, str], unsuitable: str = "") -> Project:
    """Make the folders a controller needs and record them; returns the project as it then is.

    `unsuitable` names the kind of file system the root is on, if the store cannot work there.
    """
    state, moved = project.state, project.moved
    if state == project.folder and unsuitable:
        state = f"{state_home(environ)}/{digest(project.root)}"
        moved = f"{project.root} is on {unsuitable}, where the store cannot work: state is in {state}"
    run = project.run if os.path.isdir(project.run) else _default_run(project.root, environ)
    found = Project(project.root, state, run, moved)
    make_folders(found)
    return found


def make_folders(project: Project) -> None:
    """Make them and record where they are; also after either was deleted under a running controller."""
    _make_folder(project.folder)
    if project.state != project.folder:
        _make_folder(project.state)
        record(f"{project.folder}/state", project.state)
    record(f"{project.folder}/.gitignore", "*")
    _make_run(project.run)
    record(f"{project.run}/root", project.root)
    record(f"{project.folder}/run", project.run)


def _given(path: str) -> str:
    if not os.path.isdir(path):
        raise errors.ProjectError(
            f"no such folder: {path}", "give the project's folder with -C or WORKERSET_DIR"
        )
    return os.path.realpath(path)


def _nearest(start: str, environ: Mapping[str, str]) -> str:
    """The nearest folder upward with `.workerset/`: not above the git top level, never the home folder."""
    home = os.path.realpath(environ["HOME"]) if environ.get("HOME") else None
    folder = start
    while True:
        if folder != home and _is_own_folder(f"{folder}/{FOLDER}"):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder or folder == home or os.path.exists(f"{folder}/.git"):
            return start
        folder = parent


def _is_own_folder(path: str) -> bool:
    """A folder of this user; in the folder one stands in, a foreign one is reported, not passed over."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _refuse_foreign(root: str, environ: Mapping[str, str]) -> None:
    """Another user's project would be left with files its owner cannot remove."""
    me = os.getuid()
    try:
        owner = os.stat(f"{root}/{FOLDER}").st_uid
    except OSError:
        owner = os.stat(root).st_uid if me == 0 and environ.get("SUDO_UID") else me
    if owner != me:
        raise errors.ProjectError(
            f"{root} is a project of another user (uid {owner})",
            f"run it as that user: sudo -u '#{owner}' workerctl …",
        )


def recorded(path: str) -> str | None:
    """An absolute path kept in a small file; None where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(4096).rstrip("\n")
    except (OSError, ValueError):
        return None
    return text if text.startswith("/") else None


def record(path: str, text: str) -> None:
    """Replace a small file at once, so that no reader sees half of it."""
    if recorded(path) == text:
        return
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        os.replace(temporary, path)
    except OSError as error:
        _discard(temporary)
        raise errors.ProjectError(
            f"cannot write {path}: {error.strerror}", "free some space, or make its folder writable"
        ) from None


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _make_folder(path: str) -> None:
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        raise errors.ProjectError(
            f"cannot make the folder {path}: {error.strerror}", "make it writable, or choose another with -C"
        ) from None


def _make_run(path: str) -> None:
    """The run-time folder and the one above it, both ours and closed to others."""
    parent = os.path.dirname(path)
    for folder in (parent, path):
        _make_folder(folder)
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise errors.ProjectError(
                f"{folder} belongs to somebody else", "remove it, or set XDG_RUNTIME_DIR to a private folder"
            )
        if found.st_mode & 0o077:
            os.chmod(folder, 0o700)


def _is_private(path: str) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _default_run(root: str, environ: Mapping[str, str]) -> str:
    """$XDG_RUNTIME_DIR/workerset/HASH, else a private folder in memory, else in the temp dir.

    Short enough for a socket. Making a thousand of them on a disk costs ten times what it costs in memory.
    """
    name = digest(root)
    base = environ.get("XDG_RUNTIME_DIR", "")
    if base.startswith("/") and os.path.isdir(base) and os.access(base, os.W_OK):
        run = f"{base.rstrip('/')}/workerset/{name}"
        if len(os.fsencode(run + _LONGEST_SOCKET)) <= _SOCKET_LIMIT:
            return run
    elif _has_memory(me := f"{_MEMORY}/workerset-{os.getuid()}"):
        return f"{me}/{name}"
    temp = environ.get("TMPDIR", "/tmp").rstrip("/") or "/tmp"
    run = f"{temp}/workerset-{os.getuid()}/{name}"
    if temp.startswith("/") and len(os.fsencode(run + _LONGEST_SOCKET)) <= _SOCKET_LIMIT:
        return run
    return f"/tmp/workerset-{os.getuid()}/{name}"


def _has_memory(folder: str) -> bool:
    """Whether a folder of ours can be in shared memory: a tmpfs, writable, and nobody else took the name."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK) or not _is_ours_to_make(folder):
        return False
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            return any(line.split(" ", 3)[1:3] == [_MEMORY, "tmpfs"] for line in mounts)
    except OSError:
        return False


def digest(root: str) -> str:
    import hashlib

    return hashlib.sha256(os.fsencode(root)).hexdigest()[:12]


def state_home(environ: Mapping[str, str]) -> str:
    """For what cannot be in the project; in the temp dir or in memory if home is read-only."""
    home = environ.get("XDG_STATE_HOME", "")
    if not home.startswith("/"):
        home = os.path.join(environ.get("HOME") or f"/tmp/workerset-{os.getuid()}", ".local/state")
    if is_read_only(home):
        for base in (environ.get("TMPDIR", ""), "/tmp", _MEMORY):
            mine = f"{base}/workerset-{os.getuid()}"
            if base.startswith("/") and not is_read_only(base) and _is_ours_to_make(mine):
                return f"{mine}/state"
    return f"{home}/workerset"


def is_read_only(path: str) -> bool:
    """Whether it is, or would be made, on a file system that nothing can be written to."""
    while not os.path.exists(path) and path not in ("/", ""):
        path = os.path.dirname(path)
    try:
        return bool(os.statvfs(path or "/").f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _is_ours_to_make(folder: str) -> bool:
    """Nobody else took the name in a folder that all can write to."""
    return not os.path.lexists(folder) or _is_private(folder)
