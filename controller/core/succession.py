"""Who has to be gone before a background set starts anybody. Replacing in place sees to one slot; this is for
what lies across slots: a pool whose `user` changes, since what a name publishes belongs to one user at a time
(S8.4), and a catch-all that becomes a named set, whose instances had slots of their own (S4.10)."""

from __future__ import annotations

from collections.abc import Iterable

from controller.core import names, runs, sentences, spec, worker

HANDOVER = "Handover"


def hold(facts: worker.SetFacts, processes: Iterable[runs.Process]) -> worker.Wait | None:
    """While a process of the set runs as another user than is declared, or under a name of a former
    catch-all. A name of a present one has one slot, so that its processes follow each other anyway."""
    if facts.spec.kind is not spec.SetKind.BACKGROUND or facts.template_hash is None:
        return None
    named = facts.spec.name is not None
    old = []
    for one in processes:
        in_pool = one.ref.worker == names.worker(facts.name, one.ordinal)
        another = one.user != facts.spec.template.user and (named or in_pool)
        if (another or (named and not in_pool)) and (one.exit is None or one.survivors):
            old.append((one.ref.worker, another))
    if not old:
        return None
    left = sentences.several(sorted({name for name, _ in old}))
    why = (
        "vars belong to one user"
        if any(another for _, another in old)
        else "a name has one process at a time"
    )
    return worker.Wait(HANDOVER, f"{why}: waits for the end of {left}")
