"""Who asks: the worker a token was given to, what it may do, and in which scope it asks (S2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.api.workers import book as books
from controller.core import asking, ensured, kinds, refusals, resolution, runs, tokens, waitgraph


@dataclass(frozen=True, slots=True)
class Caller:
    """`owner` is what an ensure is recorded under; `node` the instance that would wait (S3.7);
    `folder` where a worker of another user reaches shared memory (S8.4)."""

    namespace: str
    owner: str
    scope: str = ""
    scopes: tuple[str, ...] | None = None
    node: waitgraph.Node | None = None
    folder: str = ""

    def scope_for(self, asked: object) -> str:
        """The scope of a request: as given, else the caller's own. Raises Refusal."""
        given = asking.scope(asked)
        if given is None or given == self.scope:
            return self.scope
        if self.scopes is not None and given not in self.scopes:
            allowed = ", ".join(map(resolution.said, sorted({self.scope, *self.scopes})))
            raise refusals.Refusal(
                refusals.Kind.DENIED,
                f"the set of this worker ({self.owner}) may not ask in {resolution.said(given)}, "
                f"only in {allowed}: add it to its scopes",
            )
        return given


def command_line(namespace: str) -> Caller:
    return Caller(namespace, ensured.COMMAND_LINE)


def by_hand(secret: str, book: books.Book, namespace: str, request: Mapping[str, Any]) -> Caller:
    """The command line, or the worker that calls it, unless for another namespace. Raises Refusal."""
    if request.get("token") is None:
        return command_line(namespace)
    worker = of_request(secret, book, request)
    return worker if worker.namespace == namespace else command_line(namespace)


def outside(namespace: str) -> runs.WorkerRef:
    """Whose token a server gets that is no worker (php-fpm, say): nobody's in the namespace."""
    return runs.WorkerRef(namespace, "", "")


def of_request(secret: str, book: books.Book, request: Mapping[str, Any]) -> Caller:
    """The worker whose token it is. Raises Refusal."""
    worker = tokens.verify(secret, request.get("token"))
    if worker == outside(worker.namespace):
        return command_line(worker.namespace)
    _refuse_other_run(book, worker, request.get("run"))
    key = kinds.Key(worker.namespace, worker.workerset)
    obj = book.workerset(key)
    if obj is None or "deletionTimestamp" in obj["metadata"]:
        raise refusals.Refusal(
            refusals.Kind.DENIED, f"the set that this token was given to is gone or being deleted: {key}"
        )
    spec = obj["spec"]
    scopes = spec.get("scopes")
    return Caller(
        namespace=worker.namespace,
        owner=ensured.owner_of(key),
        scope=spec.get("scope", ""),
        scopes=None if scopes is None else tuple(scopes),
        node=_node(book, worker, spec),
        folder=asking.folder(request.get("folder")),
    )


def _refuse_other_run(book: books.Book, worker: runs.WorkerRef, run: object) -> None:
    """A worker that uses the token of another: a copied environment, most likely."""
    if not isinstance(run, str) or not run:
        return
    held_by = book.worker_of_run(run)
    if held_by is not None and held_by != kinds.Key(worker.namespace, worker.worker):
        raise refusals.Refusal(
            refusals.Kind.DENIED,
            f"this is the token of {worker.namespace}/{worker.worker}, sent by {held_by}: "
            "each worker has to use the WORKERSET_TOKEN it was started with",
        )


def _node(book: books.Book, worker: runs.WorkerRef, spec: Mapping[str, Any]) -> waitgraph.Node | None:
    """The name the worker answers to; None for those nobody can wait for."""
    if not spec.get("background"):
        return None
    name = spec.get("name")
    if name is None:
        pod = book.pod(worker)
        annotations = {} if pod is None else pod["metadata"].get("annotations", {})
        name = annotations.get(kinds.ANNOTATION_WORKER_NAME)
    return None if name is None else (worker.namespace, spec.get("scope", ""), name)
