"""The only source of randomness in the controller."""

from __future__ import annotations

import secrets
import uuid

_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class SystemIds:
    """`ports.Ids` from the kernel's random source."""

    def uid(self) -> str:
        return str(uuid.uuid4())

    def run(self) -> str:
        return secrets.token_hex(6)

    def secret(self) -> str:
        return secrets.token_hex(32)

    def suffix(self) -> str:
        return "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))
