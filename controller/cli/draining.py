"""Ending everything: asks the controller to drain, shows how it goes, and says what is left."""

from __future__ import annotations

import json
import select

from controller.cli import errors, progress, watchstream
from controller.client import errors as client_errors
from controller.client import waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from controller.cli.context import Context
    from controller.cli.run import Interrupts
    from controller.client.connection import Stream

SHUTDOWN = "/workerset/v1/shutdown"
_GUARDIAN_ENDS_MS = 15000


class Drain:
    """One shutdown under way; an interrupt, or the end of `within` seconds, kills at once."""

    def __init__(
        self,
        context: Context,
        *,
        prefix: str = "",
        hint: str = "",
        purge: bool = False,
        within: float | None = None,
    ) -> None:
        self._context = context
        self._prefix = prefix
        self._hint = hint
        self._purge = purge
        self._deadline = watchstream.Deadline(within)
        self._ticker = progress.Ticker(context)
        self._streams: list[Stream] = []
        state = context.project.state
        found = (waiting.read_pid(f"{state}/{part}.pid") for part in ("guardian", "controller", "shim"))
        self._ours = [pid for pid in found if pid is not None]

    def run(self, interrupts: Interrupts | None = None, grace_seconds: float | None = None) -> int:
        """Drain to the end; returns the exit code: 1 if something is left."""
        stream = self._ask(grace_seconds)
        self._streams.append(stream)
        last: Mapping[str, Any] = {}
        try:
            while not stream.ended:
                can_read, interrupted = self._wait(stream, interrupts)
                for line in stream.next_lines() if can_read else ():
                    last = self._show(line) or last
                if interrupted:
                    interrupts, self._deadline = None, watchstream.Deadline(None)
                    self._kill_now()
        except client_errors.ConnectionLost:
            pass
        finally:
            for opened in self._streams:
                opened.close()
            self._ticker.keep()
        return self._finish(last)

    def _ask(self, grace_seconds: float | None) -> Stream:
        body = {"graceSeconds": grace_seconds, "purge": self._purge}
        return self._context.client().stream("POST", SHUTDOWN, None, body)

    def _kill_now(self) -> None:
        """S4.6 cut short: a second request with no grace; the first one's answer goes on."""
        self._ticker.clear()
        self._context.print("killing what is left")
        self._streams.append(self._ask(0))

    def _wait(self, stream: Stream, interrupts: Interrupts | None) -> tuple[bool, bool]:
        """Wait for the next piece or for an interrupt: is there a piece, is it to kill."""
        left = self._deadline.left_ms
        if left == 0:
            return False, True
        if stream.is_pending:
            return True, False
        poller = select.poll()
        poller.register(stream.fileno(), select.POLLIN)
        if interrupts is not None:
            poller.register(interrupts.fileno(), select.POLLIN)
        ready = {fd for fd, _ in poller.poll(left)}
        interrupted = interrupts is not None and interrupts.fileno() in ready and interrupts.take() > 0
        return stream.fileno() in ready, interrupted or not ready

    def _show(self, line: bytes) -> Mapping[str, Any] | None:
        """Show one step; the last one is returned."""
        if not line.strip():
            return None
        step: Mapping[str, Any] = json.loads(line)
        if step.get("done"):
            return step
        names = sorted(str(entry.get("worker")) for entry in step.get("remaining") or ())
        self._ticker.show(self._prefix + progress.sentence(step, self._hint), names)
        return None

    def _finish(self, last: Mapping[str, Any]) -> int:
        lasting = [pid for pid in self._ours if not waiting.until_gone(pid, _GUARDIAN_ENDS_MS)]
        has_ended = not lasting
        if not last:
            self._context.note("the controller ended before it said how the stop went")
            return errors.FAILED if not has_ended else errors.OK
        tail = "Removed .workerset/." if self._purge else "Declarations kept: `workerctl up` runs them again."
        self._context.print(f"{progress.summary(last)} {tail}")
        left = progress.survivors(last)
        if left:
            how = (
                "ended with the project, left behind by no worker in particular"
                if has_ended
                else "still running"
            )
            self._context.note(f"{how}:")
            self._context.note("\n".join(left))
        if not has_ended:
            self._context.note(f"our own processes have not ended yet: {', '.join(map(str, lasting))}")
        return errors.OK if has_ended else errors.FAILED


def _guardian_of(context: Context) -> int | None:
    """Whose end is the end of everything; the controller knows it where the pid file was deleted."""
    pid = waiting.read_pid(f"{context.project.state}/guardian.pid")
    if pid is None:
        answer = context.client().request("GET", "/workerset/v1/project").json()
        pid = int((answer.get("pids") or {}).get("guardian") or 0)
    return pid if pid > 1 else None
