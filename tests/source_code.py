"""Source files as the architecture tests read them: parsed once, names resolved through their imports."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "controller"
SDK = PACKAGE / "sdk" / "workerset"
BUILTINS = {"eval": "builtins.eval", "exec": "builtins.exec"}


@dataclass(frozen=True)
class Module:
    """One source file, parsed once."""

    path: Path

    @property
    def place(self) -> str:
        """`core/plan.py`: how the tables above speak of it."""
        return self.path.relative_to(PACKAGE).as_posix()

    @property
    def part(self) -> str:
        return self.place.split("/")[0].removesuffix(".py")

    @property
    def package(self) -> str:
        """What relative imports start from: only the SDK has them, since workers know it as `workerset`."""
        return "controller.sdk.workerset" if SDK in self.path.parents else ""

    @functools.cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    def at(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"

    @functools.cached_property
    def imports(self) -> list[tuple[str, ast.AST]]:
        """Full dotted names, those under `if TYPE_CHECKING` included: a name in a type is a dependency."""
        return list(_imports(self.tree, self.package))

    @functools.cached_property
    def dotted(self) -> list[tuple[str, ast.AST]]:
        """Every use of an imported name, attributes included, by what it stands for: `os.kill`."""
        return list(_dotted(self.tree, self.package))


def _imports(tree: ast.AST, package: str) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{_source(node, package)}.{name.name}", node) for name in node.names)


def _source(node: ast.ImportFrom, package: str) -> str:
    """The full name of what is imported from."""
    assert node.level == 0 or (node.level == 1 and package), "relative imports hide which floor is meant"
    return ".".join(part for part in (package if node.level else "", node.module) if part)


def _dotted(tree: ast.AST, package: str) -> Iterator[tuple[str, ast.AST]]:
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {(name.asname or name.name.split(".")[0]): name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, package)
            known |= {(name.asname or name.name): f"{source}.{name.name}" for name in node.names}
    for node in ast.walk(tree):
        parts, inner = [], node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            head = known.get(inner.id) or BUILTINS.get(inner.id)
            if head:
                yield ".".join([head, *reversed(parts)]), node


def of_ours(name: str) -> str:
    """The part that an import names (`core`, `sdk`); empty for foreign ones."""
    parts = name.split(".")
    if parts[0] == "workerset":
        return "sdk"
    return parts[1] if parts[0] == "controller" and len(parts) > 1 else ""


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From the first statement after the docstring to the last line."""
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        if len(node.body) == 1:
            return 0
        first = node.body[1]
    return (node.end_lineno or first.lineno) - first.lineno + 1


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many, `self` and `cls` aside."""
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))
