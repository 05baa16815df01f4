"""Exit codes, and how errors become sentences: the only place that maps one to the other.

docs/exit-codes.md is the table for users. Nothing here prints; `main` does.
"""

from __future__ import annotations

from controller.client import errors as client_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

OK = 0
FAILED = 1
USAGE = 2
UNDECLARED = 3
CAP = 4
GIVEN_UP = 5
TIMED_OUT = 6
NOT_PUBLISHED = 7
SHUTTING_DOWN = 8
INTERRUPTED = 130
BROKEN_PIPE = 141
TERMINATED = 143


REFUSALS = {
    "invalid": USAGE,
    "type": USAGE,
    "undeclared": UNDECLARED,
    "cap": CAP,
    "given_up": GIVEN_UP,
    "boot_failure": GIVEN_UP,
    "timeout": TIMED_OUT,
    "not_published": NOT_PUBLISHED,
    "shutting_down": SHUTTING_DOWN,
}
"""The exit code of each type of refusal (S3.6) that has one of its own; the others are 1."""


class CliError(Exception):
    """A command cannot do what was asked. `hint` says what to do; `code` None = the verb's own."""

    def __init__(self, message: str, hint: str = "", code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class UsageError(CliError):
    """The command line itself makes no sense."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, USAGE)


class NoController(CliError):
    """No controller runs for the project; `orphaned` is the shim that still runs its workers, if one does."""

    def __init__(self, project: str, orphaned: int = 0) -> None:
        left = f"; it was killed, and shim {orphaned} still runs its workers" if orphaned else ""
        hint = "start one anew: workerctl up -d, or stop them: workerctl down"
        super().__init__(
            f"no controller runs for project {project}{left}",
            hint if orphaned else "start one: workerctl up -d",
        )


def explain(error: Exception) -> tuple[str, str, int | None] | None:
    """Message, hint and exit code (None = the verb's own) of an error we expect; None for any other."""
    if isinstance(error, CliError):
        return error.message, error.hint, error.code
    if isinstance(error, client_errors.ApiError):
        return describe_status(error.status), "", None
    if isinstance(error, client_errors.ProjectError):
        return str(error), error.hint, None
    if isinstance(error, client_errors.ClientError):
        return str(error), "what the controller last said: .workerset/controller.log", None
    return None


def describe_status(status: Mapping[str, Any]) -> str:
    """A failed answer in kubectl's words: `error from server (NotFound): …`; 422 lists each field."""
    reason = status.get("reason")
    message = str(status.get("message") or "request failed")
    details = status.get("details") or {}
    causes = details.get("causes") or ()
    if reason == "Invalid" and details.get("kind"):
        name = details.get("name")
        head = f'the {details["kind"]} "{name}" is invalid' if name else f"the {details['kind']} is invalid"
        lines = [
            f"{cause['field']}: {cause.get('message', '')}"
            if cause.get("field")
            else cause.get("message", "")
            for cause in causes
        ]
        if len(lines) == 1:
            return f"{head}: {lines[0]}"
        return "\n".join([f"{head}:", *(f"* {line}" for line in lines)]) if lines else message
    if reason:
        return f"error from server ({reason}): {message}"
    return f"error from server: {message}"
