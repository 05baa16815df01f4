"""`events`: what happened to sets and workers, newest last."""

from __future__ import annotations

from controller import clock
from controller.cli import common, errors, output, sorting, tables, text, watchstream
from controller.client import resources as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl events
  workerctl events --for ws/web
  workerctl events -A --types Warning -w
"""
DESCRIPTION = """
What happened, newest last. Events are kept for an hour. --for ws/NAME shows those of its workers as well.
"""
_LABEL_SET = "workerset.dev/set"
_HEADER = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--for", dest="about", metavar="KIND/NAME", help="only those about this, as in ws/web"
    )
    parser.add_argument("--types", metavar="TYPES", help="only these: Normal, Warning, or both with a comma")
    common.add_all_namespaces(parser)
    parser.add_argument("-w", "--watch", action="store_true", help="go on with events as they happen")
    parser.add_argument("--no-headers", action="store_true", help="without the line of column names")
    output.add_argument(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    form = output.parse(args.output, context)
    matches = _Filter(args)
    where = common.namespace_or_all(args, context)
    path = kinds.EVENTS.path(where)
    answer = context.client().request("GET", path).json()
    found = _sorted([event for event in answer.get("items") or () if matches(event)])
    writer = _Writer(args, context, form)
    writer.write(found, whole=not args.watch)
    if args.watch:
        return _follow(context, path, str(answer["metadata"]["resourceVersion"]), matches, writer)
    if not found and form.is_table:
        context.note("No events found" if where is None else f"No events found in {where} namespace.")
    return errors.OK


def _follow(context: Context, path: str, version: str, matches: _Filter, writer: _Writer) -> int:
    """Print events as they come; after an expiry, what has come since."""
    with watchstream.Events(context, path, {}, version) as stream:
        while True:
            for word, event in stream.batch() or ():
                if word == watchstream.ENDED:
                    return errors.OK
                if word == watchstream.EXPIRED:
                    answer = context.client().request("GET", path).json()
                    missed = [one for one in answer.get("items") or () if matches(one) and writer.is_new(one)]
                    writer.write(_sorted(missed), whole=False)
                    return _follow(context, path, str(answer["metadata"]["resourceVersion"]), matches, writer)
                if word != "DELETED" and matches(event):
                    writer.write([event], whole=False)


def _sorted(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Oldest first by when they were seen last; equal stamps by version."""
    keys = [(_seen(event) or 0.0, sorting.natural(_version(event))) for event in events]
    return [events[index] for index in sorted(range(len(events)), key=keys.__getitem__)]


def _version(event: Mapping[str, Any]) -> str:
    return str(event["metadata"].get("resourceVersion") or "")


def _seen(event: Mapping[str, Any]) -> float | None:
    stamp = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return text.epoch(str(stamp or ""))


class _Filter:
    """`--for` and `--types`."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._types = [word.strip().lower() for word in (args.types or "").split(",") if word.strip()]
        for word in self._types:
            if word not in ("normal", "warning"):
                raise errors.UsageError(f"events are of the types Normal and Warning, not: {word}")
        self._kind, self._name = "", ""
        if args.about:
            kind, self._name = common.split_target(args.about)
            self._kind = kind.kind

    def __call__(self, event: Mapping[str, Any]) -> bool:
        if self._types and str(event.get("type", "")).lower() not in self._types:
            return False
        if not self._name:
            return True
        about = event.get("involvedObject") or {}
        if about.get("kind") == self._kind and about.get("name") == self._name:
            return True
        labels = event["metadata"].get("labels") or {}
        return self._kind == kinds.WORKERSETS.kind and labels.get(_LABEL_SET) == self._name


class _Writer:
    """Prints events as rows or objects, and knows the newest one it has printed."""

    def __init__(self, args: argparse.Namespace, context: Context, form: output.Format) -> None:
        self._context = context
        self._form = form
        self._clock = clock.SystemClock()
        self._with_namespace = args.all_namespaces
        header = ("NAMESPACE", *_HEADER) if args.all_namespaces else _HEADER
        self._printer = tables.Printer(context, header, with_header=not args.no_headers)
        self._newest = 0

    def is_new(self, event: Mapping[str, Any]) -> bool:
        return int(_version(event) or 0) > self._newest

    def write(self, events: list[dict[str, Any]], *, whole: bool) -> None:
        """`whole`: one List for formats that have one."""
        self._newest = max([self._newest, *(int(_version(event) or 0) for event in events)])
        if self._form.is_table:
            if events:
                self._printer.rows([self._row(event) for event in events])
            return
        shown = [
            (
                kinds.EVENTS,
                output.shown({"apiVersion": "v1", "kind": "Event", **event}),
            )
            for event in events
        ]
        if whole:
            output.write(self._context, self._form, shown, single=False)
        else:
            for pair in shown:
                if self._form.word == "yaml":
                    self._context.print("---")
                output.write(self._context, self._form, [pair], single=True)
        self._context.stdout.flush()

    def _row(self, event: Mapping[str, Any]) -> list[str]:
        now = self._clock.wall()
        seen = _seen(event)
        last = "<unknown>" if seen is None else text.age(now - seen)
        count = int(event.get("count") or 1)
        first = text.epoch(str(event.get("firstTimestamp") or ""))
        if count > 1 and first is not None:
            last = f"{last} (x{count} over {text.age(now - first)})"
        about = event.get("involvedObject") or {}
        subject = f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"
        message = " ".join(str(event.get("message", "")).split())
        row = [last, str(event.get("type", "")), str(event.get("reason", "")), subject, message]
        return [str(event["metadata"].get("namespace", "")), *row] if self._with_namespace else row
