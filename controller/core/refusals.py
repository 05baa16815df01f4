"""Why a request of a worker is not granted (S3.6): one error type, sorted by what the caller does next.

The worker socket and the private endpoints answer with these as they are; the SDKs make exceptions of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The word on the wire, with what the caller can do about it."""

    INVALID = "invalid"
    """The arguments make no sense; asking again will not help."""
    TYPE = "type"
    UNDECLARED = "undeclared"
    """No set of the scope answers to the name."""
    CAP = "cap"
    """The catch-all runs as many names as it may."""
    GIVEN_UP = "given_up"
    BOOT_FAILURE = "boot_failure"
    TIMEOUT = "timeout"
    CYCLE = "cycle"
    SHUTTING_DOWN = "shutting_down"
    DENIED = "denied"
    """The token does not allow it."""
    NOT_PUBLISHED = "not_published"
    UNAVAILABLE = "unavailable"
    """Not now: the set is suspended or being deleted, or the state cannot be written."""


class Refusal(Exception):
    """`details` holds what is known of the worker that was asked for, `advice` what to do where the message
    does not say it."""

    def __init__(
        self, kind: Kind, message: str, details: Mapping[str, Any] | None = None, advice: str = ""
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.details = dict(details or {})
        self.advice = advice

    def to_json(self) -> dict[str, Any]:
        told = {"type": str(self.kind), "message": self.message, "details": self.details}
        return {**told, "advice": self.advice} if self.advice else told


def invalid(message: str) -> Refusal:
    return Refusal(Kind.INVALID, message)
