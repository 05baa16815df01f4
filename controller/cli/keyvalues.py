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
        metavar="KIND NAME … KEY=VALUE|KEY-",
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
    report = output.Report(context, args)

    def act(target: chosen.Target) -> None:
        before = context.client().request("GET", target.path).json()
        if changes:
            before = _write(args, context, target, before, changes, words, report)
        if args.list:
            if len(targets) > 1:
                context.print(f"{target.title}:")
            for key, value in sorted((before["metadata"].get(words.field) or {}).items()):
                context.print(f"{key}={value}")

    return chosen.each(context, targets, act)


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


def _write(
    args: argparse.Namespace,
    context: Context,
    target: chosen.Target,
    before: dict[str, Any],
    changes: dict[str, str | None],
    words: Words,
    report: output.Report,
) -> dict[str, Any]:
    have = before["metadata"].get(words.field) or {}
    for key, value in changes.items():
        if value is not None and not args.overwrite and have.get(key, value) != value:
            raise errors.CliError(
                f"{target.title}: '{key}' already has a value ({have[key]})", "replace it with --overwrite"
            )
    for key, value in changes.items():
        if value is None and key not in have:
            context.note(f'{words.noun} "{key}" not found on {target.title}')
    wanted = {key: value for key, value in changes.items() if have.get(key) != value}
    after = before
    if wanted and args.dry_run != "client":
        after = (
            context.client()
            .request(
                "PATCH",
                target.path,
                {"fieldManager": words.manager, "dryRun": "All" if args.dry_run == "server" else None},
                {"metadata": {words.field: wanted}},
                http.MERGE_PATCH,
            )
            .json()
        )
    report.say(target.kind, target.name, _said(wanted, words), after)
    return after


def _said(wanted: dict[str, str | None], words: Words) -> str:
    if not wanted:
        return f"not {words.done}"
    return words.done if any(value is not None for value in wanted.values()) else words.undone
