"""The commands of a systemd unit as one `command`, and its specifiers."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from controller.importers import convert, drafts, shell, unitfile

_SPECIFIER = re.compile(r"%(.)")
_BRACED = re.compile(r"\$\{(\w+)\}")
_PLAIN = re.compile(r"\$([A-Za-z_]\w*)")
_DOLLARS = re.compile(r"\$\$(?!\()")
_OURS = re.compile(r"(?<!\$)\$\((\w+)\)")
_KILL = re.compile(r"(?:/usr)?/bin/kill\s+(?:-s\s*|-)?([A-Za-z]+|\d+)\s+\$\{?MAINPID\}?")
_WORDS = "\0"
_ALWAYS = ("HOME", "USER", "XDG_RUNTIME_DIR")
_IN_COMMANDS = {"h": "$(HOME)", "u": "$(USER)", "t": "$(XDG_RUNTIME_DIR)"}


@dataclass(frozen=True, slots=True)
class Specifiers:
    """What stands for %n, %p, %i, %h; a template has no instance."""

    name: str
    prefix: str
    instance: str
    home: str = ""
    is_template: bool = False

    def fill(self, text: str, draft: drafts.Draft, place: str, *, in_command: bool = False) -> str:
        """What is not known stays, with a note."""

        def one(found: re.Match[str]) -> str:
            known = {"%": "%", "n": self.name, "N": self.name.removesuffix(".service"), "p": self.prefix,
                     **(_IN_COMMANDS if in_command else {})}  # fmt: skip
            if self.home and not in_command:
                known["h"] = self.home
            if not self.is_template:
                known |= {"i": self.instance, "I": self.instance.replace("-", "/")}
            if found[1] in known:
                return known[found[1]]
            why = (
                "an instance of the template: name a file NAME@INSTANCE.service"
                if found[1] in "iI"
                else "not known"
            )
            draft.lose(place, f"%{found[1]}: {why}")
            return found[0]

        return _SPECIFIER.sub(one, text)


def put(draft: drafts.Draft, unit: unitfile.Unit, specifiers: Specifiers) -> None:
    """ExecStartPre and ExecStart as `command`; ExecStop as `stop_signal` where it only sends one."""
    steps: list[tuple[list[str], bool]] = []
    given = [*unit.all("Service", "ExecStartPre"), *unit.all("Service", "ExecStart")]
    for one in given:
        text = specifiers.fill(shell.escaped(one.value), draft, one.place, in_command=True)
        try:
            steps += _commands(text, draft, one.place)
        except ValueError as error:
            draft.lose(one.place, f"{one.key}: {error}")
    if not unit.all("Service", "ExecStart"):
        draft.lose(unit.place, "there is no ExecStart")
    elif len(steps) == 1:
        draft.spec["command"] = _alone(steps[0][0], draft)
        if steps[0][1]:
            draft.change(given[-1].place, "- before the program: a failure counts as one here")
    elif steps:
        draft.spec["command"] = ["sh", "-c", _joined(steps)]
    for one in unit.all("Service", "ExecStop"):
        _stop(draft, one)


def _stop(draft: drafts.Draft, given: drafts.Field) -> None:
    found = _KILL.fullmatch(given.value.lstrip("-").strip())
    try:
        if found is None:
            raise ValueError("a worker is stopped by a signal, or by its handle")
        draft.spec.setdefault("stop_signal", convert.stop_signal(found[1]))
    except ValueError as error:
        draft.lose(given.place, f"ExecStop={given.value}: {error}")


def _commands(text: str, draft: drafts.Draft, place: str) -> list[tuple[list[str], bool]]:
    """Words of each command of a line, and whether its failure is ignored."""
    marks = re.match(r"[-@:+!|]*", text.strip())
    assert marks is not None
    for mark, meaning in (("@", "another argv[0]"), ("+", "full privileges"), ("!", "raised privileges")):
        if mark in marks[0]:
            draft.lose(place, f"{mark} before the program, {meaning}: has no equivalent")
    found: list[list[str]] = [[]]
    for word in unitfile.split(text.strip()[marks.end() :]):
        if word == ";":
            found.append([])
        else:
            found[-1].append(word if ":" in marks[0] else _word(word))
    if "@" in marks[0] and len(found[0]) > 1:
        del found[0][1]
    if not found[0]:
        raise ValueError("the command is empty")
    return [(words, "-" in marks[0]) for words in found if words]


def _word(word: str) -> str:
    """`${NAME}` stands for one word, `$NAME` by itself for any number of them."""
    if plain := _PLAIN.fullmatch(word):
        return f"{_WORDS}{plain[1]}"
    return _DOLLARS.sub("$", _BRACED.sub(r"$(\1)", word))


def _alone(given: list[str], draft: drafts.Draft) -> list[str]:
    """Without a shell where every variable is known; what is not set must come to nothing, as there."""
    known = {**draft.env, **dict.fromkeys(_ALWAYS, "")}
    names = {name for word in given for name in _OURS.findall(word)}
    if any(word.startswith(_WORDS) for word in given) or not names <= known.keys():
        return ["sh", "-c", _joined([(given, False)])]
    return given


def _joined(steps: list[tuple[list[str], bool]]) -> str:
    """As a shell has it: the last one takes the shell's place."""
    lines = []
    for place, (words, ignores) in enumerate(steps):
        line = " ".join(_quoted(word) for word in words)
        last = place == len(steps) - 1
        lines.append(f"exec {line}" if last else f"{{ {line} || true; }}" if ignores else line)
    return " && ".join(lines)


def _quoted(word: str) -> str:
    """`$(NAME)` as the shell has it, unquoted where it may be several words; all else means itself."""
    if word.startswith(_WORDS):
        return f"${{{word[1:]}}}"
    literal, *rest = _OURS.split(word)
    if not rest:
        return shlex.quote(word.replace("$$(", "$("))
    text = _special(literal)
    for name, following in zip(rest[::2], rest[1::2], strict=True):
        text += f"${{{name}}}{_special(following)}"
    return f'"{text}"'


def _special(text: str) -> str:
    return re.sub(r'(["\\`$])', r"\\\1", text.replace("$$(", "$("))
