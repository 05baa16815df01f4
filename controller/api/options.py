"""Who writes, and how: the query parameters of write verbs (metav1 CreateOptions, PatchOptions)."""

from __future__ import annotations

import re
from typing import Literal, cast

from controller.api import call as calls
from controller.api import query
from controller.core import admission, ensured, kinds

_LONGEST_MANAGER = 128
_AGENT_WORD = re.compile(r"[^/\s]+")
UNKNOWN_MANAGER = "unknown"


def of_write(
    call: calls.Call,
    operation: Literal["Update", "Apply"] = "Update",
    *,
    of: kinds.Resource | None = None,
) -> admission.WriteOptions:
    """Raises Invalid for what makes no sense. Validation defaults to Warn, as in Kubernetes.

    `of` is what is written where the path names a view of it.
    """
    asked = call.query
    force = asked.flag("force")
    if asked.has("force") and operation != "Apply":
        raise query.invalid("force", "may not be specified for non-apply patch", reason="FieldValueForbidden")
    validation = asked.choice("fieldValidation", ("Ignore", "Warn", "Strict"), "Warn")
    return admission.WriteOptions(
        manager=_manager(call, operation),
        operation=operation,
        subresource=call.subresource,
        force=force,
        validation=cast('Literal["Strict", "Warn", "Ignore"]', validation),
        now=call.services.now(),
        uid=call.services.ids.uid(),
        ensured=_ensured(call, of or call.resource),
    )


def _ensured(call: calls.Call, resource: kinds.Resource) -> ensured.Ensures | None:
    """S3.2: no write but a release takes a name away that workers asked for."""
    if resource != kinds.WORKERSETS or not call.key.name:
        return None
    return call.services.store.ensures(call.key.namespace, call.key.name)


def is_dry_run(asked: query.Query) -> bool:
    """`dryRun=All`: everything but storing it."""
    return asked.choice("dryRun", ("All",)) == "All"


def _manager(call: calls.Call, operation: str) -> str:
    """`fieldManager`, else the first word of the User-Agent; an apply must name itself."""
    given = call.query.text("fieldManager")
    if len(given) > _LONGEST_MANAGER or not given.isprintable():
        raise query.invalid(
            "fieldManager", f"must be printable, and at most {_LONGEST_MANAGER} characters", given[:200]
        )
    if given:
        return given
    if operation == "Apply":
        raise query.invalid("fieldManager", "is required for apply patch", reason="FieldValueRequired")
    word = _AGENT_WORD.match(call.header(b"user-agent"))
    return word.group()[:_LONGEST_MANAGER] if word else UNKNOWN_MANAGER
