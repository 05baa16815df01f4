"""What a worker publishes, as a ConfigMap that can only be read: an entry a key, values as JSON."""

from __future__ import annotations

import json
from typing import Any

from controller.core import kinds, names, stamps

PREFIX = "vars."
ANNOTATION_SCOPE = "workerset.dev/scope"
ANNOTATION_GENERATION = "workerset.dev/generation"
ANNOTATION_PROBLEM = "workerset.dev/problem"
LABEL_PUBLISHED = "workerset.dev/published-vars"


def name_of(scope: str, name: str) -> str:
    """`vars.SLUG-HASH`, as worker names may be any text: the hash tells them apart."""
    mark = names.short_hash("\0".join((scope, name)), 8)
    return f"{PREFIX}{names.slug(name)}-{mark}"


def is_reserved(name: str) -> bool:
    """Names that belong to published vars."""
    return name.startswith(PREFIX)


def build(place: tuple[str, str, str], generation: int, published_wall: float, value: Any) -> kinds.Object:
    """`place` is namespace, scope and worker name."""
    return _map(place, generation, {"data": _data(value)}, created=stamps.rfc3339(published_wall))


def damaged(place: tuple[str, str, str], problem: str) -> kinds.Object:
    """What is published cannot be read."""
    return _map(place, 0, {"data": {}}, problem=problem)


def _map(
    place: tuple[str, str, str],
    generation: int,
    body: dict[str, Any],
    *,
    created: str = "",
    problem: str = "",
) -> kinds.Object:
    namespace, scope, name = place
    shown = name_of(scope, name)
    annotations = {kinds.ANNOTATION_WORKER_NAME: name, ANNOTATION_GENERATION: str(generation)}
    annotations |= {ANNOTATION_SCOPE: scope} if scope else {}
    annotations |= {ANNOTATION_PROBLEM: problem} if problem else {}
    return {
        "apiVersion": kinds.CONFIG_MAPS.api_version,
        "kind": kinds.CONFIG_MAPS.kind,
        "metadata": {
            "name": shown,
            "namespace": namespace,
            "uid": names.uid("vars", *place),
            "resourceVersion": str(generation),
            **({"creationTimestamp": created} if created else {}),
            "labels": {
                LABEL_PUBLISHED: "true",
                kinds.LABEL_WORKER: names.label_value(name),
                kinds.LABEL_SCOPE: names.label_value(scope),
            },
            "annotations": annotations,
        },
        **body,
    }


def _data(value: Any) -> dict[str, str]:
    """Text as it is, everything else as JSON: no text can be taken for another type by its key alone."""
    found = value if isinstance(value, dict) else {"value": value}
    return {
        str(key): one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        for key, one in found.items()
    }
