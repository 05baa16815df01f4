"""Kubeconfig documents: ours as a value, and what another one is with it, or without it.

Pure; entries that are not ours and the current context of the other stay as they are.
"""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

_LISTS = ("clusters", "users", "contexts")


class Access:
    """What a client needs to know; all of it paths and addresses, no secret."""

    __slots__ = ("authority", "root", "token_file", "url")

    def __init__(self, root: str, url: str, authority: str, token_file: str) -> None:
        self.root = root
        self.url = url
        self.authority = authority
        self.token_file = token_file


def document(access: Access, namespace: str = "default", *, name: str = "") -> Document:
    """A whole kubeconfig with one context, which is the current one."""
    name = name or context_name(access.root)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [
            {"name": name, "cluster": {"server": access.url, "certificate-authority": access.authority}}
        ],
        "users": [{"name": name, "user": {"tokenFile": access.token_file}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }


def context_name(root: str) -> str:
    """`workerset-shop`."""
    return f"workerset-{root.rstrip('/').rpartition('/')[2] or 'project'}"


def merged(other: Document, access: Access, namespace: str = "default") -> tuple[Document, str]:
    """`other` with our entries, and the name of our context in it."""
    kept = removed(other, access.token_file)[0]
    name = context_name(access.root)
    if any(_named(kept, key, name) for key in _LISTS):
        digest = hashlib.sha256(access.root.encode("utf-8", "surrogateescape")).hexdigest()
        name = f"{name}-{digest[:6]}"
    ours = document(access, namespace, name=name)
    lists = {key: [one for one in _list(kept, key) if one.get("name") != name] + ours[key] for key in _LISTS}
    return {"apiVersion": "v1", "kind": "Config", **kept, **lists}, name


def removed(other: Document, token_file: str) -> tuple[Document, list[str]]:
    """`other` without the entries of a project, which its token file tells, and the contexts that went."""
    users = [
        one["name"]
        for one in _list(other, "users")
        if (one.get("user") or {}).get("tokenFile") == token_file and one.get("name")
    ]
    contexts = [one for one in _list(other, "contexts") if (one.get("context") or {}).get("user") in users]
    gone = {
        "users": set(users),
        "contexts": {one["name"] for one in contexts},
        "clusters": {(one.get("context") or {}).get("cluster") for one in contexts},
    }
    lists = {
        key: [one for one in _list(other, key) if one.get("name") not in gone[key]]
        for key in _LISTS
        if key in other
    }
    return {**other, **lists}, [one["name"] for one in contexts]


def _named(config: Document, key: str, name: str) -> bool:
    return any(one.get("name") == name for one in _list(config, key))


def _list(config: Document, key: str) -> list[dict[str, Any]]:
    """Entries of one list; raises ValueError for what is no kubeconfig."""
    found = config.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{key} should be a list of entries")
    return found
