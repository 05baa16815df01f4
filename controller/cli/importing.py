"""`import FORMAT FILE…`: manifests from the configuration of other process managers."""

from __future__ import annotations

import os

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.context import Context
    from controller.importers import drafts, sources

    Made = tuple[drafts.Draft, dict[str, Any]]

ERROR_CODE = 2
NAMES = ("procfile", "compose", "supervisord", "pm2", "systemd", "circus", "caddyfile")

DESCRIPTION = """
Writes a manifest for each program that a Procfile, a compose file, supervisord.conf, ecosystem.config.js, a
unit of systemd, circus.ini or a Caddyfile of FrankenPHP declares. What has no equivalent stands in a comment
above its set, and makes the exit code 1. Without FILE it takes the one that is here under its usual name. An
ecosystem.config.js is a program: node evaluates it. What each key becomes: docs/importing.md.
"""

EXAMPLES = """
  workerctl import procfile Procfile
  workerctl import compose compose.yaml compose.override.yaml -d manifests/
  workerctl import supervisord /etc/supervisor/supervisord.conf > workerset.yaml
  workerctl import pm2 ecosystem.config.js --env production
  workerctl import systemd deploy/web.service deploy/web.socket
  cat Caddyfile | workerctl import caddyfile -
"""

EXIT_CODES = {
    0: "all was carried over",
    1: "manifests were written, and something has no equivalent: comments say what",
    2: "nothing was written: a file cannot be read, is broken, empty, of another kind, names no program, "
    "or is there already",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("format", choices=NAMES, help="what the files are")
    parser.add_argument("files", nargs="*", metavar="FILE", help="files, or - for standard input")
    parser.add_argument(
        "-d", "--output-dir", metavar="DIR", help="write a file for each set into this folder"
    )
    parser.add_argument("--force", action="store_true", help="with -d: overwrite files that are there")
    parser.add_argument("--env", metavar="NAME", default="", help="pm2: lay env_NAME over env")
    parser.add_argument("--no-exec", action="store_true", help="pm2: evaluate no JavaScript")
    parser.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="how to print it")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import importfiles
    from controller.importers import formats, sources

    try:
        given = _given(args, context)
        found, made = formats.documents(args.format, given, importfiles.Beside(context, args.env))
    except sources.NotOurs as error:
        raise errors.CliError(f"nothing was written: {error}", error.fix) from None
    if args.namespace:
        for _, document in made:
            document["metadata"]["namespace"] = args.namespace
    if args.output_dir is not None:
        _write(args, context, found, made)
    else:
        _print(args.output, context, found, made)
    return _summary(context, [source.name for source in given], found, made)


def _given(args: argparse.Namespace, context: Context) -> tuple[sources.Source, ...]:
    from controller.cli import importfiles

    names = args.files or [_usual(args.format, context)]
    if names.count("-") > 1:
        raise errors.UsageError("standard input can be read once", "name - once")
    read = []
    for name in names:
        if name == "-":
            read.append(importfiles.decoded("stdin", _standard_input(context)))
            continue
        source = importfiles.read(name, context.resolve(name))
        if args.format == "pm2" and name.endswith(importfiles.SCRIPTS) and not importfiles.is_json(source):
            source = importfiles.evaluated(context, name, may_run=not args.no_exec)
        read.append(source)
    return tuple(read)


def _usual(name: str, context: Context) -> str:
    from controller.importers import formats

    usual = [file for file in formats.FORMATS[name].files if "*" not in file]
    for file in usual:
        if os.path.isfile(context.resolve(file)):
            return file
    raise errors.UsageError(
        f"no {' and no '.join(usual) or 'unit'} in {context.short_path(context.cwd)}", "name the file"
    )


def _standard_input(context: Context) -> bytes:
    buffer = getattr(context.stdin, "buffer", None)
    data = buffer.read() if buffer is not None else context.stdin.read().encode()
    return bytes(data)


def _print(word: str, context: Context, found: drafts.Drafts, made: Sequence[Made]) -> None:
    from controller.cli import manifesttext, output

    if word == "json":
        context.stdout.write(output.dump("json", output.as_list([document for _, document in made])))
        return
    parts = [manifesttext.text(document, draft) for draft, document in made]
    context.stdout.write(manifesttext.head(found) + "---\n".join(parts))


def _write(args: argparse.Namespace, context: Context, found: drafts.Drafts, made: Sequence[Made]) -> None:
    from controller.cli import manifesttext, newfiles, output

    suffix = args.output
    texts = {}
    for place, (draft, document) in enumerate(made):
        body = manifesttext.text(document, draft)
        if not place:
            body = manifesttext.head(found) + body
        if suffix == "json":
            body = output.dump("json", document)
        texts[f"{document['metadata']['name']}.{suffix}"] = body
    newfiles.write(context, args.output_dir, texts, force=args.force)


def _summary(context: Context, names: Sequence[str], found: drafts.Drafts, made: Sequence[Made]) -> int:
    """On standard error: how many, and how much was lost."""
    from controller.cli import text

    notes = [*found.notes, *(note for draft, _ in made for note in draft.notes)]
    lost = list(dict.fromkeys((note.place, note.text) for note in notes if note.kind == "lost"))
    said = f"{text.plural(len(made), 'set')} from {text.some_of(names, 3)}"
    if not made:
        context.note(f"nothing was written: nothing in {text.some_of(names, 3)} is a program to run")
        _tell(context, lost)
        return ERROR_CODE
    if not lost:
        context.note(f"{said}, all carried over")
        return errors.OK
    context.note(f"{said}; {text.plural(len(lost), 'thing')} without an equivalent:")
    _tell(context, lost)
    return errors.FAILED


def _tell(context: Context, lost: Sequence[tuple[str, str]]) -> None:
    for place, what in lost:
        context.note(f"  {place}: {what}")
