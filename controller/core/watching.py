"""Which files concern which set: the `watch` of a manifest as a value (S1, S4.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from controller.core import globs, kinds

How = Literal["added", "modified", "deleted"]

LANGUAGES: dict[str, tuple[str, ...]] = {
    ".py": ("*.py", "*.pyi"),
    ".php": ("*.php",),
    ".rb": ("*.rb",),
    ".pl": ("*.pl", "*.pm"),
    ".lua": ("*.lua",),
    ".sh": ("*.sh",),
    ".bash": ("*.sh", "*.bash"),
    **dict.fromkeys(
        (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"),
        ("*.js", "*.mjs", "*.cjs", "*.ts", "*.mts", "*.cts", "*.jsx", "*.tsx"),
    ),
}
"""What `watch: true` means by the ending of `file`."""

ALL_SOURCES = tuple(sorted({glob for found in LANGUAGES.values() for glob in found}))
"""What it means without a `file` whose language is known."""

NEVER = frozenset({".git", ".hg", ".svn", ".jj", ".workerset"})
"""Folders nothing of which is a source, whatever a pattern says."""

SELDOM = frozenset(
    {"__pycache__", "node_modules", "venv", ".venv", ".tox", ".nox", ".eggs", "site-packages"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".cache", ".idea", ".vscode"}
)
"""Virtual environments and caches: walked only where a pattern names them."""

_SCRATCH = globs.parse_all(
    (
        *(".#*", r"\#*#", "*~", "*.swp", "*.swo", "*.swx", "*.kate-swp", "4913", "*.tmp", ".goutputstream-*"),
        *("*___jb_tmp___", "*___jb_old___", "*.pyc", ".DS_Store"),
    )
)
"""What editors write beside the file they save, and what interpreters write beside the one they read."""


class Wanted(Protocol):
    """What a watcher of files has to know. Paths are relative; `ignored` = a .gitignore leaves it out."""

    def holds(self, folder: str, *, ignored: bool) -> bool:
        """Whether something in the folder, at any depth, may be meant."""
        ...

    def takes(self, path: str, *, ignored: bool) -> bool:
        """Whether the file is meant."""
        ...


@dataclass(frozen=True, slots=True)
class Interest:
    """The files of one set. `files` are meant by name, `env_files` are read again instead of restarting."""

    patterns: tuple[globs.Glob, ...] = ()
    files: frozenset[str] = frozenset()
    env_files: frozenset[str] = frozenset()
    heeds_ignores: bool = False

    def holds(self, folder: str, *, ignored: bool) -> bool:
        """Folders on the way to what is named count, whatever they are called."""
        named = self.files | self.env_files
        if any(globs.is_below(name, folder) for name in named):
            return True
        if (ignored and self.heeds_ignores) or not _is_walked(folder, self.patterns):
            return False
        positive = (one for one in self.patterns if not one.negated)
        return any(globs.is_below(one.base, folder) or globs.is_below(folder, one.base) for one in positive)

    def takes(self, path: str, *, ignored: bool) -> bool:
        if path in self.files or path in self.env_files:
            return True
        if (ignored and self.heeds_ignores) or globs.decide(_SCRATCH, path):
            return False
        return globs.decide(self.patterns, path) is True and _is_walked(
            path.rpartition("/")[0], self.patterns
        )


@dataclass(frozen=True, slots=True)
class Union:
    """What any of several means."""

    members: tuple[Wanted, ...]

    def holds(self, folder: str, *, ignored: bool) -> bool:
        return any(one.holds(folder, ignored=ignored) for one in self.members)

    def takes(self, path: str, *, ignored: bool) -> bool:
        return any(one.takes(path, ignored=ignored) for one in self.members)


def interest_of(obj: kinds.Object, root: str) -> Interest | None:
    """What a declared set watches; None if nothing. Its env files are part of it."""
    declared: dict[str, Any] = obj["spec"]
    watch = declared.get("watch") or ()
    if not watch or "deletionTimestamp" in obj["metadata"]:
        return None
    env_files = (inside(path, root) for path in declared.get("env_files") or ())
    env = frozenset(path for path in env_files if path is not None)
    if watch is not True:
        return Interest(patterns(watch, root), env_files=env)
    script = inside(str(declared.get("file") or ""), root)
    ending = "" if not script else "." + script.rpartition(".")[2].lower()
    sources = globs.parse_all(LANGUAGES.get(ending, ALL_SOURCES))
    return Interest(sources, frozenset({script} if script else ()), env, heeds_ignores=True)


def inside(path: str, root: str) -> str | None:
    """The path relative to the root, in its plain form; None for what is elsewhere."""
    if path.startswith("/"):
        if not path.startswith(f"{root}/"):
            return None
        path = path[len(root) + 1 :]
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not kept:
                return None
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept)


def cause(changes: Sequence[tuple[str, How]]) -> str:
    """`src/jobs/mail.py (modified)`, and how many more."""
    path, how = changes[0]
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{path} ({how}){more}"


def patterns(written: Iterable[str], root: str) -> tuple[globs.Glob, ...]:
    """The patterns of a manifest; absolute ones below the root count from there."""
    return globs.parse_all(_rooted(one, root) for one in written)


def means_everything(glob: globs.Glob) -> bool:
    """Whether a file of any name counts, wherever it is."""
    return not glob.negated and all(glob.matches(path) for path in ("0", "0/0"))


def everything_matches(pattern: str) -> str:
    """The warning about a pattern that every file answers to."""
    return f"watch: every file of the project matches, what workers write too: {pattern}"


def nearest(path: str, folders_in: Callable[[str], Sequence[str]]) -> tuple[str, str]:
    """The deepest folder of a path that is there, and one in it that is called nearly as the next part is."""
    here = ""
    for part in filter(None, path.split("/")):
        there = folders_in(here)
        if part not in there:
            import difflib  # only for what is wrong

            close = difflib.get_close_matches(part, there, 1)
            return here, f"{here}/{close[0]}".lstrip("/") if close else ""
        here = f"{here}/{part}".lstrip("/")
    return here, ""


def nothing_matches(pattern: str, nearest: str, like: str = "") -> str:
    """The warning about a pattern no file answers to; `nearest` is the deepest folder of it there is."""
    where = f"{nearest}/" if nearest else "the project root"
    hint = f": did you mean {like}/?" if like else ""
    return f"watch: no file matches {pattern}; the nearest folder there is: {where}{hint}"


def _is_walked(folder: str, patterns: Iterable[globs.Glob]) -> bool:
    """Caches and the like are, only where a pattern goes into them by name."""
    parts = folder.split("/")
    if not NEVER.isdisjoint(parts):
        return False
    if SELDOM.isdisjoint(parts):
        return True
    return any(
        not SELDOM.isdisjoint(one.base.split("/"))
        and (globs.is_below(folder, one.base) or globs.is_below(one.base, folder))
        for one in patterns
        if not one.negated
    )


def _rooted(pattern: str, root: str) -> str:
    """An absolute pattern below the root counts from there."""
    sign, bare = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    return f"{sign}/{bare[len(root) + 1 :]}" if bare.startswith(f"{root}/") else pattern
