"""`get`: lists and single objects, as the server's Table or in any format of docs/output.md.

The hot path: piped, it imports nothing beyond the base and three small modules.
"""

from __future__ import annotations

from controller.cli import common, errors, output, resources, tables
from controller.client import errors as client_errors
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.context import Context
    from controller.client.resources import Kind

EXAMPLES = """
  workerctl get ws
  workerctl get ws,pods -A -o wide
  workerctl get ws web -o yaml
  workerctl get -f manifests/10-web.yaml
  workerctl get pods -l workerset.dev/set=web -w
  workerctl get ws -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
  workerctl get ws -o custom-columns=NAME:.metadata.name,NUM:.spec.num --sort-by .spec.num
"""

_COLLECTION_ONLY = "selectors are for lists, name objects without them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "targets", nargs="*", metavar="OBJECT", help="ws, ws web job, ws/web pod/web-0, ws,pods, all"
    )
    output.add_argument(parser)
    common.add_files(parser)
    common.add_selector(parser)
    common.add_field_selector(parser)
    common.add_all_namespaces(parser)
    parser.add_argument("-w", "--watch", action="store_true", help="go on with changes as they happen")
    parser.add_argument("--watch-only", action="store_true", help="changes only, without what is there now")
    parser.add_argument("--sort-by", metavar="PATH", help="a JSONPath, as in .spec.num")
    parser.add_argument("--no-headers", action="store_true", help="without the line of column names")
    parser.add_argument("--show-labels", action="store_true", help="with all labels as the last column")
    parser.add_argument("--show-kind", action="store_true", help="names as KIND/NAME")
    parser.add_argument(
        "-L", "--label-columns", metavar="LABELS", action="append", default=[], help="labels as columns"
    )
    parser.add_argument(
        "--ignore-not-found", action="store_true", help="exit 0 where a named object is missing"
    )
    parser.add_argument("--show-managed-fields", action="store_true", help="with metadata.managedFields")


def run(args: argparse.Namespace, context: Context) -> int:
    form = output.parse(args.output, context)
    selections = _selections(args, context)
    with_selector = args.selector is not None or args.field_selector is not None
    if with_selector and any(selection.names for selection in selections):
        raise errors.UsageError(_COLLECTION_ONLY)
    if args.watch or args.watch_only:
        from controller.cli import getwatch

        return getwatch.run(args, context, form, selections)
    if form.is_table:
        return _Tables(args, context, form).print(selections)
    return _print_objects(args, context, form, selections)


def _selections(args: argparse.Namespace, context: Context) -> list[resources.Selection]:
    """What the words name, or the objects of the files of -f as they are on the server."""
    if not args.files:
        return resources.parse(args.targets)
    if args.targets:
        raise errors.UsageError("give files with -f, or names, not both")
    from controller.cli import declared

    found: dict[tuple[Kind, str | None], resources.Selection] = {}
    for target in declared.targets(args, context):
        place = (target.kind, target.namespace)
        found.setdefault(place, resources.Selection(*place[:1], (), target.namespace)).names.append(
            target.name
        )
    if not found:
        raise errors.UsageError(f"no object in: {', '.join(args.files)}")
    return list(found.values())


def query(args: argparse.Namespace) -> dict[str, str | int | bool | None]:
    return {"labelSelector": args.selector, "fieldSelector": args.field_selector}


def namespace(args: argparse.Namespace, context: Context, kind: Kind, own: str | None = None) -> str | None:
    """`own` is that of a selection from files."""
    if own is not None:
        return own
    return common.namespace_or_all(args, context) if kind.namespaced else None


class Fetcher:
    """Answers of the server for a selection; what is missing is noted once and remembered."""

    def __init__(self, args: argparse.Namespace, context: Context) -> None:
        self._args = args
        self._context = context
        self.failed = False

    def fetch(
        self, selection: resources.Selection, accept: str, extra: dict[str, Any] | None = None
    ) -> list[Any]:
        """One answer a name, or one for the whole list."""
        kind = selection.kind
        where = namespace(self._args, self._context, kind, selection.namespace)
        client = self._context.client()
        if not selection.names:
            found = client.request(
                "GET", kind.path(where), {**query(self._args), **(extra or {})}, accept=accept
            )
            return [found.json()]
        if where is None and kind.namespaced:
            raise errors.UsageError("a name is of one namespace, give -n instead of -A")
        answers = []
        for name in selection.names:
            try:
                answers.append(client.request("GET", kind.path(where, name), extra, accept=accept).json())
            except client_errors.ApiError as error:
                if error.code != 404:
                    raise
                if not self._args.ignore_not_found:
                    self._context.note(errors.describe_status(error.status))
                    self.failed = True
        return answers


