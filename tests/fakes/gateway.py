"""A `ports.Gateway` that only remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping


class FakeGateway:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_open = False

    async def open(self, address: str) -> Mapping[str, object]:
        self.asked.append(address)
        self.is_open = True
        return {"url": "https://127.0.0.1:20000", "authority": "/project/ca.crt", "newAuthority": False}

    async def close(self) -> None:
        self.is_open = False
