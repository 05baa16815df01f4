"""A change of `user`: what a name publishes belongs to one user at a time (S8.4), and moves with the first
process of the next one. So those of the last one go together, and nothing starts before they are gone."""

from __future__ import annotations

from collections.abc import Iterable

from controller.core import names, runs, sentences, spec, worker

CHANGES = "UserChanges"


def hold(facts: worker.SetFacts, processes: Iterable[runs.Process]) -> worker.Wait | None:
    """While a process of the set runs as another user than is declared. Other than a pool, a name of a
    catch-all has one process, which is replaced in place, so it never has two users."""
    if facts.spec.kind is not spec.SetKind.BACKGROUND or facts.template_hash is None:
        return None
    old = [
        one
        for one in processes
        if one.user != facts.spec.template.user
        and (one.exit is None or one.survivors)
        and (facts.spec.name is not None or one.ref.worker == names.worker(facts.name, one.ordinal))
    ]
    if not old:
        return None
    left = sentences.several(sorted({one.ref.worker for one in old}))
    return worker.Wait(CHANGES, f"the user changes, and vars belong to one user: waits for the end of {left}")
