"""A command line as a `command`: run without a shell where that means the same, else with one (S1.6)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from controller.core import words
from controller.importers import drafts

_PLAIN = re.compile(r"(?:[\w./:=@%+,-]|\$\(\w+\))+")
_FOLDER = re.compile(r"cd\s+([\w./@+-]+)\s*&&\s*")
_EXEC = re.compile(r"exec\s+")
_ASSIGNMENT = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_]*)=((?:[^\s'"\\$`|&;<>()*?~]|'[^']*'|"[^"$`\\]*")*)\s+(?=\S)"""
)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z|k)?sh")
_SCRIPT = re.compile(r"-[a-z]*c")
_REFERENCE = re.compile(r"(?<!\$)\$\((\w+)\)")
_LEADING = re.compile(r"""(?:[A-Za-z_]\w*=(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])*\s+)*""")
_BUILTINS = frozenset({".", "!", "[[", "eval", "exec", "export", "set", "source", "time", "ulimit", "umask"})
_SPECIAL = re.compile(r"""["\\`]|\$(?!\([A-Za-z_])""")
_OURS = re.compile(r"\$\((?=[A-Za-z_][A-Za-z0-9_.-]*\))")
_COMMENT = re.compile(r"""((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^'"\\])*?)\s#.*""", re.DOTALL)
_SEVERAL = re.compile(r"[|&;<>()`\n]|\$\(")


@dataclass(slots=True)
class Program:
    """What a line of shell comes down to."""

    command: str | list[str]
    env: dict[str, str] = field(default_factory=dict)
    working_dir: str = ""


def program(text: str, known: Collection[str] = ()) -> Program:
    """Raises ValueError for no program at all. `known` are variables that every process has for certain."""
    rest = text.strip()
    if "\n" not in rest and (commented := _COMMENT.fullmatch(rest)):
        rest = commented[1].rstrip()
    made = Program("")
    while found := _FOLDER.match(rest) if not made.working_dir else None:
        made.working_dir, rest = found[1], rest[found.end() :]
    while found := _ASSIGNMENT.match(rest):
        made.env[found[1]] = re.sub(r"""['"]""", "", found[2])
        rest = rest[found.end() :]
    rest = _EXEC.sub("", rest, count=1) if _EXEC.match(rest) and not _SEVERAL.search(rest) else rest
    if not rest:
        raise ValueError("the command is empty")
    made.command = _command(rest, {*known, *made.env})
    return made


def put(draft: drafts.Draft, text: str, known: Collection[str] = ()) -> None:
    """The command of a set, with the folder and variables that the line begins with."""
    made = program(text, {*known, *draft.env})
    draft.spec["command"] = made.command
    if made.working_dir:
        draft.spec.setdefault("working_dir", made.working_dir)
    for key, value in made.env.items():
        draft.set_env(key, value)


def put_words(draft: drafts.Draft, text: str) -> None:
    """The command of a set that no shell has run before either: `;` and `&` mean themselves."""
    import shlex

    line = text if any(quote in text for quote in "'\"\\") else " ".join(text.split())
    try:
        words.split(line)
        is_simple = "\n" not in line and for_shell(shlex.split(line)) == shlex.split(line)
    except words.NeedsShell:
        is_simple = False
    draft.spec["command"] = line if is_simple else for_shell(shlex.split(line))
    if not draft.spec["command"]:
        raise ValueError("the command is empty")


def put_late(draft: drafts.Draft) -> None:
    """Variables that refer to others are set at the start, by `env` before the program."""
    command = draft.spec["command"]
    pairs = [f"{key}={value}" for key, value in draft.late.items()]
    if pairs and isinstance(command, str):
        draft.spec["command"] = " ".join(["env", *map(_quoted, pairs), command])
    elif pairs:
        draft.spec["command"] = ["env", *pairs, *command]


def _quoted(word: str) -> str:
    """One word of a command, in which `$(NAME)` is expanded."""
    return word if _PLAIN.fullmatch(word) else '"' + _SPECIAL.sub(r"\\\g<0>", word) + '"'


def simplest(given: list[str]) -> str | list[str]:
    """One string where all words are plain ones, so that it is read at a glance."""
    text = " ".join(given)
    try:
        is_plain = all(_PLAIN.fullmatch(one) for one in given) and list(words.split(text)) == given
    except words.NeedsShell:
        return given
    return text if is_plain else given


def for_shell(given: list[str]) -> list[str]:
    """Where a shell is the program, its script has `$(NAME)` as the shell does: empty if it is not set."""
    if len(given) < 3 or not _SHELL.fullmatch(given[0]) or not _SCRIPT.fullmatch(given[1]):
        return given
    return [*given[:2], _REFERENCE.sub(r"${\1}", given[2]), *given[3:]]


def escaped(word: str) -> str:
    """A word that is meant as it is, where `$(NAME)` would be expanded."""
    return _OURS.sub("$$(", word)


def _command(text: str, known: Collection[str]) -> str | list[str]:
    ours = _VARIABLE.sub(lambda found: _reference(found, known), text)
    try:
        words.split(ours)
    except words.NeedsShell as error:
        if error.message.startswith(("a quotation mark", "nothing follows", "the command is empty")):
            raise ValueError(error.message) from None
        return ["sh", "-c", escaped(_replacing(text))]
    return ours


def _replacing(text: str) -> str:
    """A line that ends as its program: `exec` before it, after what is assigned to variables."""
    prefix = _LEADING.match(text)
    start = prefix.end() if prefix else 0
    rest = text[start:]
    if _SEVERAL.search(text) or not rest or rest.split()[0] in _BUILTINS:
        return text
    return f"{text[:start]}exec {rest}"


def _reference(found: re.Match[str], known: Collection[str]) -> str:
    """`$PORT` as `$(PORT)`, unless it is quoted as it is."""
    name = found[1] or found[2]
    is_literal = found.string.count("'", 0, found.start()) % 2
    return f"$({name})" if name in known and not is_literal else found[0]
