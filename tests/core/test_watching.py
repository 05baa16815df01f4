"""Which files concern a set (S1, S4.10)."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core import watching

ROOT = "/home/me/shop"


def interest(**spec: Any) -> watching.Interest:
    found = watching.interest_of({"metadata": {}, "spec": spec}, ROOT)
    assert found is not None
    return found


def takes(found: watching.Interest, path: str, *, ignored: bool = False) -> bool:
    """As a walk from the root would find it."""
    parts = path.split("/")
    folders = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return all(found.holds(one, ignored=ignored) for one in folders) and found.takes(path, ignored=ignored)


@pytest.mark.parametrize("spec", [{}, {"watch": False}, {"watch": []}])
def test_nothing_is_watched_unless_it_is_declared(spec: dict[str, Any]) -> None:
    assert watching.interest_of({"metadata": {}, "spec": {"file": "a.py", **spec}}, ROOT) is None


def test_a_set_on_its_way_out_watches_nothing() -> None:
    obj = {"metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z"}, "spec": {"watch": True}}
    assert watching.interest_of(obj, ROOT) is None


@pytest.mark.parametrize(
    ("file", "yes", "no"),
    [
        ("bin/job.py", "bin/job.py src/a.py a.pyi", "a.js README.md src/a.pyc"),
        ("server.ts", "a.ts src/b.tsx c.mjs", "a.py"),
        ("job.php", "lib/a.php", "a.py"),
        ("bin/odd", "bin/odd a.py b.php", "README.md"),
    ],
)
def test_true_goes_by_the_language_of_the_file(file: str, yes: str, no: str) -> None:
    found = interest(file=file, watch=True)
    assert [path for path in yes.split() if not takes(found, path)] == []
    assert [path for path in no.split() if takes(found, path)] == []


def test_true_without_a_file_means_all_sources() -> None:
    found = interest(command=["x"], watch=True)
    assert takes(found, "a.py")
    assert takes(found, "a.rb")
    assert not takes(found, "notes.txt")


def test_true_leaves_out_what_git_ignores_but_not_the_file_itself() -> None:
    found = interest(file="made/job.py", watch=True)
    assert not takes(found, "made/other.py", ignored=True)
    assert found.takes("made/job.py", ignored=True)
    assert found.holds("made", ignored=True)


@pytest.mark.parametrize("path", [".git/a.py", "src/.git/a.py", ".workerset/logs/a.py"])
def test_no_pattern_reaches_what_is_never_a_source(path: str) -> None:
    assert not takes(interest(watch=["**"]), path)


def test_caches_are_walked_where_a_pattern_names_them() -> None:
    assert not takes(interest(watch=["**/*.js"]), "node_modules/left/a.js")
    assert takes(interest(watch=["node_modules/left/**"]), "node_modules/left/a.js")
    assert not takes(interest(watch=["node_modules/left/**"]), "node_modules/right/a.js")


@pytest.mark.parametrize("name", [".#a.py", "a.py~", ".a.py.swp", "4913", "a.py___jb_tmp___", "#a.py#"])
def test_what_editors_write_beside_a_file_is_not_meant(name: str) -> None:
    assert not takes(interest(watch=["**"]), f"src/{name}")


def test_patterns_take_back() -> None:
    found = interest(watch=["src/**/*.py", "!src/made"])
    assert takes(found, "src/a.py")
    assert not takes(found, "src/made/a.py")


def test_env_files_belong_to_what_is_watched() -> None:
    found = interest(watch=["src/*.py"], env_files=[".env", "/etc/elsewhere.env"])
    assert found.env_files == {".env"}
    assert takes(found, ".env")


def test_absolute_patterns_below_the_root_count() -> None:
    found = interest(watch=[f"{ROOT}/src/*.py", f"!{ROOT}/src/b.py"])
    assert takes(found, "src/a.py")
    assert not takes(found, "src/b.py")


def test_paths_in_their_plain_form() -> None:
    given = ("a/./b", "a/../b", "../x", "/etc/x", f"{ROOT}/x/y", "./a")
    assert [watching.inside(path, ROOT) for path in given] == ["a/b", "b", None, None, "x/y", "a"]


def test_the_cause_is_a_file_and_how_many_more() -> None:
    assert watching.cause([("a.py", "modified")]) == "a.py (modified)"
    assert watching.cause([("a.py", "deleted"), ("b.py", "added")]) == "a.py (deleted) and 1 more"
