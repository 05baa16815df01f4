"""The command line's front door: which verb, which project, what an error looks like, which exit code.

The only reader of `os.environ` and `sys.argv`. A verb's module is imported when the verb is used.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys

from controller.cli import context as contexts
from controller.cli import errors, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """argparse that reports usage errors as `UsageError` and never guesses abbreviations."""

    def __init__(self, *, prog: str, description: str = "", epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        raise errors.UsageError(f"{self.prog}: {message}", f"see {self.prog} --help")


class _Start:
    """What stands before the verb."""

    def __init__(self) -> None:
        self.directory: str | None = None
        self.namespace: str | None = None
        self.verb = ""
        self.rest: list[str] = []


def main(argv: Sequence[str] | None = None) -> int:
    """The console script. Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files and workers are any bytes
    context = contexts.Context(sys.stdin, sys.stdout, sys.stderr, os.environ, _working_folder(os.environ))
    return execute(words, context)


def plugin() -> int:
    """`kubectl ws`: the same verbs, for the project of the kubeconfig where that is a project's own."""
    for path in os.environ.get("KUBECONFIG", "").split(":"):
        root, ours, _ = path.rpartition("/.workerset/kubeconfig")
        if ours and root:
            return main(["-C", root, *sys.argv[1:]])
    return main()


def execute(words: Sequence[str], context: contexts.Context) -> int:
    """Run one command line in a context; errors become a message and an exit code."""
    failed = errors.FAILED
    context.words = tuple(words)
    try:
        start = _read_start(words)
        if not start.verb:
            return _without_verb(context)
        module = importlib.import_module(_verb(start.verb).module)
        failed = getattr(module, "ERROR_CODE", failed)
        code = _run_verb(start, module, context)
        context.stdout.flush()
        return code
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except BrokenPipeError:
        _silence(context)
        return errors.BROKEN_PIPE
    except SystemExit as stop:  # argparse: --help
        return stop.code if isinstance(stop.code, int) else errors.OK
    except Exception as error:  # noqa: BLE001 the last stop: users get a sentence, never a stack trace
        return _report(error, context, failed)
    finally:
        context.close()


def _run_verb(start: _Start, module: ModuleType, context: contexts.Context) -> int:
    parser = build_parser(start.verb, module)
    parser.set_defaults(directory=start.directory, namespace=start.namespace)
    words, behind = start.rest, []
    if getattr(module, "TAKES_COMMAND", False) and "--" in words:
        at = words.index("--")
        words, behind = words[:at], words[at + 1 :]
    if getattr(module, "INTERMIXED", True):
        args = parser.parse_intermixed_args(words)
    else:
        args = parser.parse_args(words)
    args.behind = behind
    context.directory = args.directory
    return int(module.run(args, context))


def build_parser(verb: str, module: ModuleType) -> Parser:
    """A verb's parser, with the options that every verb takes."""
    summary = registry.VERBS[verb].summary
    examples = getattr(module, "EXAMPLES", "").strip("\n")
    parser = Parser(
        prog=f"workerctl {verb}",
        description=getattr(module, "DESCRIPTION", "").strip() or summary[:1].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}" if examples else "",
    )
    module.add_arguments(parser)
    parser.add_argument("-C", "--directory", metavar="DIR", help="the project's folder")
    parser.add_argument("-n", "--namespace", metavar="NAME", help="the namespace (default: default)")
    return parser


def _read_start(words: Sequence[str]) -> _Start:
    """Options before the verb, by hand: building every verb's parser would cost more than most commands."""
    start = _Start()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in ("-h", "--help", "help"):
            start.verb, start.rest = ("", []) if not rest else (rest[0], ["--help"])
            return start
        if word == "--version":
            start.verb, start.rest = "version", ["--client", *rest]
            return start
        if name in ("-C", "--directory", "-n", "--namespace") or word[:2] in ("-C", "-n"):
            if word[:2] in ("-C", "-n") and len(word) > 2:
                name, value = word[:2], word[2:].removeprefix("=")
            elif not equals:
                if not rest:
                    raise errors.UsageError(f"{word} needs a value", "see workerctl --help")
                value = rest.pop(0)
            setattr(start, "directory" if name in ("-C", "--directory") else "namespace", value)
        elif word.startswith("-"):
            raise errors.UsageError(f"unknown option before the verb: {word}", "see workerctl --help")
        else:
            start.verb, start.rest = word, rest
            return start
    return start


def _verb(name: str) -> registry.Verb:
    found = registry.VERBS.get(name)
    if found is not None:
        return found
    import difflib

    known = [verb for verb, row in registry.VERBS.items() if row.group]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean: workerctl {close[0]}" if close else "see workerctl --help"
    raise errors.UsageError(f'unknown verb "{name}"', hint)


def _without_verb(context: contexts.Context) -> int:
    context.print(help_text())
    context.stdout.flush()
    return errors.OK


def help_text() -> str:
    """`workerctl --help`, grouped as kubectl's."""
    lines = [
        "workerctl runs the processes your manifests declare, and keeps them so.",
        "",
        "usage: workerctl [-C DIR] [-n NAMESPACE] VERB [options]",
    ]
    for group in registry.GROUPS:
        lines += ["", f"{group}:"]
        lines += [
            f"  {name:<12}{verb.summary}" for name, verb in registry.VERBS.items() if verb.group == group
        ]
    lines += [
        "",
        "A project is the folder given with -C or WORKERSET_DIR, else the nearest one upward that holds",
        ".workerset/, else the current one. Help of a verb: workerctl VERB --help",
    ]
    return "\n".join(lines)


def _report(error: Exception, context: contexts.Context, failed: int) -> int:
    """One or two lines on standard error."""
    explained = errors.explain(error)
    if explained is None:
        from controller.cli import trace

        where = trace.write(error, context.environ)
        explained = (
            f"internal error: {type(error).__name__}: {error}",
            f"please report it with {where}",
            None,
        )
    message, hint, code = explained
    try:
        context.stdout.flush()
        context.note(message)
        if hint:
            context.note(hint)
    except BrokenPipeError:
        _silence(context)
    return failed if code is None else code


def _silence(context: contexts.Context) -> None:
    """The reader of our output is gone: what Python still flushes at exit must go nowhere."""
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, context.stdout.fileno())
        os.close(devnull)
    except (OSError, ValueError):
        pass


def _working_folder(environ: os._Environ[str]) -> str:
    """The current folder; $PWD where it was deleted under us."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return environ.get("PWD", "/")
