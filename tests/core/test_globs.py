"""Patterns of files: gitignore(5), checked against git itself where it is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core import globs


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.py", "a.py src/deep/a.py", "a.pyc py"),
        ("/*.py", "a.py", "src/a.py"),
        ("src/*.py", "src/a.py", "a.py src/deep/a.py lib/src/a.py"),
        ("src/**/*.py", "src/a.py src/x/y/a.py", "a.py src/a.txt"),
        ("**/jobs/*.py", "jobs/a.py x/jobs/a.py x/y/jobs/a.py", "jobs/x/a.py"),
        ("src", "src src/a.py lib/src/a.py", "srcs/a.py"),
        ("src/", "src/a.py", "src"),
        ("./src/*.py", "src/a.py", "a.py"),
        ("src/**", "src/a src/x/b", "src a"),
        ("a?c", "abc x/abc", "ac a/c"),
        ("[ab].py", "a.py b.py", "c.py"),
        ("[!ab].py", "c.py", "a.py"),
        ("[x", "[x", "x"),
        (r"\!a", "!a", "a"),
        (r"a\*", "a*", "ab"),
        (".", "a src/b", ""),
    ],
)
def test_patterns_mean_what_gitignore_says(pattern: str, yes: str, no: str) -> None:
    glob = globs.parse(pattern)
    assert glob is not None
    assert [path for path in yes.split() if not glob.matches(path)] == []
    assert [path for path in no.split() if glob.matches(path)] == []


@pytest.mark.parametrize("line", ["", "   ", "# words"])
def test_lines_without_a_pattern(line: str) -> None:
    assert globs.parse(line) is None


def test_the_last_pattern_that_matches_decides() -> None:
    patterns = globs.parse_all(["src", "!src/made", "src/made/by_hand.py"])
    assert globs.decide(patterns, "src/a.py") is True
    assert globs.decide(patterns, "src/made/x.py") is False
    assert globs.decide(patterns, "src/made/by_hand.py") is True
    assert globs.decide(patterns, "other") is None


def test_the_base_is_what_has_no_wildcard() -> None:
    bases = {
        text: glob.base for text in ("src/a/*.py", "*.py", "a/b.py", "/**") if (glob := globs.parse(text))
    }
    assert bases == {"src/a/*.py": "src/a", "*.py": "", "a/b.py": "a/b.py", "/**": ""}


names = st.text("abc*?[]!.x", min_size=1, max_size=4).filter(lambda name: set(name) != {"."})
paths = st.lists(
    st.text("abcx.", min_size=1, max_size=3).filter(lambda n: set(n) != {"."}), min_size=1, max_size=4
)


@given(st.lists(names, min_size=1, max_size=4).map("/".join), paths.map("/".join))
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    glob = globs.parse(pattern)
    if glob is not None:
        assert glob.matches(path) in (True, False)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git to compare with")
@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b*", "**", "?", "[ab]"]), min_size=1, max_size=3),
        min_size=1,
        max_size=1,
    ),
    st.lists(
        st.lists(st.sampled_from(["a", "b", "bc", "x"]), min_size=1, max_size=4).map("/".join),
        max_size=6,
        unique=True,
    ),
)
def test_git_agrees(
    tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]], found: list[str]
) -> None:
    text = ["/".join(parts) for parts in lines]
    folder = _repository(tmp_path_factory)
    (folder / ".gitignore").write_text("\n".join(text))
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=folder, input="\n".join(found), capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [path for path in found if globs.decide(globs.parse_all(text), path)]
    assert ours == done.stdout.split()


_made: list[Path] = []


def _repository(factory: pytest.TempPathFactory) -> Path:
    if not _made:
        _made.append(factory.mktemp("repository"))
        subprocess.run(["git", "init", "-q", str(_made[0])], check=True)
    return _made[0]
