"""All that can be said of one document by itself; what needs the others is in `validate.py`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass

from controller.core import errors, kinds, rules
from controller.manifest import check, diagnostics, files, locate, onpath, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True, slots=True)
class Examined:
    """`sound` is what rules between documents can rely on, `index` the document's place in its file.

    A piece of text that is no document has index -1.
    """

    file: str
    line: int
    index: int = -1
    kind: str = ""
    namespace: str = ""
    name: str = ""
    sound: kinds.Object | None = None
    diagnostics: tuple[diagnostics.Diagnostic, ...] = ()
    document: reader.Document | None = None


@dataclass(frozen=True, slots=True)
class FileResult:
    """`was_read` is false for a file that could not be opened."""

    name: str
    was_read: bool
    examined: tuple[Examined, ...]


class Examiner:
    """With `root`, paths in manifests are looked for on the disk; `strict` knows no warnings."""

    def __init__(self, root: str | None, cwd: str, *, strict: bool) -> None:
        self._checker = check.Checker()
        self._root = root
        self._cwd = cwd
        self._strict = strict

    def file(self, text: files.FileText, *, keep: bool = True) -> FileResult:
        """Never raises. Without `keep` no document is held, only what rules between documents look at."""
        read = reader.read(text)
        found = [Examined(one.file, one.line, diagnostics=(one,)) for one in read.lost]
        found += [self._examined(index, document, keep) for index, document in enumerate(read.documents)]
        found.sort(key=lambda one: one.line)
        return FileResult(text.name, text.code == "Encoding" or not text.message, tuple(found))

    def _examined(self, index: int, document: reader.Document, keep: bool) -> Examined:
        checked = self._checker.check(document.object)
        obj, sound = document.object, checked.sound
        found = [self.diagnostic(document, problem, certain=True) for problem in checked.problems]
        if not any(one.code == diagnostics.OTHER_KIND for one in found):
            found += [*document.problems, *(self._plain(document, node) for node in document.plain)]
        if sound is not None:
            found += self._beyond_schema(document, sound)
        metadata = obj.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        return Examined(
            document.file.name,
            document.line,
            index,
            _text(obj.get("kind")),
            _text(metadata.get("namespace")),
            _text(metadata.get("name") or metadata.get("generateName")),
            sound if keep or sound is None else rules.outline(sound),
            tuple(found),
            document if keep else None,
        )

    def diagnostic(
        self, document: reader.Document, problem: errors.FieldProblem, *, certain: bool
    ) -> diagnostics.Diagnostic:
        """A problem with its place in the text; what is not certain is a warning."""
        at_key = problem.code in ("UnknownField", "NotSupported") or problem.path[-1:] == (problem.value,)
        span = document.span(problem.path, key=at_key)
        made = document.file.diagnostic(span, problem.code, problem.detail, problem.fix, problem.field)
        return made if certain else self._warning(made)

    def _warning(self, made: diagnostics.Diagnostic) -> diagnostics.Diagnostic:
        return made if self._strict else dataclasses.replace(made, severity="warning")

    def _beyond_schema(
        self, document: reader.Document, sound: kinds.Object
    ) -> Iterator[diagnostics.Diagnostic]:
        metadata = sound["metadata"]
        if "name" not in metadata and "generateName" in metadata:
            detail = "generateName works only where an object is created each time"
            fix = "write name instead, so that it can be applied again"
            problem = errors.FieldProblem(("metadata", "generateName"), "Invalid", detail, fix)
            yield self.diagnostic(document, problem, certain=True)
        if self._root is not None:
            name = document.file.name
            manifest = "" if name == files.STANDARD_INPUT else os.path.abspath(os.path.join(self._cwd, name))
            for problem, certain in onpath.problems(sound, self._root, manifest):
                yield self.diagnostic(document, problem, certain=certain)
            if isinstance(sound["spec"].get("watch"), list):
                from controller.manifest import onwatch  # what most manifests do without

                for problem in onwatch.problems(sound["spec"], self._root):
                    yield self.diagnostic(document, problem, certain=False)

    def _plain(self, document: reader.Document, node: yaml.ScalarNode) -> diagnostics.Diagnostic:
        """S1.6: kept as written here, changed by kubectl."""
        detail = f"other tools read this as something else than text: {node.value}"
        span = document.shifted(locate.node_span(node))
        return self._warning(
            document.file.diagnostic(span, "PlainScalar", detail, f'quote it: "{node.value}"')
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
