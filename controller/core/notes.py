"""Events as values: a note from the planner becomes an `Event` object, repeats become a count.

The shape is core/v1 Event. One series per (object, reason, subject): the newest message wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controller.core import kinds, names, stamps

SOURCE = "workerset-controller"
PROJECT = "Project"

REASONS = {
    "Started": "processes were started",
    "Stopped": "processes were stopped as commanded and left nothing behind",
    "Killed": "processes outlived stop_grace and got SIGKILL; the message names them",
    "Leftovers": "a main process ended and left processes behind, which are being ended",
    "Replacing": "workers run an outdated template and are replaced, with the reason",
    "ProgressDeadlineExceeded": "a new template was not ready in time and is stopped; the one before goes on",
    "RolledOut": "all workers run the new template and are ready",
    "ScaledUp": "an HTTP set runs one process more, since work has waited; the message says what was seen",
    "ScaledDown": "an HTTP set runs fewer processes, with the reason",
    "ScalingHeld": "work waits and no process is added, with the reason",
    "FilesChanged": "watched files or an env file changed and restart workers; the message names them",
    "WatchLoop": "a worker writes files that its set watches: they restart nothing until left alone",
    "WatchesNothing": "no file answers to a pattern of `watch`; the message says which folder there is",
    "WatchesEverything": "every file of the project answers to a pattern of `watch`, what workers write too",
    "Exited": "a worker exited 0 and is run again",
    "Crashed": "a worker failed; the message says how, why and when it is tried again",
    "GivenUp": "a worker failed too often, or once with restart: never",
    "Recovered": "a worker that had failed has been ready long enough for its failures to be forgotten",
    "Completed": "a one-shot is done",
    "Ensured": "workers asked for names; the message says which, and who",
    "Released": "nobody asks the set for these names any more: released, idle, or for the reason given",
    "NotRun": "a catch-all does not run a listed name (any more), with the reason",
    "CapReached": "a name was refused, since the catch-all runs as many as it may",
    "NotEnforced": "a worker runs without a limit of its resources; the message says which, and why",
    "Conflict": "another set holds a name or an address of this one",
    "DependencyCycle": "a set depends on itself, by way of others; the message names them",
    "EnvFile": "an env file cannot be read",
    "AddressInUse": "another program listens on an address of the set; it is named if it can be seen",
    "CannotListen": "an address of the set cannot be bound, with the reason",
    "NotListening": "a server has been given a socket and does not serve on it",
    "Unhealthy": "a probe of a worker fails, with what it got for an answer",
    "Killing": "a worker failed its liveness or startup probe and is stopped, to be run again",
    "Deleted": "the set is gone and nothing of it lives",
    "GuardianLost": "of the project: its guardian was killed, so nothing restarts the controller",
    "FilesTrouble": "of the project: watched files are polled, or cannot be followed; the message says why",
    "LogTrouble": "of the project: what workers print cannot be written",
    "NotReachable": "of the project: the TCP port for other clients cannot be opened, with the reason",
    "CertificateRenewed": "of the project: clients must be given the new certificate authority",
    "RuntimeAway": "of the project: the part that runs processes is away",
}
"""Every reason of an Event, with what it says."""


def markdown() -> str:
    """The table of reasons in `docs/reconcile.md`."""
    rows = [f"| {reason} | {meaning} |" for reason, meaning in REASONS.items()]
    return "\n".join(["| reason | meaning |", "| --- | --- |", *rows]) + "\n"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing worth telling. `worker` empty = about the set; `subject` splits series of one reason."""

    reason: str
    message: str
    warning: bool = False
    worker: str = ""
    worker_uid: str = ""
    subject: str = ""
    count: int = 1

    @property
    def type(self) -> Literal["Normal", "Warning"]:
        return "Warning" if self.warning else "Normal"


def wall_of(text: str) -> float:
    """Seconds since the epoch; 0 for what is no timestamp."""
    try:
        return stamps.parse(text)
    except ValueError:
        return 0.0


def event_name(set_name: str, set_uid: str, note: Note) -> str:
    """The name of the note's series; the same note always has the same."""
    owner = note.worker or set_name
    return f"{owner}.{names.short_hash(f'{set_uid}/{owner}/{note.reason}/{note.subject}', 16)}"


def project(root: str) -> kinds.Object:
    """Whom notes about a project as a whole are about; their Events are in the namespace `default`."""
    name = root.rstrip("/").rpartition("/")[2] or "project"
    return {
        "apiVersion": kinds.WORKERSETS.api_version,
        "kind": PROJECT,
        "metadata": {"name": name, "namespace": "default", "uid": names.uid("project", root)},
    }


def owner_label(owner: kinds.Object) -> str:
    """The value of the label that an owner's Events have in common; empty for those of the project."""
    return "" if owner["kind"] == PROJECT else names.label_value(owner["metadata"]["name"])


def event(owner: kinds.Object, note: Note, wall: float, previous: kinds.Object | None) -> kinds.Object:
    """The Event object for a note about `owner`, a set or the project; `previous` is its series so far."""
    meta = owner["metadata"]
    name = event_name(meta["name"], meta["uid"], note)
    now = stamps.rfc3339(wall)
    first, count = now, note.count
    metadata = {
        "name": name,
        "namespace": meta["namespace"],
        "uid": names.uid("event", name, now),
        "creationTimestamp": now,
        "labels": {kinds.LABEL_SET: owner_label(owner)},
    }
    if previous is not None:
        first, count = previous["firstTimestamp"], previous["count"] + note.count
        metadata = previous["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": _involved(owner, note),
        "reason": note.reason,
        "message": note.message,
        "type": note.type,
        "count": count,
        "firstTimestamp": first,
        "lastTimestamp": now,
        "source": {"component": SOURCE},
        "reportingComponent": SOURCE,
        "reportingInstance": "",
    }


def _involved(owner: kinds.Object, note: Note) -> dict[str, str]:
    meta = owner["metadata"]
    if note.worker:
        pod = {"apiVersion": "v1", "kind": "Pod", "namespace": meta["namespace"], "name": note.worker}
        return {**pod, "uid": note.worker_uid} if note.worker_uid else pod
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "namespace": meta["namespace"],
        "name": meta["name"],
        "uid": meta["uid"],
    }
