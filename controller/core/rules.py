"""Rules between documents (S1.2), and what a live set claims for itself.

Pure: documents in, problems with the index of their document out. Within one given set of files a
double claim is an error; live, the newer set waits with the reason Conflict instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.core import errors, foreign, graph, kinds
from controller.core.objectrules import RESERVED_ENV, RESERVED_PREFIXES, object_problems

__all__ = [
    "RESERVED_ENV",
    "RESERVED_PREFIXES",
    "SetProblem",
    "address",
    "claims",
    "document_set_problems",
    "document_set_warnings",
    "object_problems",
]


@dataclass(frozen=True, slots=True)
class SetProblem:
    """A problem of document `index`; `other` is the document it collides with."""

    index: int
    problem: errors.FieldProblem
    other: int | None = None


def document_set_problems(
    docs: Sequence[kinds.Object], *, namespace: str = "default"
) -> tuple[SetProblem, ...]:
    """Collisions and cycles of schema-valid documents; those without a namespace are in `namespace`."""
    return (*_collisions(docs, namespace), *_dependency_cycles(docs, namespace))


def document_set_warnings(
    docs: Sequence[kinds.Object], *, namespace: str = "default"
) -> tuple[SetProblem, ...]:
    """References that nothing in these documents declares: a live set may, so they are only likely wrong."""
    found: list[SetProblem] = []
    reach: _Reach | None = None
    for index, doc in enumerate(docs):
        for place, name in enumerate(doc["spec"].get("depends_on", ())):
            reach = reach or _Reach(docs, namespace)
            if reach.find(index, name) is None:
                known = reach.near(index)
                close = foreign.nearest(name, known)
                fix = f"did you mean {close}" if close else "declare it, or remove it here"
                path = ("spec", "depends_on", place)
                detail = f"nothing here declares it: {name}"
                found.append(SetProblem(index, errors.FieldProblem(path, "NotFound", detail, fix, name)))
    return tuple(found)


def claims(obj: kinds.Object) -> tuple[str, ...]:
    """The exclusive things a live set holds in its namespace: a worker name or catch-all place, addresses."""
    return tuple(claim for claim, _ in _claims(obj))


def address(listen: object) -> str:
    """`8000` and `:8000` are loopback; the rest as written (S1.6)."""
    text = str(listen)
    if text.isdigit():
        return f"127.0.0.1:{text}"
    return text.replace("localhost:", "127.0.0.1:", 1) if text.startswith("localhost:") else text


def _claims(obj: kinds.Object) -> Iterator[tuple[str, errors.Path]]:
    declared = obj["spec"]
    if declared.get("background"):
        scope = declared.get("scope", "").replace("%", "%25").replace("/", "%2F")
        if "name" in declared:
            yield f"scope:{scope}/name:{declared['name']}", ("spec", "name")
        else:
            yield f"scope:{scope}/catch-all", ("spec",)
    for place, listen in enumerate(declared.get("listen", ())):
        yield f"address:{address(listen)}", ("spec", "listen", place)
    if "port" in declared:
        yield f"address:127.0.0.1:{declared['port']}", ("spec", "port")


def _collisions(docs: Sequence[kinds.Object], namespace: str) -> Iterator[SetProblem]:
    objects: dict[tuple[str, str], int] = {}
    holders: dict[tuple[str, str], int] = {}
    for index, doc in enumerate(docs):
        name, space = doc["metadata"].get("name", ""), doc["metadata"].get("namespace", namespace)
        first = objects.setdefault((space, name), index) if name else index
        if first != index:
            detail = f"declared twice in namespace {space}: {name}"
            fix = "give one of the two another name"
            problem = errors.FieldProblem(("metadata", "name"), "Duplicate", detail, fix, name)
            yield SetProblem(index, problem, first)
            continue
        for claim, path in _claims(doc):
            # Addresses are the machine's, names belong to a namespace.
            key = ("" if claim.startswith("address:") else space, claim)
            first = holders.setdefault(key, index)
            if first != index:
                yield SetProblem(index, _collision(doc, claim, path, docs[first]), first)


def _collision(doc: kinds.Object, claim: str, path: errors.Path, other: kinds.Object) -> errors.FieldProblem:
    holder = other["metadata"].get("name", "another set")
    scope = doc["spec"].get("scope", "")
    where = f"scope {scope}" if scope else "the global scope"
    if claim.startswith("address:"):
        detail = f"{holder} already uses the address {claim.removeprefix('address:')}"
        return errors.FieldProblem(path, "Duplicate", detail, "give one of the two another port")
    if claim.endswith("/catch-all") and path == ("spec",):
        detail = f"a second catch-all in {where}, after {holder}"
        return errors.FieldProblem(path, "Duplicate", detail, "add a name to one of them, or another scope")
    name = doc["spec"]["name"]
    detail = f"{holder} already answers to this name in {where}: {name}"
    return errors.FieldProblem(path, "Duplicate", detail, "choose another name, or another scope", name)


class _Reach:
    """What `depends_on` can name: sets of the namespace, worker names of the same scope."""

    def __init__(self, docs: Sequence[kinds.Object], namespace: str) -> None:
        self._docs = docs
        self._namespace = namespace
        self._sets: dict[tuple[str, str], int] = {}
        self._workers: dict[tuple[str, str, str], int] = {}
        for index, doc in enumerate(docs):
            space, declared = self._space(doc), doc["spec"]
            self._sets.setdefault((space, doc["metadata"].get("name", "")), index)
            if declared.get("background") and "name" in declared:
                self._workers.setdefault((space, declared.get("scope", ""), declared["name"]), index)

    def find(self, index: int, name: str) -> int | None:
        doc = self._docs[index]
        space, scope = self._space(doc), doc["spec"].get("scope", "")
        found = self._sets.get((space, name))
        return self._workers.get((space, scope, name)) if found is None else found

    def near(self, index: int) -> tuple[str, ...]:
        """Every name in reach of document `index`."""
        doc = self._docs[index]
        space, scope = self._space(doc), doc["spec"].get("scope", "")
        names = {name for (of, name) in self._sets if of == space}
        names |= {name for (of, within, name) in self._workers if (of, within) == (space, scope)}
        return tuple(sorted(names))

    def _space(self, doc: Mapping[str, dict[str, str]]) -> str:
        return doc["metadata"].get("namespace", self._namespace)


def _dependency_cycles(docs: Sequence[kinds.Object], namespace: str) -> Iterator[SetProblem]:
    if not any("depends_on" in doc["spec"] for doc in docs):
        return
    reach = _Reach(docs, namespace)
    edges: dict[int, list[int]] = {}
    for index, doc in enumerate(docs):
        found = (reach.find(index, name) for name in doc["spec"].get("depends_on", ()))
        edges[index] = [target for target in found if target is not None]
    for cycle in graph.find_cycles(edges):
        names = [docs[index]["metadata"].get("name", "?") for index in (*cycle, cycle[0])]
        detail = f"waits for itself: {' → '.join(names)}"
        problem = errors.FieldProblem(
            ("spec", "depends_on"), "Invalid", detail, "remove one of these references"
        )
        yield SetProblem(cycle[0], problem)