class _Tables:
    """The server's Tables, one a kind."""

    def __init__(self, args: argparse.Namespace, context: Context, form: output.Format) -> None:
        self._args = args
        self._context = context
        self._form = form

    def print(self, selections: Sequence[resources.Selection]) -> int:
        fetcher = Fetcher(self._args, self._context)
        extra = {"includeObject": "Object"} if self._args.sort_by else None
        several = len({selection.kind for selection in selections}) > 1
        printed = False
        for selection in selections:
            answers = fetcher.fetch(selection, http.TABLE, extra)
            rows = [row for answer in answers for row in answer["rows"]]
            if not rows:
                continue
            if printed:
                self._context.print()
            layout = Layout(self._args, self._form, selection.kind, show_kind=several)
            layout.define(answers[0]["columnDefinitions"])
            printer = layout.printer(self._context)
            printer.rows([layout.cells(row) for row in self._sorted(rows)])
            printed = True
        if not printed and not fetcher.failed:
            note_nothing(self._args, self._context, selections)
        return errors.FAILED if fetcher.failed else errors.OK

    def _sorted(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self._args.sort_by:
            return rows
        return sort(rows, self._args.sort_by, [row["object"] for row in rows])


class Layout:
    """Which columns of a Table are shown, and what is added to them."""

    def __init__(self, args: argparse.Namespace, form: output.Format, kind: Kind, *, show_kind: bool) -> None:
        self._args = args
        self._wide = form.word == "wide"
        self._kind = kind
        self._show_kind = show_kind or args.show_kind
        self._with_namespace = args.all_namespaces and kind.namespaced
        self._labels = [name for text in args.label_columns for name in text.split(",") if name]
        self._shown: list[int] = []
        self._names: set[int] = set()
        self.header: list[str] = []

    def define(self, columns: Sequence[dict[str, Any]]) -> None:
        self._shown = [i for i, one in enumerate(columns) if self._wide or not one.get("priority")]
        self._names = {i for i, one in enumerate(columns) if one.get("format") == "name"} or {0}
        self.header = [str(columns[i]["name"]) for i in self._shown]
        if self._with_namespace:
            self.header.insert(0, "NAMESPACE")
        self.header += [name.rpartition("/")[2] for name in self._labels]
        if self._args.show_labels:
            self.header.append("LABELS")

    def printer(self, context: Context) -> tables.Printer:
        return tables.Printer(context, self.header, with_header=not self._args.no_headers)

    def cells(self, row: dict[str, Any]) -> list[object]:
        metadata = row["object"]["metadata"]
        values = row["cells"]
        shown: list[object] = [
            self._kind.named(values[i]) if self._show_kind and i in self._names else values[i]
            for i in self._shown
        ]
        if self._with_namespace:
            shown.insert(0, metadata.get("namespace", ""))
        labels = metadata.get("labels") or {}
        shown += [labels.get(name, "") for name in self._labels]
        if self._args.show_labels:
            shown.append(",".join(f"{name}={labels[name]}" for name in sorted(labels)) or "<none>")
        return shown


def sort(items: list[Any], path: str, objects: Sequence[Any]) -> list[Any]:
    """`--sort-by`: items in the order of what the path finds in their objects."""
    from controller.cli import jsonpath, sorting

    template = jsonpath.path(path)
    values = [next(iter(template.find(obj)), None) for obj in objects]
    if items and all(value is None for value in values):
        raise errors.CliError(f"no object has the field to sort by: {path}", "see them all with -o yaml")
    return [items[index] for index in sorting.order(values)]


def note_nothing(
    args: argparse.Namespace, context: Context, selections: Sequence[resources.Selection]
) -> None:
    """kubectl's sentence, for people only."""
    if not args.ignore_not_found:
        where = namespace(args, context, selections[0].kind)
        context.note("No resources found" if where is None else f"No resources found in {where} namespace.")


def _print_objects(
    args: argparse.Namespace, context: Context, form: output.Format, selections: Sequence[resources.Selection]
) -> int:
    fetcher = Fetcher(args, context)
    found: list[tuple[Kind, dict[str, Any]]] = []
    for selection in selections:
        kind = selection.kind
        for answer in fetcher.fetch(selection, http.JSON):
            for obj in (answer,) if selection.names else answer.get("items") or ():
                whole = {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
                found.append((kind, output.shown(whole, managed_fields=args.show_managed_fields)))
    if args.sort_by:
        found = sort(found, args.sort_by, [obj for _, obj in found])
    single = len(selections) == 1 and len(selections[0].names) == 1
    if found or not (single or fetcher.failed):
        output.write(context, form, found, single=single, with_header=not args.no_headers)
    return errors.FAILED if fetcher.failed else errors.OK
