"""From kubectl's client-side apply to its server-side apply, without a conflict with itself (KEP-555).

What the annotation of the former records, and nobody changed since, is kubectl's to change by the latter. The
annotation is kept up to date, so that the way back is open too.
"""

from __future__ import annotations

from controller.core import errors, fields, fieldset, kinds, ownership, threeway

KUBECTL = "kubectl"
"""The field manager of kubectl's server-side apply, unless it is told another."""


def apply(
    live: kinds.Object | None,
    config: kinds.Object,
    manager: str,
    force: bool,
    time: str,
    subresource: str = "",
) -> kinds.Object:
    """As `ownership.apply`. Raises Conflict for what others own."""
    if live is None or manager != KUBECTL or subresource:
        return ownership.apply(live, config, manager, force, time, subresource)
    try:
        result = ownership.apply(live, config, manager, force, time)
    except errors.Conflict as problem:
        if not {cause.field for cause in problem.causes} <= _recorded(live):
            raise
        result = ownership.apply(live, config, manager, True, time)
    return _annotated(result, config)


def _recorded(live: kinds.Object) -> set[str]:
    """The fields that client-side apply set last, and that are as it set them."""
    try:
        known = fieldset.leaves(threeway.last_applied(live) or {})
    except errors.BadRequest:
        return set()
    held = fieldset.leaves(live)
    return {
        fieldset.dotted(path)
        for path, value in known.items()
        if path in held and fields.same(held[path], value)
    }


def _annotated(result: kinds.Object, config: kinds.Object) -> kinds.Object:
    metadata = result["metadata"]
    annotations = fields.mapping(metadata.get("annotations"))
    if threeway.ANNOTATION not in annotations:
        return result
    text = threeway.annotated(config)["metadata"]["annotations"][threeway.ANNOTATION]
    return {**result, "metadata": {**metadata, "annotations": {**annotations, threeway.ANNOTATION: text}}}
