"""Rules between documents (S1.2), and what a live set claims for itself.

Pure: documents in, problems with the index of their document out. Within one given set of files a
double claim is an error; live, the newer set waits with the reason Conflict instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.core import addresses, errors, foreign, graph, kinds, probeports
from controller.core.objectrules import RESERVED_ENV, RESERVED_PREFIXES, object_problems

__all__ = [
    "RESERVED_ENV",
    "RESERVED_PREFIXES",
    "SetProblem",
    "claims",
    "collide",
    "document_set_problems",
    "document_set_warnings",
    "instance_claims",
    "object_problems",
    "outline",
    "place_of",
]


ADDRESS = "address:"

_BETWEEN = (
    *("background", "scope", "name", "listen", "port", "depends_on", "instances"),
    *("probe_port", "num", "max_threads", "rollout"),
)

_PROBE_PORT = ("spec", "probe_port")


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


def outline(obj: kinds.Object) -> kinds.Object:
    """What the rules between documents look at, and no more: for documents that have a way to go."""
    metadata, declared = obj["metadata"], obj["spec"]
    return {
        "metadata": {field: metadata[field] for field in ("name", "namespace") if field in metadata},
        "spec": {field: declared[field] for field in _BETWEEN if field in declared},
    }


def claims(obj: kinds.Object) -> tuple[str, ...]:
    """The exclusive things a live set holds in its namespace: a worker name or catch-all place, addresses."""
    return tuple(dict.fromkeys(claim for claim, _ in _claims(obj)))


def instance_claims(obj: kinds.Object) -> dict[str, str]:
    """The names a catch-all was asked to run, by their claims: a set that is declared for one goes first."""
    declared = obj["spec"]
    if not declared.get("background") or "name" in declared:
        return {}
    scope = _quoted(declared.get("scope", ""))
    return {f"scope:{scope}/name:{name}": name for name in declared.get("instances", ())}


def _quoted(scope: str) -> str:
    return scope.replace("%", "%25").replace("/", "%2F")


def place_of(namespace: str, claim: str) -> tuple[str, str]:
    """Where claims meet: a name in its namespace, an address on its port, which is the machine's."""
    if not claim.startswith(ADDRESS):
        return namespace, claim
    one = addresses.parse(claim.removeprefix(ADDRESS))
    return "", f"{ADDRESS}{one.host}" if one.family == "unix" else f"{ADDRESS}{one.family}:{one.port}"


def collide(first: str, second: str) -> bool:
    """Whether two claims of one place exclude each other."""
    if not first.startswith(ADDRESS):
        return first == second
    return addresses.overlap(*(addresses.parse(claim.removeprefix(ADDRESS)) for claim in (first, second)))


def _claims(obj: kinds.Object) -> Iterator[tuple[str, errors.Path]]:
    declared = obj["spec"]
    if declared.get("background"):
        scope = _quoted(declared.get("scope", ""))
        if "name" in declared:
            yield f"scope:{scope}/name:{declared['name']}", ("spec", "name")
        else:
            yield f"scope:{scope}/catch-all", ("spec",)
    for place, listen in enumerate(declared.get("listen", ())):
        try:
            one = addresses.parse(listen)
        except addresses.BadAddress:
            continue  # reported where the object itself is checked
        if one.family == "unix" or one.port:
            yield f"{ADDRESS}{one}", ("spec", "listen", place)
    if "port" in declared:
        yield f"{ADDRESS}127.0.0.1:{declared['port']}", ("spec", "port")
    for port in probeports.needed(declared):
        if port <= probeports.LAST_PORT:
            yield f"{ADDRESS}{probeports.HOST}:{port}", _PROBE_PORT


def _collisions(docs: Sequence[kinds.Object], namespace: str) -> Iterator[SetProblem]:
    objects: dict[tuple[str, str], int] = {}
    holders: dict[tuple[str, str], list[tuple[str, int]]] = {}
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
            there = holders.setdefault(place_of(space, claim), [])
            for held, holder in there:
                if holder != index and collide(held, claim):
                    yield SetProblem(index, _collision(doc, held, path, docs[holder]), holder)
                    break
            else:
                there.append((claim, index))


def _collision(doc: kinds.Object, claim: str, path: errors.Path, other: kinds.Object) -> errors.FieldProblem:
    holder = other["metadata"].get("name", "another set")
    scope = doc["spec"].get("scope", "")
    where = f"scope {scope}" if scope else "the global scope"
    if claim.startswith(ADDRESS):
        detail = f"{holder} already uses the address {claim.removeprefix(ADDRESS)}"
        detail += _as_a_probe_port(doc, claim, path, other)
        what = "path" if addresses.UNIX in claim else "port"
        return errors.FieldProblem(path, "Duplicate", detail, f"give one of the two another {what}")
    if claim.endswith("/catch-all") and path == ("spec",):
        detail = f"a second catch-all in {where}, after {holder}"
        return errors.FieldProblem(path, "Duplicate", detail, "add a name to one of them, or another scope")
    name = doc["spec"]["name"]
    detail = f"{holder} already answers to this name in {where}: {name}"
    return errors.FieldProblem(path, "Duplicate", detail, "choose another name, or another scope", name)


def _as_a_probe_port(doc: kinds.Object, claim: str, path: errors.Path, other: kinds.Object) -> str:
    """Most of these ports nobody has written down, so it is said where they come from."""
    port = addresses.parse(claim.removeprefix(ADDRESS)).port
    who = [("the probes here", doc), ("its probes", other)]
    for whose, one in who if path == _PROBE_PORT else who[1:]:
        ports = probeports.needed(one["spec"])
        if port in ports and len(ports) > 1:
            return f": {whose} have the ports {probeports.shown(ports)}"
    return ""


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
            if declared.get("background"):
                answers_to = [declared["name"]] if "name" in declared else declared.get("instances", ())
                for name in answers_to:
                    self._workers.setdefault((space, declared.get("scope", ""), name), index)

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
