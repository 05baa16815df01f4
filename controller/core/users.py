"""Who asks: the owner of the project, or whoever holds a token; and what a token may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Access = Literal["admin", "read-only"]

READING = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class User:
    """`name` as `kubectl auth whoami` shows it."""

    name: str
    access: Access = "admin"

    @property
    def may_write(self) -> bool:
        return self.access == "admin"

    @property
    def groups(self) -> tuple[str, ...]:
        return ("system:masters", "system:authenticated") if self.may_write else ("system:authenticated",)


OWNER = User("workerset:owner")
"""Whoever can open the project's own socket."""


def of_token(name: str, access: Access) -> User:
    return User(f"workerset:token:{name}", access)
