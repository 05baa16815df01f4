"""What `label` and `annotate` have in common: KEY=VALUE and KEY- on metadata, checked for overwriting."""

from __future__ import annotations

from controller.cli import chosen, common, errors, flags, output, resources
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.context import Context


class Words:
    """The words of one of the two verbs."""

    __slots__ = ("done", "field", "manager", "noun", "undone")

    def __init__(self, field: str, noun: str, done: str, undone: str, manager: str) -> None:
        self.field = field
        self.noun = noun
        self.done = done
        self.undone = undone
        self.manager = manager


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="+",
        metavar="OBJECT|CHANGE",
        help="objects, then what to set or (KEY-) remove",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace values that are there")
    parser.add_argument("--list", action="store_true", help="print what the objects have")
    chosen.add_arguments(parser)
    common.add_field_selector(parser)
    flags.add_dry_run(parser)
    output.add_argument(parser)


def run(args: argparse.Namespace, context: Context, words: Words) -> int:
    names, pairs = _split(args.words)
    changes = _changes(pairs, words.noun)
    if not changes and not args.list:
        raise errors.UsageError(f"give at least one {words.noun}: KEY=VALUE, or KEY- to remove it")
    by_query = args.everything or args.field_selector is not None
    selections = resources.parse_chosen(names, args.selector, everything=by_query)
    targets = chosen.find(args, context, selections)
    if not targets:
        chosen.note_none(context)
    return chosen.each(context, targets, _Change(args, context, words, changes, several=len(targets) > 1))


class _Change:
    """Called with one target after the other."""

    def __init__(
        self,
        args: argparse.Namespace,
        context: Context,
        words: Words,
        changes: dict[str, str | None],
        *,
        several: bool,
    ) -> None:
        self._args = args
        self._context = context
        self._words = words
        self._changes = changes
        self._several = several
        self._report = output.Report(context, args)

    def __call__(self, target: chosen.Target) -> None:
        found = self._context.client().request("GET", target.path).json()
        if self._changes:
            found = self._write(target, found)
        if self._args.list:
            if self._several:
                self._context.print(f"{target.title}:")
            for key, value in sorted((found["metadata"].get(self._words.field) or {}).items()):
                self._context.print(f"{key}={value}")

    def _write(self, target: chosen.Target, before: dict[str, Any]) -> dict[str, Any]:
        have = before["metadata"].get(self._words.field) or {}
        self._compare(target, have)
        wanted = {key: value for key, value in self._changes.items() if have.get(key) != value}
        body = {"metadata": {self._words.field: wanted}}
        after = before
        if self._args.dry_run == "client":
            from controller.core import patch

            after = patch.merge(before, body)
        elif wanted:
            query = {
                "fieldManager": self._words.manager,
                "dryRun": "All" if self._args.dry_run == "server" else None,
            }
            client = self._context.client()
            after = client.request("PATCH", target.path, query, body, http.MERGE_PATCH).json()
        self._report.say(target.kind, target.name, _said(wanted, self._words), after)
        return after

    def _compare(self, target: chosen.Target, have: dict[str, str]) -> None:
        """Refuse what would overwrite; note what is not there to remove."""
        for key, value in self._changes.items():
            if value is not None and not self._args.overwrite and have.get(key, value) != value:
                raise errors.CliError(
                    f"{target.title}: '{key}' already has a value ({have[key]})",
                    "replace it with --overwrite",
                )
        for key, value in self._changes.items():
            if value is None and key not in have:
                self._context.note(f'{self._words.noun} "{key}" not found on {target.title}')


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """kubectl's rule: the first word with `=` or a `-` at its end begins the pairs."""
    for index, word in enumerate(words):
        if "=" in word or word.endswith("-"):
            return list(words[:index]), list(words[index:])
    return list(words), []


def _changes(pairs: Sequence[str], noun: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals and not pair.endswith("-"):
            raise errors.UsageError(
                f"not KEY=VALUE or KEY-: {pair}", "name the objects first, then what to change"
            )
        key = key if equals else pair[:-1]
        if not key:
            raise errors.UsageError(f"a {noun} needs a key: {pair}")
        if key in found and (found[key] is None) != (not equals):
            raise errors.UsageError(f"cannot set and remove the same {noun}: {key}")
        found[key] = value if equals else None
    return found


def _said(wanted: dict[str, str | None], words: Words) -> str:
    if not wanted:
        return f"not {words.done}"
    return words.done if any(value is not None for value in wanted.values()) else words.undone
