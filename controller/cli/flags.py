"""Options whose value is optional and follows `=` only, as in kubectl: `--dry-run`, `--dry-run=client`.

With argparse's own `nargs="?"` the option would swallow the next word (`scale --dry-run web`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add(
    parser: argparse.ArgumentParser,
    options: Sequence[str],
    values: Sequence[str],
    *,
    default: str,
    bare: str,
    help_text: str,
) -> None:
    """`bare` is what the option alone means; the destination is named after the first option."""
    import argparse

    dest = options[0].lstrip("-").replace("-", "_")
    parser.add_argument(
        *options,
        dest=dest,
        action="store_const",
        const=bare,
        default=default,
        help=f"{help_text} (={'|'.join(values)})",
    )
    for value in values:
        spelled = [f"{option}={value}" for option in options]
        parser.add_argument(
            *spelled, dest=dest, action="store_const", const=value, default=default, help=argparse.SUPPRESS
        )


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """kubectl's three values; a bare `--dry-run` is the server's."""
    add(
        parser,
        ["--dry-run"],
        ("none", "client", "server"),
        default="none",
        bare="server",
        help_text="show what would be done (server: with all its checks) and do nothing",
    )


def add_switch(
    parser: argparse.ArgumentParser, options: Sequence[str], *, default: bool, help_text: str
) -> None:
    """A boolean that is on unless `=false`, or off unless given; the value is `true` or `false`."""
    word = "true" if default else "false"
    add(parser, options, ("true", "false"), default=word, bare="true", help_text=help_text)
