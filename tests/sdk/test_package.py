"""The package itself: Python 3.9, cheap to import, the same under both of its names."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.sdk.conftest import SDK

FILES = sorted((SDK / "workerset").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    starts = [ast.unparse(node) for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert starts[:1] in ([], ["from __future__ import annotations"])
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]


def test_nothing_else_is_importable_from_its_folder() -> None:
    importable = {
        path.stem for path in SDK.iterdir() if path.stem.isidentifier() and path.suffix in ("", ".py")
    }
    assert importable - {"__init__", "__pycache__"} == {"workerset"}


@pytest.mark.parametrize(
    "program",
    ["import workerset", "from workerset import contract, layout", "import workerset; dir(workerset)"],
)
def test_importing_it_loads_nothing(program: str) -> None:
    told = f"import sys; before = set(sys.modules); {program}; print(*sorted(set(sys.modules) - before))"
    environ = {"PYTHONPATH": str(SDK), "NOTIFY_SOCKET": "x", "WORKERSET_RUN": "x"}
    done = subprocess.run(
        [sys.executable, "-c", told], env=environ, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {
        "__future__",
        "workerset",
        "workerset.contract",
        "workerset.crash",
        "workerset.layout",
    }


def test_it_is_importable_beside_the_controller(tmp_path: Path) -> None:
    program = (
        "import workerset, controller.sdk.workerset as other; print(workerset.__file__ == other.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_every_public_name_is_there(outside: ModuleType) -> None:
    for name in outside.__all__:
        assert getattr(outside, name) is not None
    assert set(outside.__all__) <= set(dir(outside))
    assert outside.handle is outside.handle
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        outside.nonsense  # noqa: B018


def test_public_names_stay_functions_whatever_is_imported(outside: ModuleType) -> None:
    """A module of the package must not be called like one of them: importing it would take its place."""
    assert {path.stem for path in FILES} & set(outside.__all__) == set()


def test_it_is_typed() -> None:
    assert (SDK / "workerset" / "py.typed").exists()


def test_the_static_and_the_lazy_names_agree(outside: ModuleType) -> None:
    tree = ast.parse((SDK / "workerset" / "__init__.py").read_text())
    (block,) = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    static = {
        (node.module, name.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    }
    assert static == {(home, name) for home, names in outside._HOMES.items() for name in names}
    assert sorted(outside.__all__) == sorted(name for _, name in static)


def test_errors_are_one_tree(outside: ModuleType) -> None:
    tree = [
        value
        for value in vars(sys.modules[outside.WorkersetError.__module__]).values()
        if isinstance(value, type)
    ]
    assert len(tree) == 12
    assert all(issubclass(one, outside.WorkersetError) for one in tree)
    assert issubclass(outside.EnsureTimeout, TimeoutError)
    assert issubclass(outside.VarsTimeout, TimeoutError)
