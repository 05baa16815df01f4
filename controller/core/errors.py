"""Every error the API can answer with, one sentence each.

Sorted by what the caller does next. The mapping to HTTP bodies is in `api/encode.py`, to exit
codes in `cli/errors.py`; nothing else interprets these. Source: Kubernetes' `metav1.Status`
reasons (apimachinery, pkg/apis/meta/v1/types.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One bad field, as data.

    `path` is relative to the document (`("spec", "env", "PORT")`), `code` a stable word that tests and
    machines compare (`Required`, `UnknownField`, `TypeInvalid`, `Invalid`, `NotSupported`, `Duplicate`,
    `Forbidden`, `NotFound`, `Conflict`), `detail` the sentence for people, `fix` what to do about it.
    """

    path: Path
    code: str
    detail: str
    fix: str = ""
    value: object = None

    @property
    def field(self) -> str:
        """The path as Kubernetes writes it: `spec.listen[0]`."""
        text = ""
        for part in self.path:
            if isinstance(part, int):
                text += f"[{part}]"
            else:
                text += f".{part}" if text else part
        return text


@dataclass(frozen=True, slots=True)
class Cause:
    """An entry of `Status.details.causes`."""

    reason: str
    message: str
    field: str = ""


class StatusError(Exception):
    """A request that cannot be done; carries all that a Kubernetes `Status` body holds."""

    code = 500
    reason = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        kind: str = "",
        name: str = "",
        group: str = "",
        causes: Sequence[Cause] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.name = name
        self.group = group
        self.causes = tuple(causes)
        self.retry_after_seconds = retry_after_seconds


class BadRequest(StatusError):
    """The request itself makes no sense; sending it again will not help."""

    code, reason = 400, "BadRequest"


class Unauthorized(StatusError):
    """Nobody knows who asks."""

    code, reason = 401, "Unauthorized"


class Forbidden(StatusError):
    """Understood, and not allowed here."""

    code, reason = 403, "Forbidden"


class NotFound(StatusError):
    """No such object."""

    code, reason = 404, "NotFound"


class MethodNotAllowed(StatusError):
    """The resource exists and lacks this verb. One that has fewer than its kind says which: `methods`."""

    code, reason = 405, "MethodNotAllowed"

    def __init__(self, message: str, *, kind: str = "", group: str = "", methods: str = "") -> None:
        super().__init__(message, kind=kind, group=group)
        self.methods = methods


class NotAcceptable(StatusError):
    """None of the formats the client takes is one this API writes."""

    code, reason = 406, "NotAcceptable"


class AlreadyExists(StatusError):
    """A create met an object of that name."""

    code, reason = 409, "AlreadyExists"


class Conflict(StatusError):
    """Somebody else wrote meanwhile, or owns the field: re-read and try again."""

    code, reason = 409, "Conflict"


class Expired(StatusError):
    """The resourceVersion or continue token is too old: list again."""

    code, reason = 410, "Expired"


class TooLarge(StatusError):
    """The body is larger than this endpoint takes; `unread` when some of it may still be on its way."""

    code, reason = 413, "RequestEntityTooLarge"

    def __init__(self, message: str, *, unread: bool) -> None:
        super().__init__(message)
        self.unread = unread


class UnsupportedMediaType(StatusError):
    """The patch or body is in a format this resource does not take; it takes those that are `accepted`."""

    code, reason = 415, "UnsupportedMediaType"

    def __init__(self, message: str, accepted: Sequence[str]) -> None:
        super().__init__(message)
        self.accepted = tuple(accepted)


class Invalid(StatusError):
    """The object breaks a rule; `causes` names every field."""

    code, reason = 422, "Invalid"


class Unavailable(StatusError):
    """Not now (starting, recovering): the same request may succeed soon."""

    code, reason = 503, "ServiceUnavailable"


class StorageFull(StatusError):
    """The disk under the state folder is full; nothing was written."""

    code, reason = 507, "InsufficientStorage"
