"""What a terminal shows while names are waited for: one line, rewritten as workers change."""

from __future__ import annotations

import contextlib

from controller.cli import progress, tables, text, watchstream
from controller.client import errors as client_errors
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from controller.cli.context import Context

    Object = dict[str, Any]

_QUIET_MS = 300
"""What is there by then needs no line."""

_NAME = "workerset.dev/worker-name"


class Line:
    """For one `ensure`; `show_until` returns once there is an answer."""

    def __init__(
        self, context: Context, namespace: str, names: Sequence[str], deadline: watchstream.Deadline
    ) -> None:
        self._context = context
        self._namespace = namespace
        self._names = names
        self._deadline = deadline
        self._ticker = progress.Ticker(context)

    def show_until(self, poller: select.poll, answer: int) -> None:
        if poller.poll(_QUIET_MS):
            return
        with contextlib.suppress(client_errors.ConnectionLost), self._pods() as pods:
            while True:
                events = pods.fileno()
                poller.register(events, 1)
                self._ticker.show(sentence(self._names, pods.objects.values(), self._seconds_left()))
                ready = [descriptor for descriptor, _ in poller.poll(1000)]
                poller.unregister(events)
                if answer in ready:
                    return
                if ready:
                    pods.wait(watchstream.Deadline(0))

    def clear(self) -> None:
        self._ticker.clear()

    def _pods(self) -> watchstream.Mirror:
        return watchstream.Mirror(self._context, resources.PODS, self._namespace, {})

    def _seconds_left(self) -> int:
        return round((self._deadline.left_ms or 0) / 1000)


def sentence(names: Iterable[str], pods: Iterable[Object], seconds_left: int) -> str:
    """`waiting for ada, bob and 2 more, 27s left: ada never published vars`. Pure."""
    found: dict[str, list[Object]] = {}
    for pod in pods:
        name = (pod["metadata"].get("annotations") or {}).get(_NAME)
        found.setdefault(str(name), []).append(pod)
    missing = [name for name in names if not any(_is_ready(pod) for pod in found.get(name, ()))]
    shown = text.some_of([tables.cell(name) for name in missing or names])
    why = next((said for name in missing for pod in found.get(name, ()) if (said := _why(pod))), "")
    tail = f": {tables.cell(why)}" if why else ""
    return f"waiting for {shown}, {seconds_left}s left{tail}"


def _is_ready(pod: Mapping[str, Any]) -> bool:
    return any(bool(one.get("ready")) for one in (pod.get("status") or {}).get("containerStatuses") or ())


def _why(pod: Mapping[str, Any]) -> str:
    said = (pod.get("status") or {}).get("message")
    return f"{pod['metadata']['annotations'][_NAME]}: {said}" if said else ""
