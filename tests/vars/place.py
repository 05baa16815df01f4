"""A folder of slots under a controller that can be made again, and what a worker does with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controller import ports
from controller.sdk.workerset import layout, memory
from controller.vars import shared

BOOT = "0c9c6a53-7f5a-4b0e-9a45-0f2f6a9a4f10"
NAME = ports.VarsName("default", "shop", "feed")


class Place:
    """One project's shared memory; `mark` is what its store keeps, `wall` its clock."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "vars"
        self.wall = 1.6e9
        self.mark = 0
        self.marked: list[int] = []
        self.vars = self.controller()

    def controller(self, boot: str = BOOT) -> shared.SharedVars:
        """A controller that has just been started."""
        return shared.SharedVars(str(self.folder), boot, lambda: self.wall, lambda: self.mark, self._put)

    def _put(self, mark: int) -> None:
        assert mark > self.mark
        self.mark = mark
        self.marked.append(mark)

    def path(self, name: ports.VarsName = NAME) -> str:
        return self.vars.slot(name)

    def worker(self, name: ports.VarsName = NAME) -> memory.Slot:
        return memory.Slot(self.path(name))

    def payload(self, name: ports.VarsName = NAME) -> Path:
        return Path(layout.payload_file(self.path(name), self.vars.generation(name)))

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    # ------------------------------------------------------------------ as a subject of the contract

    def publish(self, name: ports.VarsName, mapping: Mapping[object, object]) -> int:
        return self.worker(name).publish(mapping)

    def is_ready(self, name: ports.VarsName) -> bool:
        return self.worker(name).ready

    def epoch(self, name: ports.VarsName) -> int:
        return self.worker(name).epoch

    def damage(self, name: ports.VarsName) -> None:
        with self.payload(name).open("r+b") as file:
            file.seek(-2, 2)
            file.write(b"?")
