"""`-o`: how objects are printed for machines and people. The only place that writes YAML (docs/output.md)."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.context import Context
    from controller.client.resources import Kind

    Object = dict[str, Any]

FORMATS = (
    "wide",
    "json",
    "yaml",
    "name",
    "jsonpath=TEMPLATE",
    "jsonpath-file=PATH",
    "custom-columns=SPEC",
    "custom-columns-file=PATH",
)
_WORDS = tuple(form.partition("=")[0] for form in FORMATS)


class Format:
    """A checked `-o`: its word (empty = none given), and what came after `=`."""

    __slots__ = ("argument", "word")

    def __init__(self, word: str, argument: str = "") -> None:
        self.word = word
        self.argument = argument

    @property
    def is_table(self) -> bool:
        """The server's Table can be printed."""
        return self.word in ("", "wide")


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FORMAT", help=f"how to print it: {', '.join(FORMATS)}")


def parse(text: str | None, context: Context, allowed: Sequence[str] = _WORDS) -> Format:
    """Raises `UsageError` with the formats there are; reads the file of a `…-file=`."""
    word, equals, argument = (text or "").partition("=")
    if word not in ("", *allowed):
        raise _unknown(word, allowed)
    wants_argument = "-" in word or word == "jsonpath"
    if wants_argument != bool(equals and argument):
        more = f"needs a value, as in -o {_example(word)}" if wants_argument else "takes no value"
        raise errors.UsageError(f"-o {word} {more}")
    if word.endswith("-file"):
        return Format(word, _read(context, argument))
    return Format(word, argument)


def _unknown(word: str, allowed: Sequence[str]) -> errors.UsageError:
    known = ", ".join(form for form in FORMATS if form.partition("=")[0] in allowed)
    if word.startswith(("go-template", "template")):
        return errors.UsageError(
            "go templates are not supported, use -o jsonpath=TEMPLATE", f"formats: {known}"
        )
    import difflib

    close = difflib.get_close_matches(word, allowed, n=1)
    hint = f"did you mean: -o {_example(close[0])}" if close else f"formats: {known}"
    return errors.UsageError(f"unknown output format: {word}", hint)


def _example(word: str) -> str:
    examples = {
        "jsonpath": "jsonpath='{.metadata.name}'",
        "custom-columns": "custom-columns=NAME:.metadata.name",
    }
    return examples.get(word, word + "=PATH" if word.endswith("-file") else word)


def _read(context: Context, path: str) -> str:
    try:
        with open(context.resolve(path), encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise errors.UsageError(f"cannot read {path}: {error.strerror}") from None


def shown(obj: Object, *, managed_fields: bool = False) -> Object:
    """The object as people see it: without `managedFields` unless asked for (kubectl's default)."""
    metadata = obj.get("metadata") or {}
    if managed_fields or "managedFields" not in metadata:
        return obj
    rest = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**obj, "metadata": rest}


def as_list(objects: Sequence[Object]) -> Object:
    """Several objects as one document."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(objects)}


def write(
    context: Context,
    form: Format,
    objects: Sequence[tuple[Kind, Object]],
    *,
    single: bool,
    with_header: bool = True,
) -> None:
    """Print objects in every format but tables. `single` prints the one object instead of a List."""
    if form.word == "name":
        for kind, obj in objects:
            context.print(kind.named(obj["metadata"]["name"]))
        return
    bare = [obj for _, obj in objects]
    if form.word.startswith("custom-columns"):
        _write_columns(context, form, bare, with_header)
        return
    whole = bare[0] if single and bare else as_list(bare)
    if form.word.startswith("jsonpath"):
        from controller.cli import jsonpath

        context.stdout.write(jsonpath.parse(form.argument).render(whole))
    else:
        context.stdout.write(dump(form.word, whole))


def _write_columns(context: Context, form: Format, objects: Sequence[Object], with_header: bool) -> None:
    from controller.cli import columns, tables

    parse_spec = columns.parse_file if form.word.endswith("-file") else columns.parse
    made = parse_spec(form.argument)
    tables.Printer(context, made.headers, with_header=with_header).rows([made.row(obj) for obj in objects])


def dump(word: str, value: Any) -> str:
    """`json` or `yaml`, keys sorted as kubectl has them."""
    if word == "json":
        import json

        return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False) + "\n"
    return dump_yaml(value)


def dump_yaml(value: Any, *, by_hand: bool = False) -> str:
    """YAML that YAML 1.1 and 1.2 readers understand alike: what either might take for a number is quoted.

    `by_hand` is how people write it: keys in their order, short lists on one line.
    """
    import re

    import yaml

    ambiguous = re.compile(
        r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|0[xo][\da-fA-F]+|[yYnN]|[-+]?\.(inf|Inf|INF)"
    )
    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def text(dumper: Any, data: str) -> Any:
        style = "|" if "\n" in data else "'" if ambiguous.fullmatch(data) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def items(dumper: Any, data: list[Any]) -> Any:
        is_short = len(str(data)) < 90 and all(
            isinstance(one, (str, int)) and "\n" not in str(one) for one in data
        )
        return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=by_hand and is_short)

    Dumper.add_representer(str, text)
    Dumper.add_representer(list, items)
    return str(
        yaml.dump(
            value,
            Dumper=Dumper,
            default_flow_style=False,
            allow_unicode=True,
            sort_keys=not by_hand,
            width=1 << 30,
        )
    )


class Report:
    """What a write prints: `workerset.workerset.dev/web scaled`, or the object with -o."""

    def __init__(self, context: Context, args: argparse.Namespace) -> None:
        self._context = context
        self._form = parse(getattr(args, "output", None), context)
        dry = getattr(args, "dry_run", "none")
        self._suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry, "")

    def say(self, kind: Kind, name: str, done: str, obj: Object | None = None) -> None:
        if self._form.word == "name":
            self._context.print(kind.named(name))
        elif self._form.word and obj is not None:
            write(self._context, self._form, [(kind, shown(obj))], single=True)
        else:
            self._context.print(f"{kind.named(name)} {done}{self._suffix}")
        self._context.stdout.flush()
