"""What a status screen says: the project in numbers, and which sets are not well and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from controller.cli import objects, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Object = dict[str, Any]

_WORSE = {"Failed": 0, "Backoff": 1, "Waiting": 2, "Starting": 3, "Rolling": 4}


@dataclass(frozen=True, slots=True)
class Facts:
    """`troubles` are the project's own conditions that do not hold, `StorageWritable` for one."""

    project: Mapping[str, Any]
    sets: tuple[Object, ...]
    workers: int
    running: int
    troubles: tuple[str, ...]

    @property
    def unwell(self) -> list[Object]:
        """Sets that are not as declared, worst first."""
        found = [obj for obj in self.sets if objects.state(obj) not in objects.WELL]
        return sorted(found, key=lambda obj: (_WORSE.get(objects.state(obj), 9), objects.key(obj)))

    @property
    def well(self) -> list[Object]:
        return [obj for obj in self.sets if objects.state(obj) in objects.WELL]

    @property
    def has_failed(self) -> bool:
        """Something needs a person: a set was given up, or the project itself is in trouble."""
        return bool(self.troubles) or any(objects.has_failed(obj) for obj in self.sets)

    def headline(self) -> str:
        """The answer in one line."""
        if not self.sets:
            return "nothing is declared: workerctl apply -f FILE, or workerctl up"
        unwell, count = len(self.unwell), len(self.sets)
        if self.troubles:
            return "the project itself is in trouble"
        if not unwell:
            stopped = sum(objects.state(obj) == "Suspended" for obj in self.sets)
            return "everything is well" + (
                f" ({text.plural(stopped, 'set')} stopped on purpose)" if stopped else ""
            )
        failed = sum(objects.has_failed(obj) for obj in self.sets)
        tail = f", {failed} failed" if failed else ", none failed"
        return f"{unwell} of {text.plural(count, 'set')} {'is' if unwell == 1 else 'are'} not well{tail}"

    def as_json(self) -> dict[str, Any]:
        """For programs: the same facts under stable names."""
        return {
            "project": dict(self.project),
            "well": not self.unwell and not self.troubles,
            "failed": self.has_failed,
            "workers": {"total": self.workers, "running": self.running},
            "troubles": list(self.troubles),
            "sets": [
                {
                    "namespace": objects.key(obj)[0],
                    "name": objects.name(obj),
                    "state": objects.state(obj),
                    "ready": objects.ready(obj),
                    "message": objects.why(obj),
                    "well": objects.state(obj) in objects.WELL,
                }
                for obj in self.sets
            ],
        }


def gather(project: Mapping[str, Any], sets: Sequence[Object], pods: Sequence[Object]) -> Facts:
    running = sum(objects.has_process(pod) for pod in pods)
    troubles = tuple(
        str(found.get("message") or found.get("reason") or found.get("type"))
        for found in project.get("conditions") or ()
        if found.get("status") == "False"
    )
    return Facts(project, tuple(sorted(sets, key=objects.key)), len(pods), running, troubles)
