"""Command lines as `command`: without a shell where that means the same (S1.6)."""

from __future__ import annotations

import pytest

from controller.core import words
from controller.importers import shell


@pytest.mark.parametrize(
    ("line", "command", "env", "folder"),
    [
        ("python web.py", "python web.py", {}, ""),
        ("  exec  python web.py ", "python web.py", {}, ""),
        (
            "A=1 B='two words' C=\"x\" python web.py",
            "python web.py",
            {"A": "1", "B": "two words", "C": "x"},
            "",
        ),
        ("cd web && npm start", "npm start", {}, "web"),
        ("cd web && A=1 exec npm start", "npm start", {"A": "1"}, "web"),
        ("cd $DIR && npm start", ["sh", "-c", "cd $DIR && npm start"], {}, ""),
        ("A=$B python web.py", ["sh", "-c", "A=$B exec python web.py"], {}, ""),
        ('A="$B c" D=1 exec web $X', ["sh", "-c", 'A="$B c" D=1 exec web $X'], {}, ""),
        ("eval $START", ["sh", "-c", "eval $START"], {}, ""),
        (". $HOME/env", ["sh", "-c", ". $HOME/env"], {}, ""),
        ("serve -p $PORT", "serve -p $(PORT)", {}, ""),
        ("serve -p ${PORT}1", "serve -p $(PORT)1", {}, ""),
        ("serve '$PORT'", "serve '$PORT'", {}, ""),
        ("serve -p ${PORT:-80}", ["sh", "-c", "exec serve -p ${PORT:-80}"], {}, ""),
        ("A=1 serve $A", "serve $(A)", {"A": "1"}, ""),
        ("serve $OTHER", ["sh", "-c", "exec serve $OTHER"], {}, ""),
        ("serve $(date) | tee log", ["sh", "-c", "serve $$(date) | tee log"], {}, ""),
        ("serve *.py", ["sh", "-c", "exec serve *.py"], {}, ""),
        ("serve 'a | b'", "serve 'a | b'", {}, ""),
        ("serve a#b  # a comment # more", "serve a#b", {}, ""),
        ("serve '# a' \"b # c\"", "serve '# a' \"b # c\"", {}, ""),
    ],
)
def test_a_line_of_shell(line: str, command: object, env: dict[str, str], folder: str) -> None:
    made = shell.program(line, ("PORT",))
    assert (made.command, made.env, made.working_dir) == (command, env, folder)


@pytest.mark.parametrize("line", ["", "   ", "''"])
def test_no_command_at_all(line: str) -> None:
    with pytest.raises(ValueError, match="the command is empty"):
        shell.program(line)


def test_an_open_quote_is_told() -> None:
    with pytest.raises(ValueError, match="a quotation mark is not closed"):
        shell.program("python -c 'x")


@pytest.mark.parametrize(
    "given", [["a", "b c"], ["a"], ["a", ""], ["a", "$x"], ["a", "$(X)", "b=c"], ["A=1", "b"]]
)
def test_words_that_are_put_together_come_apart_as_they_were(given: list[str]) -> None:
    made = shell.simplest(given)
    assert (list(words.split(made)) if isinstance(made, str) else made) == given
