"""A `ports.Vars` in memory: `publish` stands in for a worker, `is_ready` for a reader."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller import ports
from controller.sdk.workerset import codec


@dataclass
class FakeSlot:
    generation: int
    body: bytes | None = None
    ready: bool = False
    epoch: int = 0
    touched: bool = False
    damage: str = ""
    first: int = 0


class FakeVars:
    """Slots as objects; paths are names of files that do not exist."""

    def __init__(self, first: int = 1000) -> None:
        self.slots: dict[ports.VarsName, FakeSlot] = {}
        self.mark = first
        self.wall = 1.5e9
        self.sleepers: list[asyncio.Event] = []

    # ------------------------------------------------------------------ as a worker

    def publish(self, name: ports.VarsName, mapping: Mapping[object, object]) -> int:
        slot, body = self.slots[name], codec.encode(mapping)
        if slot.body != body or slot.damage:
            slot.generation, slot.body, slot.damage = slot.generation + 1, body, ""
            self.mark = max(self.mark, slot.generation)
            self._wake()
        return slot.generation

    def is_ready(self, name: ports.VarsName) -> bool:
        return self.slots[name].ready

    def damage(self, name: ports.VarsName) -> None:
        self.slots[name].damage = "its checksum does not match"

    # ------------------------------------------------------------------ as `ports.Vars`

    def slot(self, name: ports.VarsName) -> str:
        if name not in self.slots:
            self.mark += 1
            self.slots[name] = FakeSlot(self.mark, first=self.mark)
        return "/fake/vars/" + "-".join((name.namespace, name.scope, name.name)).replace("/", "_")

    def slot_of(self, name: ports.VarsName, user: int | None) -> str:
        return self.slot(name)

    def lend(self, name: ports.VarsName, folder: str) -> str:
        path = self.slot(name)
        self.touch(name)
        return path.replace("/fake/vars", folder)

    def known(self) -> Sequence[ports.VarsName]:
        return sorted(self.slots)

    def publishes(self) -> Mapping[ports.VarsName, int]:
        return {name: slot.generation - slot.first for name, slot in self.slots.items()}

    def set_ready(self, name: ports.VarsName, ready: bool) -> None:
        if name in self.slots:
            self.slots[name].ready = ready

    def look_again(self, names: Iterable[ports.VarsName]) -> None:
        for name in names:
            if name in self.slots:
                self.slots[name].epoch += 1
        self._wake()

    def epoch(self, name: ports.VarsName) -> int:
        return self.slots[name].epoch if name in self.slots else 0

    def take_touched(self, name: ports.VarsName) -> bool:
        slot = self.slots.get(name)
        touched = slot is not None and slot.touched
        if slot is not None:
            slot.touched = False
        return touched

    def touch(self, name: ports.VarsName) -> None:
        if name in self.slots:
            self.slots[name].touched = True

    def generation(self, name: ports.VarsName) -> int:
        slot = self.slots.get(name)
        return slot.generation if slot is not None and slot.body is not None else 0

    def read(self, name: ports.VarsName) -> ports.Snapshot | None:
        slot = self.slots.get(name)
        if slot is None or slot.body is None:
            return None
        if slot.damage:
            raise ValueError(f"published vars are damaged, {slot.damage}: the next publish heals it: {name}")
        return ports.Snapshot(slot.generation, self.wall, slot.body, codec.parse(slot.body))

    async def changed(self, name: ports.VarsName, generation: int, seconds: float) -> None:
        if self.generation(name) != generation:
            return
        woken = asyncio.Event()
        self.sleepers.append(woken)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), seconds)

    def _wake(self) -> None:
        for woken in self.sleepers:
            woken.set()
        self.sleepers.clear()

    def remove(self, name: ports.VarsName) -> None:
        self.slots.pop(name, None)
        self._wake()
