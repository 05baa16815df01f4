"""Reads Kubernetes' JSONPath templates into parts and steps; errors show the position."""

from __future__ import annotations

import json
import re

from controller.cli import errors, jsonsteps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.cli.jsonsteps import Step

_ENDS_FIELD = frozenset(" \t\r\n.,[]${}@*")
_ENDS_FILTER_FIELD = _ENDS_FIELD | frozenset("=!<>()&|")
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d*))?")
_INDEX = re.compile(r"-?\d+")
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>|=(?!~)")
_KEYWORD = re.compile(r"(range|end)(?![\w-])")
_DOT = re.compile(r"(?<!\\)\.")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Part:
    """Text, a path in braces, or (with `body`) a range over a path's values."""

    __slots__ = ("body", "steps", "text")

    def __init__(self, text: str = "", steps: Sequence[Step] = (), body: list[Part] | None = None) -> None:
        self.text = text
        self.steps = steps
        self.body = body


class Parser:
    """Recursive descent over the template's text; `at` is where we are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, message: str, at: int | None = None) -> errors.UsageError:
        position = self.at if at is None else at
        shown = self.text.replace("\n", " ").replace("\t", " ")
        return errors.UsageError(
            f"jsonpath: {message} at position {position + 1}", f"  {shown}\n  {' ' * position}^"
        )

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def skip_space(self) -> None:
        while self.peek() and self.peek() in " \t\r\n":
            self.at += 1

    def template(self) -> list[Part]:
        """Text and actions; ranges nest."""
        stack: list[list[Part]] = [[]]
        opened: list[int] = []
        while self.at < len(self.text):
            if self.peek() != "{":
                end = self.text.find("{", self.at)
                end = len(self.text) if end < 0 else end
                stack[-1].append(Part(self.text[self.at : end]))
                self.at = end
                continue
            start = self.at
            word, steps = self.action()
            if word == "end":
                if not opened:
                    raise self.fail("nothing to end here", start)
                opened.pop()
                stack.pop()
            elif word == "range":
                body: list[Part] = []
                stack[-1].append(Part(steps=steps, body=body))
                stack.append(body)
                opened.append(start)
            else:
                stack[-1].append(Part(steps=steps))
        if opened:
            raise self.fail("this range has no {end}", opened[-1])
        return stack[0]

    def action(self) -> tuple[str, list[Step]]:
        """`{…}`: range, end, or a path."""
        start = self.at
        self.at += 1
        self.skip_space()
        word = _KEYWORD.match(self.text, self.at)
        if word:
            self.at = word.end()
        steps = self.steps(_ENDS_FIELD)
        if not self.take("}"):
            if self.peek():
                raise self.fail(f"unexpected {self.peek()!r}")
            raise self.fail("this brace is not closed", start)
        name = word[1] if word else ""
        if name == "range" and not steps:
            raise self.fail("range needs a path", start)
        if name == "end" and steps:
            raise self.fail("end stands alone", start)
        if not name and not steps:
            raise self.fail("nothing between the braces", start)
        return name, steps

    def steps(self, ends: frozenset[str]) -> list[Step]:
        """Everything up to what belongs to no path."""
        found: list[Step] = []
        while True:
            if ends is _ENDS_FIELD:
                self.skip_space()
            char = self.peek()
            if char == "$":
                self.at += 1
                found.append(jsonsteps.whole)
            elif char == "@":
                self.at += 1
                found.append(jsonsteps.itself)
            elif self.take(".."):
                found.append(jsonsteps.descend)
                if self.peek() not in ("[", "."):
                    found.append(self.field(ends))
            elif char == ".":
                self.at += 1
                found.append(self.dotted(ends))
            elif char == "[":
                found.append(self.bracket())
            elif char in ("'", '"') and char:
                found.append(jsonsteps.literal(self.quoted()))
            elif (char.isalnum() or char in "+-") and char:
                found.append(self.word(ends))
            else:
                return found

    def dotted(self, ends: frozenset[str]) -> Step:
        """After one dot: a field's name; a dot alone, or before a bracket, is the value itself."""
        if self.peek() == "" or (self.peek() in ends and self.peek() not in ".*"):
            return jsonsteps.itself
        return self.field(ends)

    def field(self, ends: frozenset[str]) -> Step:
        if self.take("*"):
            return jsonsteps.wildcard
        start, name = self.at, ""
        while (char := self.peek()) and char not in ends:
            if char == "\\":
                self.at += 1
                char = self.peek()
            name += char
            self.at += 1
        if not name:
            raise self.fail("a field's name is missing", start)
        return jsonsteps.field(name)

    def quoted(self) -> str:
        """A literal in either quotes, with the usual escapes."""
        start, quote, text = self.at, self.peek(), ""
        self.at += 1
        while char := self.peek():
            self.at += 1
            if char == quote:
                return text
            if char == "\\":
                escaped = self.peek()
                self.at += 1
                char = _ESCAPES.get(escaped, escaped if escaped in ("\\", quote) else f"\\{escaped}")
            text += char
        raise self.fail("this quote is not closed", start)

    def word(self, ends: frozenset[str]) -> Step:
        """A number, true, false, null."""
        start = self.at
        while (char := self.peek()) and (char not in ends or (char == "." and self.at > start)):
            self.at += 1
        text = self.text[start : self.at]
        try:
            return jsonsteps.literal(json.loads(text.removeprefix("+")))
        except ValueError:
            raise self.fail(f"not a path, number or quoted text: {text!r}", start) from None

    def bracket(self) -> Step:
        """`[…]`: index, slice, wildcard, keys, filter, and unions of them."""
        start = self.at
        self.at += 1
        self.skip_space()
        if self.take("?("):
            return self.filter(start)
        branches = [[self.element(start)]]
        while True:
            self.skip_space()
            if self.take("]"):
                return branches[0][0] if len(branches) == 1 else jsonsteps.union(branches)
            if not self.take(","):
                raise self.fail("this bracket is not closed", start)
            self.skip_space()
            branches.append([self.element(start)])

    def element(self, start: int) -> Step:
        if self.take("*"):
            return jsonsteps.wildcard
        if self.peek() in ("'", '"') and self.peek():
            text = self.quoted()
            names = [name.replace("\\", "") for name in _DOT.split(text)]
            return jsonsteps.key((text, text.replace("\\.", ".")), names)
        if found := _SLICE.match(self.text, self.at):
            first, last, stride = (int(one) if one not in (None, "", "-") else None for one in found.groups())
            if stride is not None and stride <= 0:
                raise self.fail("a slice's step must be above 0", found.start(3))
            self.at = found.end()
            return jsonsteps.part(first, last, stride)
        number = _INDEX.match(self.text, self.at)
        if number is None:
            if not self.peek():
                raise self.fail("this bracket is not closed", start)
            raise self.fail("not an index, slice, 'key' or ?(filter)")
        self.at = number.end()
        return jsonsteps.item(int(number[0]))

    def filter(self, start: int) -> Step:
        """`[?(@.a == "b")]`; one comparison, as in Kubernetes."""
        left = self.operand(start)
        found = _OPERATOR.match(self.text, self.at)
        right: list[Step] = []
        if found:
            self.at = found.end()
            right = self.operand(start)
        if self.text.startswith(("&&", "||", "=~"), self.at):
            raise self.fail(f"{self.text[self.at : self.at + 2]} is not supported in a filter")
        if not self.take(")"):
            raise self.fail("this filter is not closed", start)
        self.skip_space()
        if not self.take("]"):
            raise self.fail("this bracket is not closed", start)
        return jsonsteps.select(left, found[0] if found else "", right)

    def operand(self, start: int) -> list[Step]:
        self.skip_space()
        steps = self.steps(_ENDS_FILTER_FIELD)
        self.skip_space()
        if not steps and not self.peek():
            raise self.fail("this filter is not closed", start)
        if not steps:
            raise self.fail("a filter compares paths, numbers and quoted texts")
        return steps
