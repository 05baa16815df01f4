"""dotenv files: what is taken, and a position in every complaint."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import ports
from controller.runtime import envfile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("A=1\nB=two\n", {"A": "1", "B": "two"}),
        ("A=1", {"A": "1"}),
        ("\n  # comment\nexport A = 1 \n", {"A": "1"}),
        ("A=\nB=''\n", {"A": "", "B": ""}),
        ("A=one two # comment\nB=one#two\nC=#nothing", {"A": "one two", "B": "one#two", "C": ""}),
        ("A='$HOME \\n # x' # comment\n", {"A": "$HOME \\n # x"}),
        ('A="one\\ntwo \\"x\\" \\$y \\z"\n', {"A": 'one\ntwo "x" $y \\z'}),
        ("A=\"one\ntwo\"\nB='three\nfour'\n", {"A": "one\ntwo", "B": "three\nfour"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("a.b-c=1\n", {"a.b-c": "1"}),
        ("URL=postgres://u:p@h/db?x=1&y=2\n", {"URL": "postgres://u:p@h/db?x=1&y=2"}),
    ],
)
def test_what_is_taken(text: str, expected: dict[str, str]) -> None:
    assert envfile.parse(text, ".env") == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A=1\nnot a line\n", ".env:2: expected NAME=value: not a line"),
        ("1A=2\n", ".env:1: expected NAME=value: 1A=2"),
        ("A=1\n\nB='open\n\n", ".env:3: the single quote is never closed"),
        ('A="open\n', ".env:1: the double quote is never closed"),
        ("A='x'y\n", ".env:1: something follows the closing quote: quote the whole value"),
        ("WORKERSET_NAME=x\n", ".env:1: WORKERSET_NAME is set by workerset: remove this line"),
        ("A=\0\n", ".env:1: the value of A holds a NUL byte"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(ports.LaunchProblem) as problem:
        envfile.parse(text, ".env")
    assert str(problem.value) == says


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
        st.text().filter(lambda v: not {"\0", "\r"} & set(v)),
    )
)
def test_quoted_values_come_back_as_they_are(values: dict[str, str]) -> None:
    values = {name: value for name, value in values.items() if not name.startswith(("LISTEN", "NOTIFY"))}
    text = "".join(f'{name}="{_escaped(value)}"\n' for name, value in values.items())
    assert envfile.parse(text, ".env") == values


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def test_files_are_relative_to_the_root_and_later_ones_win(tmp_path: Path) -> None:
    (tmp_path / "one.env").write_bytes(b"\xef\xbb\xbfA=1\nB=1\n")
    (tmp_path / "two.env").write_text("B=2\n")
    assert envfile.read(["one.env", str(tmp_path / "two.env")], str(tmp_path)) == {"A": "1", "B": "2"}


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_bytes(b"A=1\nB=\xff\n")
    with pytest.raises(ports.LaunchProblem, match=r"bad.env:2: not UTF-8"):
        envfile.read(["bad.env"], str(tmp_path))
    with pytest.raises(ports.LaunchProblem, match=r"env file not found: gone.env"):
        envfile.read(["gone.env"], str(tmp_path))
    (tmp_path / "folder").mkdir()
    with pytest.raises(ports.LaunchProblem, match=r"cannot read env file, Is a directory: folder"):
        envfile.read(["folder"], str(tmp_path))
