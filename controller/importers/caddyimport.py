"""Snippets and imported files of a Caddyfile, put in where they are named."""

from __future__ import annotations

import re

from controller.importers import caddytext, drafts, sources

_ARG = re.compile(r"\{args\[(\d+)\]\}|\{args\.(\d+)\}")
_DEPTH = 20
MOST_DIRECTIVES = 50_000
"""Of one file, imports put in: snippets that import each other twice grow without bounds."""

Directives = list[caddytext.Directive]


class Expander:
    """Holds what is defined; `found` hears of what is not."""

    def __init__(self, files: sources.Files, found: drafts.Drafts) -> None:
        self._files = files
        self._found = found
        self._snippets: dict[str, Directives] = {}
        self._left = MOST_DIRECTIVES

    def expand(self, directives: Directives) -> Directives:
        """Without snippets and imports; raises NotOurs where they lead in a circle."""
        return self._expand(directives, 0)

    def _expand(self, directives: Directives, depth: int) -> Directives:
        out: Directives = []
        for one in directives:
            self._left -= 1
            if self._left < 0:
                detail = f"imports expand to more than {MOST_DIRECTIVES} directives"
                raise sources.NotOurs(one.source.name, one.words[0].line, detail)
            if one.name.startswith("(") and one.name.endswith(")") and one.block is not None:
                self._snippets[one.name[1:-1]] = one.block
            elif one.name == "import" and one.args:
                out += self._imported(one, depth)
            else:
                block = None if one.block is None else self._expand(one.block, depth)
                out.append(caddytext.Directive(one.words, one.source, block))
        return out

    def _imported(self, one: caddytext.Directive, depth: int) -> Directives:
        if depth >= _DEPTH:
            raise sources.NotOurs(
                one.source.name, one.words[0].line, f"import leads in a circle: {one.args[0]}"
            )
        name, *args = one.args
        if name in self._snippets:
            body = [each for part in self._snippets[name] for each in _with_args(part, args, one.block or [])]
            return self._expand(body, depth + 1)
        others = self._files.find(name, one.source.name)
        if not others and any(char in name for char in "*?["):
            self._found.change(one.place, f"import: no file fits: {name}")
        elif not others:
            self._found.lose(one.place, f"import: no snippet and no file of this name: {name}")
        found: Directives = []
        for other in others:
            inner = caddytext.parse(other)
            body = [each for part in inner for each in _with_args(part, args, one.block or [])]
            found += self._expand(body, depth + 1)
        return found


def _with_args(one: caddytext.Directive, args: list[str], block: Directives) -> Directives:
    """`{args[0]}`, `{args[:]}` and `{block}`."""
    if one.name == "{block}":
        return block
    words: list[caddytext.Token] = []
    for word in one.words:
        if word.text in ("{args[:]}", "{args.*}"):
            words += [caddytext.Token(arg, word.line) for arg in args]
        else:
            words.append(caddytext.Token(_filled(word.text, args), word.line, word.is_quoted))
    inner = None
    if one.block is not None:
        inner = [each for part in one.block for each in _with_args(part, args, block)]
    return [caddytext.Directive(words, one.source, inner)]


def _filled(text: str, args: list[str]) -> str:
    def one(found: re.Match[str]) -> str:
        place = int(found[1] or found[2])
        return args[place] if place < len(args) else found[0]

    return _ARG.sub(one, text)
