"""The course of an `up`: apply, wait for the boot phase, show the project, follow it, and end it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from controller.cli import (
    apply,
    bulk,
    draining,
    errors,
    manifests,
    manifestwatch,
    objects,
    overview,
    session,
    settled,
    text,
    watchstream,
)
from controller.cli import run as signals
from controller.client import errors as client_errors
from controller.client import manager, resources, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.bulk import Result
    from controller.cli.context import Context
    from controller.cli.launching import Started
    from controller.cli.manifests import Item

    Object = dict[str, Any]

_FIRST_LOOK_SECONDS = 3.0
_GUARDIAN_ENDS_MS = 15000


@dataclass(frozen=True, slots=True)
class Options:
    """`since_stamp` is from before the controller was started: what it knew already runs at once.

    With `stays` everything outlives this command. `stop_within`: seconds until a stop becomes a kill.
    `follow`: manifests that are applied whenever they are saved. With `screen` all is shown on the whole
    terminal.
    """

    wait_seconds: float
    abort_on_failure: bool
    since_stamp: str
    stays: bool = False
    stop_within: float | None = None
    follow: manifests.Wanted | None = None
    screen: bool = False


class Up:
    """One `up`. What it started it also ends."""

    def __init__(self, context: Context, started: Started, options: Options) -> None:
        self._context = context
        self._started = started
        self._options = options
        self._results: Sequence[Result] = ()
        self._items: Sequence[Item] = ()
        self._inventory = bulk.DEFAULT_INVENTORY
        self._since = options.since_stamp
        self._manager = manager.Manager(context.environ)

    # ------------------------------------------------------------------ apply

    def apply(self, items: Sequence[Item], request: bulk.Request) -> None:
        """Declare; a refused document ends it, with what was just started."""
        self._items, self._inventory = items, request.inventory or bulk.DEFAULT_INVENTORY
        try:
            self._results = bulk.send(self._context.client(), items, request)
        except client_errors.ClientError:
            self._undo()
            raise
        apply.note_problems(self._results, self._context)
        refused = [result for result in self._results if result.operation == "failed"]
        if refused:
            self._undo()
            raise errors.CliError("nothing runs that was not running before")
        for result in self._results:
            if result.operation == "pruned":
                self._context.note(f"{result.title} pruned: no manifest declares it any more")

    @property
    def declared(self) -> int:
        """How many sets this call has declared so far."""
        return len(self._keys())

    def _keys(self) -> list[tuple[str, str]]:
        return [objects.key(result.object) for result in self._results if result.operation != "pruned"]

    def _undo(self) -> None:
        """Stop what this call started: its controller, or, in another's, the sets it created."""
        if self._started.is_new:
            draining.Drain(self._context, within=self._options.stop_within).run()
            return
        for result in self._results:
            if result.operation == "created":
                namespace, name = objects.key(result.object)
                self._context.client().request("DELETE", resources.WORKERSETS.path(namespace, name))

    # ------------------------------------------------------------------ -d

    def detached(self) -> int:
        """Return when everything is ready; otherwise say why, stop what was started, and fail."""
        boot = settled.Boot(self._context, self._keys())
        verdict = boot.wait(self._options.wait_seconds, until_failure=True)
        self._show(boot.objects)
        lines = settled.explain(settled.Verdict(verdict.failed), boot.objects)
        lines = lines or settled.explain(verdict, boot.objects)
        if not lines:
            return errors.OK
        for line in lines:
            self._context.note(line)
        self._undo()
        return errors.FAILED

    # ------------------------------------------------------------------ in the foreground

    def foreground(self) -> int:
        """Show and follow until interrupted. A service manager waits for the end of the boot phase."""
        limit = self._options.wait_seconds if self._manager.is_there else _FIRST_LOOK_SECONDS
        with signals.Interrupts() as interrupts:
            shown = session.Session(self._context, interrupts)
            shown.open(silent=True)
            if self._options.screen:
                return self._end(self._on_screen(shown), shown, interrupts)
            try:
                ended = shown.settle(self._keys(), watchstream.Deadline(limit))
                self._show(shown.sets)
                if not ended:
                    shown.follow(self._since if self._started.is_new else None)
                    self._manager.tell(manager.READY, f"STATUS={text.plural(len(shown.sets), 'set')}")
                    self._follow_manifests(shown)
                ended = ended or shown.run(until_failure=self._options.abort_on_failure)
            finally:
                shown.close()
            return self._end(ended, shown, interrupts)

    def _on_screen(self, shown: session.Session) -> str:
        from controller.cli import screen

        title = f"{self._context.project_name}   controller {_controller_pid(self._context)}"
        with screen.TerminalScreen(self._context, title, shown.sets) as terminal:
            try:
                shown.shows = terminal
                shown.besides.append(terminal)
                shown.follow(self._since if self._started.is_new else None)
                self._follow_manifests(shown)
                return shown.run()
            finally:
                shown.close()

    def _follow_manifests(self, shown: session.Session) -> None:
        if self._options.follow is not None:
            follow = self._options.follow
            shown.besides.append(
                manifestwatch.ManifestWatch(self._context, follow, self._inventory, self._items, shown.shows)
            )

    def _end(self, ended: str, shown: session.Session, interrupts: signals.Interrupts) -> int:
        self._manager.tell(manager.STOPPING)
        if ended == session.ENDED:
            return self._say_that_it_ended()
        if ended == session.SET_FAILED and shown.failed is not None:
            self._context.note(
                f"{objects.name(shown.failed)} failed: {objects.why(shown.failed) or 'given up'}"
            )
            self._stop(interrupts, "")
            return errors.FAILED
        if interrupts.last in (0, signal.SIGINT):  # 0: by a key of the screen
            return self._stop(interrupts, "^C " if interrupts.last else "") or errors.INTERRUPTED
        return self._stop(interrupts, "") or errors.TERMINATED

    def _say_that_it_ended(self) -> int:
        """A guardian that was asked to end leaves no pid file behind."""
        own = f"{self._context.project.state}/guardian.pid"
        pid = waiting.read_pid(own)
        if pid is None or (waiting.until_gone(pid, _GUARDIAN_ENDS_MS) and not os.path.exists(own)):
            self._context.note(f"the controller of {self._context.project_name} has ended")
            return errors.OK
        self._context.note(
            f"the controller of {self._context.project_name} has ended, and nobody asked it to"
        )
        return errors.FAILED

    def _stop(self, interrupts: signals.Interrupts, prefix: str) -> int:
        """Drain what is ours; leave what was there before, or is to stay."""
        if not self._started.is_new or self._options.stays:
            pid = _controller_pid(self._context)
            start = "\r" if self._context.is_terminal else ""  # over the terminal's own ^C
            self._context.print(f"{start}{prefix}detached; controller {pid} goes on (workerctl down ends it)")
            return errors.OK
        drain = draining.Drain(
            self._context, prefix=prefix, hint=" (again = kill now)", within=self._options.stop_within
        )
        return drain.run(interrupts)

    # ------------------------------------------------------------------ what it looks like

    def _show(self, sets: dict[tuple[str, str], Object]) -> None:
        """The head and a line a set, those of this apply first."""
        context = self._context
        mine = self._keys()
        ordered = [sets[key] for key in mine if key in sets]
        ordered += [obj for key, obj in sorted(sets.items()) if key not in set(mine)]
        how = "new" if self._started.is_new else "was running"
        logs = context.paths.logs
        if logs.startswith(context.project.root + "/"):
            logs = logs[len(context.project.root) + 1 :]
        head = overview.head(context.project_name, _controller_pid(context), how, logs)
        context.print(context.style.bold(head))
        overview.show(ordered, context)
        context.stdout.flush()


def tell_what_goes_on(context: Context, session: Up | None) -> None:
    """Ctrl-C only ends the waiting of -d: what is declared runs on, if there is a controller by now."""
    pid_file = f"{context.project.state}/controller.pid"
    if not waiting.is_alive(pid_file):
        return
    what = f" with {text.plural(session.declared, 'set')}" if session and session.declared else ""
    context.note(
        f"interrupted, but controller {waiting.read_pid(pid_file)} goes on{what}: "
        "workerctl status shows how it goes, workerctl down ends it"
    )


def _controller_pid(context: Context) -> int:
    answer = context.client().request("GET", "/workerset/v1/project").json()
    return int((answer.get("pids") or {}).get("controller") or 0)


def stamp(wall: float) -> str:
    """RFC 3339 with milliseconds, for the log endpoint."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
