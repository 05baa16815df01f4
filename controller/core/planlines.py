"""A plan as lines for people: what `--dry-run`, golden files and bug reports show."""

from __future__ import annotations

from controller.core import plan, runs


def render(decided: plan.Plan, now: float) -> str:
    """The plan as lines for people: verbs, waits, notes, and when to look again."""
    lines = [_verb_line(verb) for verb in decided.verbs]
    for wait in decided.waits:
        until = "" if wait.until is None else f" (until +{wait.until - now:.3g}s)"
        lines.append(f"wait {wait.reason}: {wait.message}{until}")
    lines += [
        f"note {note.type} {note.reason} {note.worker or '-'}: {note.message}" for note in decided.notes
    ]
    if decided.status is not None:
        shown = decided.status
        lines.append(
            f"status {shown['readyReplicas']}/{shown['replicas']} {shown['state']}: {shown['message']}"
        )
    lines.append("sleep" if decided.wake_at is None else f"wake +{decided.wake_at - now:.3g}s")
    return "\n".join(lines) + "\n"


def _verb_line(verb: runs.Verb) -> str:
    if isinstance(verb, runs.OpenSockets):
        return f"OpenSockets {' '.join(verb.listen)}"
    if isinstance(verb, runs.CloseSockets):
        return "CloseSockets"
    text = f"{type(verb).__name__} {verb.ref.worker} run={verb.run}"
    match verb:
        case runs.StartRun():
            return f"{text} template={verb.template_hash}"
        case runs.PlaceTicket():
            return f"{text} next={verb.next_run}{' on_success' if verb.on_success else ''}"
        case runs.CloseHandle() | runs.Signal():
            return f"{text} signal={verb.signal}"
        case _:
            return text
