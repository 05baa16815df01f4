"""docs/cli.md from the parsers themselves: `python -m controller.cli.reference > docs/cli.md`."""

from __future__ import annotations

import argparse
import importlib
import sys

from controller.cli import main, registry

_HEAD = """\
# workerctl

Made from the command's own parsers (`make docs`); what it says here, `workerctl VERB --help` says too.

`workerctl [-C DIR] [-n NAMESPACE] VERB [options]`. Options may also stand after the verb. A project is the
folder given with `-C` or in `WORKERSET_DIR`, else the nearest one upward that holds `.workerset/` (not above
the top of a git work tree, never the home folder), else the current one. The namespace is `-n`, else
`WORKERSET_NAMESPACE`, else `default`.

Data goes to standard output, notes go to standard error. Colour and layout are for terminals: `NO_COLOR`,
`CLICOLOR_FORCE` and `TERM=dumb` are honoured. What exit codes mean in general:
[exit-codes.md](exit-codes.md).
"""


def text() -> str:
    """The whole document."""
    parts = [_HEAD]
    for group in registry.GROUPS:
        verbs = [name for name, verb in registry.VERBS.items() if verb.group == group]
        rows = "\n".join(f"| [{name}](#{name}) | {registry.VERBS[name].summary} |" for name in verbs)
        parts.append(f"## {group}\n\n| verb | |\n| --- | --- |\n{rows}\n")
        parts += [_section(name) for name in verbs]
    return "\n".join(parts)


def _section(name: str) -> str:
    module = importlib.import_module(registry.VERBS[name].module)
    parser = main.build_parser(name, module)
    described = str(getattr(module, "DESCRIPTION", "")).strip()
    lines = [f"### {name}", "", described or parser.description or "", ""]
    lines += ["```sh", *_examples(str(getattr(module, "EXAMPLES", ""))), "```", ""]
    lines += ["| argument | meaning |", "| --- | --- |", *_arguments(parser), ""]
    codes = getattr(module, "EXIT_CODES", {})
    if codes:
        lines += ["| exit code | meaning |", "| --- | --- |"]
        lines += [f"| {code} | {_cell(meaning)} |" for code, meaning in sorted(codes.items())]
        lines.append("")
    return "\n".join(lines)


def _examples(examples: str) -> list[str]:
    return [line.removeprefix("  ") for line in examples.strip("\n").splitlines()]


def _arguments(parser: argparse.ArgumentParser) -> list[str]:
    rows = []
    for action in parser._actions:  # argparse has no public list of them
        if action.help == argparse.SUPPRESS or "--help" in action.option_strings:
            continue
        rows.append(f"| `{_cell(_synopsis(action))}` | {_cell(action.help or '')} |")
    return rows


def _synopsis(action: argparse.Action) -> str:
    """`-f, --filename PATH`, `NAME …`."""
    value = action.metavar if isinstance(action.metavar, str) else None
    if value is None and action.choices is not None:
        value = "|".join(map(str, action.choices))
    takes_value = action.nargs != 0
    if not action.option_strings:
        return f"{value or action.dest}{' …' if action.nargs in ('*', '+') else ''}"
    options = ", ".join(action.option_strings)
    if not takes_value:
        return options
    value = value or action.dest.upper()
    return f"{options}[={value}]" if action.nargs == "?" else f"{options} {value}"


def _cell(value: str) -> str:
    return " ".join(value.split()).replace("|", "\\|").replace("%%", "%")


if __name__ == "__main__":
    sys.stdout.write(text())
