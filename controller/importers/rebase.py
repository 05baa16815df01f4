"""Relative paths as a manifest has them, from the project root (S1.5), wherever the imported file lies."""

from __future__ import annotations

import posixpath

from controller.importers import drafts


def rebase(draft: drafts.Draft, folder: str, root: str) -> None:
    """`folder` is where the draft's relative paths start, seen from the project root.

    Absolute ones that lie below the root become relative, so that the project can be moved.
    """
    folder = posixpath.normpath(folder or ".")
    _start_at(draft, folder)
    _from_root(draft.spec, root)


def near(path: str, root: str, folder: str = ".") -> str:
    """A path below the root as seen from a folder of the project; others as they are."""
    if not root or not (path == root or path.startswith(root.rstrip("/") + "/")):
        return path
    return posixpath.relpath(path, posixpath.join(root, folder))


def _from_root(spec: drafts.Spec, root: str) -> None:
    for key in ("working_dir", "file", "interpreter"):
        if key in spec:
            spec[key] = near(str(spec[key]), root)
    for key in ("env_files", "watch"):
        if isinstance(spec.get(key), list):
            spec[key] = [near(one, root) for one in spec[key]]
    if spec.get("working_dir") == ".":
        del spec["working_dir"]


def _start_at(draft: drafts.Draft, folder: str) -> None:
    if folder == ".":
        return
    spec = draft.spec
    spec["working_dir"] = _joined(folder, spec.get("working_dir", "."))
    for key in ("file", "interpreter"):
        if "/" in str(spec.get(key, "")) or (key == "file" and key in spec):
            spec[key] = _joined(folder, spec[key])
    for key in ("env_files", "watch"):
        if isinstance(spec.get(key), list):
            spec[key] = [_joined(folder, one) for one in spec[key]]
    if "listen" in spec:
        spec["listen"] = [_listen(folder, one) for one in spec["listen"]]


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _listen(folder: str, address: str) -> str:
    unix, colon, path = address.partition("unix:")
    return f"{colon}{_joined(folder, path)}" if colon and not unix else address
