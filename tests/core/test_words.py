"""`command` as one string (S1.6)."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python -u app.py", ("python", "-u", "app.py")),
        ("  a\tb\nc ", ("a", "b", "c")),
        ("sh -c 'a | b && c'", ("sh", "-c", "a | b && c")),
        ('echo "a \\"b\\" \\n"', ("echo", 'a "b" \\n')),
        ("echo ''", ("echo", "")),
        ("echo a'b'\"c\"", ("echo", "abc")),
        ("echo a\\ b", ("echo", "a b")),
        ("app --port=$(PORT) '$HOME'", ("app", "--port=$(PORT)", "$HOME")),
        ('app "$(NAME)"', ("app", "$(NAME)")),
        ("app price=5$ a=b", ("app", "price=5$", "a=b")),
        ("echo \\$HOME", ("echo", "$HOME")),
        ("a\\\nb", ("ab",)),
        ("it's | x'", ("its | x",)),
    ],
)
def test_s1_6_a_string_is_split_as_a_shell_would(text: str, expected: tuple[str, ...]) -> None:
    assert words.split(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "message", "fix"),
    [
        ("a | b", 2, "the shell operator |", "[sh, -c, 'a | b']"),
        ("a && b", 2, "the shell operator &", "[sh, -c, 'a && b']"),
        ("cat <in >out", 4, "the shell operator <", "sh, -c"),
        ("a; b", 1, "the shell operator ;", "sh, -c"),
        ("(a)", 0, "the shell operator (", "sh, -c"),
        ("ls *.py", 3, "the pattern *", "sh, -c"),
        ("ls ~/x", 3, "the pattern ~", "sh, -c"),
        ("echo $HOME", 5, "no shell expands $HOME here", "write $(HOME), or '$HOME'"),
        ('echo "${A}"', 6, "no shell expands ${A} here", "write $(A)"),
        ("echo $(date +%s)", 5, "$(", "sh, -c"),
        ("echo `date`", 5, "a backquote", "sh, -c"),
        ("echo $1", 5, "$1", "sh, -c"),
        ("A=1 app", 0, "A= before the program is an assignment", "put A under env"),
        ("echo it's", 7, "is not closed: '", "add the second one"),
        ('echo "a', 5, 'is not closed: "', "add the second one"),
        ("a \\", 2, "nothing follows the last backslash", "remove it"),
        ("", 0, "the command is empty", "name a program"),
        ("''", 0, "the command is empty", "name a program"),
    ],
)
def test_s1_6_what_only_a_shell_can_do_is_refused(text: str, at: int, message: str, fix: str) -> None:
    with pytest.raises(words.NeedsShell) as caught:
        words.split(text)
    assert message in caught.value.message
    assert fix in caught.value.fix
    assert caught.value.at == at


@given(st.text(alphabet="ab \"'\\=-\n", min_size=1))
def test_s1_6_without_operators_it_is_what_a_shell_makes(text: str) -> None:
    try:
        ours = words.split(text)
    except words.NeedsShell:
        return
    if "\\\n" not in text:  # the standard library keeps an escaped line feed, a shell drops it
        assert list(ours) == shlex.split(text)


@given(st.text())
def test_any_text_is_split_or_refused(text: str) -> None:
    refused = None
    try:
        assert words.split(text)[0]
    except words.NeedsShell as error:
        refused = error
    assert refused is None or (refused.fix and 0 <= refused.at <= len(text))
