"""kubectl's client-side apply: what was applied last, what is live, what is wanted now.

Same annotation, same three-way merge for custom resources (a JSON merge patch) as kubectl, so that both may
alternate on one object. Lists are replaced whole.
"""

from __future__ import annotations

import json
from typing import Any

from controller.core import errors, fields, kinds, patch

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def last_applied(live: kinds.Object) -> kinds.Object | None:
    """The configuration applied last; None if the object was made in another way. Raises BadRequest."""
    text = fields.mapping(fields.mapping(live.get("metadata")).get("annotations")).get(ANNOTATION)
    if not text:
        return None
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise errors.BadRequest(
            f"the annotation {ANNOTATION} holds no JSON object; remove it, then apply again: "
            f"{fields.mapping(live.get('metadata')).get('name')}"
        )
    return found


def apply(live: kinds.Object | None, config: kinds.Object) -> kinds.Object:
    """The object after `config` is applied, its annotation refreshed.

    A result equal to `live` means unchanged. `config` may carry no annotation of its own.
    """
    if live is None:
        return annotated(config)
    original, wanted = last_applied(live) or {}, stripped(config)
    if original != wanted:  # else the annotation stays as somebody wrote it
        wanted = annotated(config)
    change = merge_patch(original, wanted, live)
    return live if not change else dict(patch.merge(live, change))


def merge_patch(original: Any, modified: Any, current: Any) -> dict[str, Any]:
    """What turns `current` into `modified`, removing only what `original` had: a JSON merge patch."""
    change: dict[str, Any] = {}
    for key, wanted in modified.items():
        held = current.get(key)
        before = original.get(key)
        if isinstance(wanted, dict) and isinstance(held, dict):
            below = merge_patch(before if isinstance(before, dict) else {}, wanted, held)
            if below:
                change[key] = below
        elif wanted is not None and (key not in current or not fields.same(held, wanted)):
            change[key] = fields.copy(wanted)
    for key in original.keys() - modified.keys():
        if key in current:
            change[key] = None
    return change


def annotated(config: kinds.Object) -> kinds.Object:
    """`config` with the annotation that records it, as kubectl writes it."""
    result = stripped(config)
    annotations = result["metadata"]["annotations"]
    annotations[ANNOTATION] = _as_go_writes(result)
    return result


def stripped(config: kinds.Object) -> kinds.Object:
    """What the annotation records: the configuration without the annotation itself."""
    result: kinds.Object = fields.copy(config)
    metadata = result.setdefault("metadata", {})
    annotations = dict(fields.mapping(metadata.get("annotations")))
    annotations.pop(ANNOTATION, None)
    metadata["annotations"] = annotations
    return result


def _as_go_writes(value: Any) -> str:
    """Sorted keys, no spaces, HTML-safe, a newline: byte for byte what kubectl records."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text + "\n"
