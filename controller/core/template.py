"""What "needs a restart" means: a versioned hash of a set's process template (S4.12).

The hash has three parts, `<version>-<declared>-<rest>`. `declared` covers the template fields as they
were declared (no defaults, so that an upgrade restarts nothing) and names the revision. `rest` covers the
contents of `env_files` and the restart annotation. Never covered: labels, `num`, `watch`, `rollout`, the
base environment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from controller.core import kinds

VERSION = "1"

FIELDS = (
    "background",
    "name",
    "scope",
    "file",
    "command",
    "args",
    "interpreter",
    "working_dir",
    "env",
    "env_files",
    "listen",
    "port",
    "probe_port",
    "start",
    "preload",
    "umask",
    "nice",
    "scopes",
    "resources",
    "user",
    "tty",
)
"""Fields of `spec` whose change restarts; the schema's `x-restarts` says the same."""


def declared(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The template fields of a declared `spec`: also what a revision holds."""
    return {name: spec[name] for name in FIELDS if name in spec}


def hash_of(obj: kinds.Object, env_file_values: Mapping[str, str] | None = None) -> str:
    """The hash for a declared object with these contents of its `env_files`."""
    annotations = obj["metadata"].get("annotations") or {}
    rest = {
        "env_files": {k: _digest(v) for k, v in (env_file_values or {}).items()},
        "restarted": annotations.get(kinds.ANNOTATION_RESTARTED_AT, ""),
    }
    return f"{VERSION}-{declared_hash(obj['spec'])}-{_canonical_hash(rest)[:8]}"


def declared_hash(spec: Mapping[str, Any]) -> str:
    """The part that names a revision."""
    return _canonical_hash(declared(spec))[:10]


def declared_part(template_hash: str) -> str:
    """Which revision a run with this hash belongs to; empty if unknown."""
    parts = template_hash.split("-")
    return parts[1] if len(parts) == 3 else ""


def restore(spec: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """`spec` with its template replaced by a revision's; everything else stays."""
    kept = {name: value for name, value in spec.items() if name not in FIELDS}
    return {**kept, **fields}


def changes(before: kinds.Object, after: kinds.Object) -> tuple[str, ...]:
    """Paths of template fields that differ: `spec.env.PORT`, sorted."""
    found: list[str] = []
    for name in FIELDS:
        old, new = before["spec"].get(name), after["spec"].get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
            found += [f"spec.{name}.{key}" for key in keys]
        else:
            found.append(f"spec.{name}")
    return tuple(found)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _canonical_hash(value: object) -> str:
    return hashlib.sha256(_ENCODER.encode(value).encode()).hexdigest()
