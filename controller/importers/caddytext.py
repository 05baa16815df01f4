"""Caddyfiles as trees of directives: tokens with quotes, here-documents and comments, blocks, variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from controller.importers import sources

_VARIABLE = re.compile(r"\{\$[A-Za-z_][A-Za-z0-9_]*:([^{}]*)\}")
UNKNOWN = re.compile(r"\{\$[A-Za-z_][A-Za-z0-9_]*\}")
"""A variable without a default: what it holds is a machine's."""
_HEREDOC = re.compile(r"<<([A-Za-z0-9_-]+)\n")
_SPACE = " \t\r"


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    line: int
    is_quoted: bool = False


@dataclass(slots=True)
class Directive:
    """A line with its words, and the block that it opens; `source` is the file it is from."""

    words: list[Token]
    source: sources.Source
    block: list[Directive] | None = None

    @property
    def name(self) -> str:
        return self.words[0].text if self.words else ""

    @property
    def args(self) -> list[str]:
        return [word.text for word in self.words[1:]]

    @property
    def place(self) -> str:
        return self.source.at(self.words[0].line if self.words else 1)


def parse(source: sources.Source) -> list[Directive]:
    """Variables are put in before anything else is read: by their defaults. Raises NotOurs."""
    text = _VARIABLE.sub(lambda found: found[1], source.text)
    return _Parser(source, _tokens(source, text)).block(is_top=True)


def _tokens(source: sources.Source, text: str) -> list[Token]:
    """Each line's words, and a token of a line feed where a line ends."""
    found: list[Token] = []
    at, line = 0, 1
    while at < len(text):
        char = text[at]
        if char == "\n":
            found.append(Token("\n", line))
            at, line = at + 1, line + 1
        elif char in _SPACE:
            at += 1
        elif char == "#":
            at = (text.find("\n", at) + len(text) + 1) % (len(text) + 1)
        elif text.startswith("\\\n", at) or text.startswith("\\\r\n", at):
            at, line = text.index("\n", at) + 1, line + 1
        else:
            token, end = _token(source, text, at, line)
            found.append(token)
            line += text.count("\n", at, end)
            at = end
    return found


def _token(source: sources.Source, text: str, at: int, line: int) -> tuple[Token, int]:
    if text[at] in '"`':
        return _quoted(source, text, at, line)
    if heredoc := _HEREDOC.match(text, at):
        end = re.compile(rf"^[ \t]*{re.escape(heredoc[1])}(?=\s|$)", re.MULTILINE).search(text, heredoc.end())
        if end is None:
            raise sources.NotOurs(source.name, line, f"the here-document is not closed: {heredoc[1]}")
        return Token(text[heredoc.end() : end.start()].rstrip("\n"), line, True), end.end()
    end_at = at
    while end_at < len(text) and text[end_at] not in " \t\r\n":
        end_at += 1
    return Token(text[at:end_at], line), end_at


def _quoted(source: sources.Source, text: str, at: int, line: int) -> tuple[Token, int]:
    quote, out, here = text[at], "", at + 1
    while here < len(text) and text[here] != quote:
        if quote == '"' and text.startswith('\\"', here):
            here += 1
        out += text[here]
        here += 1
    if here >= len(text):
        raise sources.NotOurs(source.name, line, f"a quotation mark is not closed: {quote}")
    return Token(out, line, True), here + 1


@dataclass(slots=True)
class _Parser:
    source: sources.Source
    tokens: list[Token]
    at: int = 0
    depth: int = 0
    words: list[Token] = field(default_factory=list)

    def block(self, *, is_top: bool = False) -> list[Directive]:
        """Up to the brace that closes it."""
        found: list[Directive] = []
        words: list[Token] = []
        opened = self.tokens[self.at - 1].line if self.at else 1
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.text == "\n" and not token.is_quoted:
                if is_top and words and words[-1].text.endswith(","):
                    continue  # a list of addresses goes on
                if words:
                    found.append(Directive(words, self.source))
                words = []
            elif token.text == "}" and not token.is_quoted:
                if words:
                    found.append(Directive(words, self.source))
                if is_top:
                    raise sources.NotOurs(self.source.name, token.line, "a } that closes nothing")
                return found
            elif token.text == "{" and not token.is_quoted:
                self._enter(token)
                found.append(Directive(words or [token], self.source, self.block()))
                self.depth -= 1
                words = []
            else:
                words.append(token)
        if not is_top:
            raise sources.NotOurs(self.source.name, opened, "a { is not closed")
        if words:
            found.append(Directive(words, self.source))
        return found

    def _enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > 60:
            raise sources.NotOurs(self.source.name, token.line, "nested deeper than 60 levels")
