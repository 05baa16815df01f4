"""Drafts to documents that pass our own validation: fit names, and what is refused left out with a note."""

from __future__ import annotations

from collections.abc import Iterable

from controller.core import errors, fields, foreign, kinds, names, rules
from controller.importers import drafts
from controller.manifest import check

_ORDER = [
    *("background", "name", "scope", "num", "max_threads", "file", "command", "args", "interpreter"),
    *("working_dir", "listen", "port", "env", "env_files", "watch", "depends_on"),
]


def documents(found: drafts.Drafts) -> list[tuple[drafts.Draft, kinds.Object]]:
    """Each draft with its document; a draft that nothing is left of has become a note of `found`."""
    checker = check.Checker()
    kept: list[tuple[drafts.Draft, kinds.Object]] = []
    taken: set[str] = set()
    known: dict[str, str] = {}
    for draft in found.sets:
        name = _name(draft, taken)
        known.setdefault(draft.name, name)
        document = _sound(draft, name, checker)
        if document is None:
            lost = [note for note in draft.notes if note.kind == "lost"]
            found.notes += lost
            if not lost:
                found.lose(draft.place, f"{draft.name}: nothing to run is left of it")
        else:
            taken.add(name)
            kept.append((draft, document))
    _settle_dependencies(kept, known, {document["metadata"]["name"] for _, document in kept})
    return _without_collisions(kept)


def _name(draft: drafts.Draft, taken: set[str]) -> str:
    base = names.slug(draft.name, longest=50)
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    if name != draft.name:
        draft.change(draft.place, f"called {draft.name} there")
    return name


def _sound(draft: drafts.Draft, name: str, checker: check.Checker) -> kinds.Object | None:
    metadata: dict[str, object] = {"name": name}
    if draft.labels:
        metadata["labels"] = dict(draft.labels)
    document = {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": metadata,
                "spec": _sorted(draft.spec)}  # fmt: skip
    for _ in range(len(draft.spec) + len(draft.env) + len(draft.labels) + 1):
        problems = checker.check(document).problems
        if not problems:
            return document
        if not _drop_all(draft, document, problems):
            break
    return None


def _sorted(spec: drafts.Spec) -> drafts.Spec:
    order = {key: place for place, key in enumerate(_ORDER)}
    return {key: spec[key] for key in sorted(spec, key=lambda key: order.get(key, len(order)))}


def _drop_all(draft: drafts.Draft, document: kinds.Object, problems: Iterable[errors.FieldProblem]) -> bool:
    """Leave out each field that is refused; False where that is not possible."""
    dropped = False
    for problem in problems:
        path = problem.path if problem.path[:2] == ("spec", "env") else problem.path[:2]
        path = problem.path if problem.path[:2] == ("metadata", "labels") else path
        if (
            len(path) < 2
            or path == ("metadata", "name")
            or path[:2] in (("spec", "command"), ("spec", "file"))
        ):
            if problem.code != "Required":
                draft.lose(draft.place, f"{problem.field}: {problem.detail}")
            return False
        value = fields.at(document, path)
        if value is None:
            continue
        written = f"{path[-1]}: {foreign.scalar(value)}"
        draft.lose(draft.place, f"{written}: {_why(problem)}")
        section = fields.without(document[str(path[0])], path[1:])
        document[str(path[0])] = section
        dropped = True
    return dropped


def _why(problem: errors.FieldProblem) -> str:
    return "not supported yet" if problem.code == "NotSupported" else problem.detail


def _settle_dependencies(
    kept: list[tuple[drafts.Draft, kinds.Object]], known: dict[str, str], there: set[str]
) -> None:
    """`depends_on` by the names the sets have here; what is not among them is left out."""
    for draft, document in kept:
        spec = document["spec"]
        if "depends_on" not in spec:
            continue
        wanted = [(name, known.get(name, name)) for name in spec["depends_on"]]
        for name, ours in wanted:
            if ours not in there:
                draft.lose(draft.place, f"depends on {name}, which is not among these sets")
        spec["depends_on"] = list(dict.fromkeys(ours for _, ours in wanted if ours in there))
        if not spec["depends_on"]:
            del spec["depends_on"]


def _without_collisions(
    kept: list[tuple[drafts.Draft, kinds.Object]],
) -> list[tuple[drafts.Draft, kinds.Object]]:
    """Two sets on one address, or in a circle: the later one gives way, and says so."""
    for _ in range(2 * len(kept)):
        problems = rules.document_set_problems([document for _, document in kept])
        if not problems:
            break
        first = problems[0]
        draft, document = kept[first.index]
        draft.lose(draft.place, f"{first.problem.path[-1]}: {first.problem.detail}")
        place = str(first.problem.path[1]) if len(first.problem.path) > 1 else ""
        if place not in ("listen", "port", "depends_on"):
            kept = [one for index, one in enumerate(kept) if index != first.index]
        else:
            document["spec"].pop(place, None)
    return kept
