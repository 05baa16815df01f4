"""One pass over the views of a set's workers: the counts that its status is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.core import worker
from controller.core.lifecycle import State


@dataclass(slots=True)
class Tally:
    """What `status.py` looks at; of several workers in one plight, the first. `outdated` are all that run
    another template, `replaceable` those that are not on their way out already."""

    wanted: int = 0
    alive: int = 0
    ready: int = 0
    updated: int = 0
    outdated: int = 0
    replaceable: int = 0
    completed: int = 0
    stopping: int = 0
    restarts: int = 0
    backoff: int = 0
    given_up: worker.View | None = None
    failing: worker.View | None = None
    pending: worker.View | None = None
    unseen: worker.View | None = None
    done: worker.View | None = None
    unenforced: str = ""


def count(views: Sequence[worker.View], wanted_hash: str | None, wanted: int) -> Tally:
    tally = Tally(wanted=wanted)
    for view in views:
        tally.restarts += view.restarts
        tally.unenforced = tally.unenforced or view.unenforced
        state = view.state
        if state is State.STOPPING:
            tally.stopping += 1
        if view.run:
            tally.alive += 1
            if view.template_hash == wanted_hash:
                tally.updated += view.wanted
            elif wanted_hash is not None:
                tally.outdated += 1
                tally.replaceable += view.wanted or state is not State.STOPPING
        if view.ready:
            tally.ready += 1
            tally.unseen = tally.unseen or (view if view.message else None)
            continue
        if state is State.COMPLETED:
            tally.completed += 1
            tally.updated += view.wanted and view.template_hash == wanted_hash
            tally.done = tally.done or view
        elif view.given_up:
            tally.given_up = tally.given_up or view
        elif state is State.BACKOFF or (view.failing and state is not State.STOPPING):
            tally.backoff += 1
            tally.failing = tally.failing or view
        elif view.wanted and view.message:
            tally.pending = tally.pending or view
    return tally
