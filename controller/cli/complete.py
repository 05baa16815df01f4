"""`__complete SHELL -- WORDS… CURRENT`: candidates for the last word, one a line, `VALUE<TAB>description`.

A last line of `:files`, `:folders` or `:nospace` tells the shell what else to do. Never an error, never a
wait: where no controller answers at once, there are no names.
"""

from __future__ import annotations

import importlib

from controller.cli import candidates, errors, main, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from controller.cli.candidates import Found
    from controller.cli.context import Context

INTERMIXED = False
EXAMPLES = """
  workerctl __complete bash -- get ws we
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell")
    parser.add_argument("words", nargs="...")


def run(args: argparse.Namespace, context: Context) -> int:
    words = list(args.words)
    if words[:1] == ["--"]:
        words.pop(0)
    try:
        found = _complete(_joined(words), context)
    except Exception:  # noqa: BLE001 whatever is wrong, a half-typed line is no place to say so
        return errors.OK
    prefix = ""
    if args.shell == "bash" and words:
        prefix = _broken_off(words)
    for value, description in found.values:
        value = value.removeprefix(prefix)
        context.print(f"{value}\t{description}" if description and args.shell != "bash" else value)
    if found.directive:
        context.print(found.directive)
    return errors.OK


def _joined(words: Sequence[str]) -> list[str]:
    """bash breaks words at `=` (COMP_WORDBREAKS): put them together again."""
    joined: list[str] = []
    glue = False
    for word in words:
        if word == "=" and joined:
            joined[-1] += "="
            glue = True
        elif glue:
            joined[-1] += word
            glue = False
        else:
            joined.append(word)
    return joined or [""]


def _broken_off(words: Sequence[str]) -> str:
    """What bash already has of the current word, up to the last `=`."""
    current = _joined(words)[-1]
    return current[: current.rfind("=") + 1] if "=" in words else ""


def _complete(words: list[str], context: Context) -> Found:
    *before, current = words
    line = candidates.Line(current)
    verb = ""
    while before:
        word = before.pop(0)
        name, equals, value = word.partition("=")
        if name in ("-C", "--directory", "-n", "--namespace"):
            if not equals and not before:
                return candidates.option_value(name, None, line, context)
            line.take_global(name, value if equals else before.pop(0))
        elif not word.startswith("-"):
            verb = word
            break
    if not verb:
        return _verbs(current)
    row = registry.VERBS.get(verb)
    if row is None or not row.group:
        return candidates.Found()
    parser = main.build_parser(verb, importlib.import_module(row.module))
    return _of_verb(verb, parser, before, line, context)


def _verbs(current: str) -> Found:
    if current.startswith("-"):
        options = [
            ("--help", "all verbs"),
            ("--version", ""),
            ("-C", "the project's folder"),
            ("-n", "namespace"),
        ]
        return candidates.Found(options).starting(current)
    rows = [(name, verb.summary) for name, verb in registry.VERBS.items() if verb.group]
    return candidates.Found(rows).starting(current)


def _of_verb(
    verb: str,
    parser: argparse.ArgumentParser,
    before: Sequence[str],
    line: candidates.Line,
    context: Context,
) -> Found:
    options = {option: action for action in parser._actions for option in action.option_strings}
    waiting: str | None = None
    for word in before:
        if waiting is not None:
            line.take_global(waiting, word)
            waiting = None
            continue
        name, equals, value = word.partition("=")
        if word.startswith("-") and name in options:
            if equals:
                line.take_global(name, value)
            elif options[name].nargs is None:
                waiting = name
        elif not word.startswith("-"):
            line.positionals.append(word)
    line.verb = verb
    if waiting is not None:
        return candidates.option_value(waiting, options.get(waiting), line, context)
    name, equals, _ = line.current.partition("=")
    if equals and (spelled := [option for option in options if option.startswith(f"{name}=")]):
        return candidates.Found([(option, "") for option in spelled]).starting(line.current)
    if equals and name in options:
        line.prefix = f"{name}="
        return candidates.option_value(name, options[name], line, context)
    if line.current.startswith("-"):
        rows = [
            (option, _first_words(action.help)) for option, action in options.items() if _is_offered(option)
        ]
        return candidates.Found(rows).starting(line.current)
    return candidates.positional(line, context)


def _is_offered(option: str) -> bool:
    """Long options; their values only once the `=` is typed."""
    return option.startswith("--") and "=" not in option


def _first_words(text: str | None) -> str:
    return (text or "").partition("\n")[0]
