"""Arguments and small helpers that verbs share."""

from __future__ import annotations

from controller.cli import errors
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context
    from controller.client.http import Client


def add_all_namespaces(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="look in every namespace")


def add_selector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-l", "--selector", metavar="LABELS", help="only those with these labels, as in app=web,tier!=db"
    )


def add_field_selector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--field-selector", metavar="FIELDS", help="only those with these fields, as in metadata.name=web"
    )


def add_output(parser: argparse.ArgumentParser, *choices: str) -> None:
    """-o; without choices the verb checks the value itself."""
    parser.add_argument(
        "-o",
        "--output",
        choices=choices or None,
        metavar="|".join(choices) or "FORMAT",
        help="how to print it",
    )


def add_files(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument(
        "-f",
        "--filename",
        dest="files",
        metavar="PATH",
        action="append",
        default=[],
        required=required,
        help="a manifest, a folder of them, or - for standard input; may be repeated",
    )
    parser.add_argument("-R", "--recursive", action="store_true", help="folders with all that is below them")


def add_timeout(parser: argparse.ArgumentParser, default: str, help_text: str) -> None:
    parser.add_argument(
        "--timeout", type=duration, default=duration(default), metavar="DURATION", help=help_text
    )


def count(text: str) -> int:
    """A whole number from 0 up; for argparse."""
    import argparse

    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"not a whole number from 0 up: {text}")
    return int(text)


def duration(text: str) -> float:
    """Seconds from `30s`, `1m30s`, `500ms`, `2h`, or a bare number; for argparse."""
    import argparse
    import re

    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"not a duration (write 30s, 1m30s or 500ms): {text}")
    seconds = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    return float(sum(float(number) * seconds[unit] for number, unit in parts))


def namespace_or_all(args: argparse.Namespace, context: Context) -> str | None:
    """None with -A, for `Kind.path`."""
    return None if getattr(args, "all_namespaces", False) else context.namespace(args)


def find_kind(word: str) -> resources.Kind:
    """The one kind a word names. Raises `UsageError` with the words there are."""
    found = resources.find(word)
    if len(found) == 1:
        return found[0]
    known = ", ".join(kind.plural for kind in resources.KINDS)
    if found:
        raise errors.UsageError(f"name one kind here, not several: {word}", f"kinds: {known}")
    raise errors.UsageError(f'the server has no kind "{word}"', f"kinds: {known}")


def split_target(word: str, default: resources.Kind = resources.WORKERSETS) -> tuple[resources.Kind, str]:
    """`ws/web` → (WorkerSet, web); a bare name is of the default kind."""
    kind, slash, name = word.partition("/")
    if not slash:
        return default, word
    if not name:
        raise errors.UsageError(f"a name is missing after the slash: {word}")
    return find_kind(kind), name


def targets(
    words: list[str], default: resources.Kind = resources.WORKERSETS
) -> list[tuple[resources.Kind, str]]:
    """kubectl's ways to name objects: `ws web job`, `ws/web pod/web-0`, bare names of the default kind."""
    if len(words) > 1 and "/" not in words[0] and len(kinds := resources.find(words[0])) == 1:
        return [(kinds[0], word) for word in words[1:]]
    return [split_target(word, default) for word in words]


def list_objects(
    client: Client, kind: resources.Kind, namespace: str | None, selector: str | None = None
) -> list[dict[str, Any]]:
    """Every object of a kind, as JSON with kind and apiVersion filled in."""
    answer = client.request("GET", kind.path(namespace), {"labelSelector": selector}).json()
    items: list[dict[str, Any]] = answer.get("items") or []
    for item in items:
        item.setdefault("apiVersion", kind.api_version)
        item.setdefault("kind", kind.kind)
    return items
