"""`get -w`: a list, then every change as a further row (or object) of the same layout."""

from __future__ import annotations

from controller.cli import errors, get, output, watchstream
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from controller.cli import resources, tables
    from controller.cli.context import Context


def run(
    args: argparse.Namespace,
    context: Context,
    form: output.Format,
    selections: Sequence[resources.Selection],
) -> int:
    if len(selections) != 1 or len(selections[0].names) > 1:
        raise errors.UsageError("a watch is of one kind, or of one object of it", "as in get ws -w")
    if args.sort_by:
        raise errors.UsageError("a watch comes in the order of what happens, without --sort-by")
    follower = _Rows if form.is_table else _Objects
    return follower(args, context, form, selections[0]).run()


class _Follower:
    """List once, print, then print each event; after an expiry list again."""

    accept = http.JSON

    def __init__(
        self, args: argparse.Namespace, context: Context, form: output.Format, selection: resources.Selection
    ) -> None:
        self._args = args
        self._context = context
        self._form = form
        self._kind = selection.kind
        self._name = selection.names[0] if selection.names else None
        self._path = self._kind.path(get.namespace(args, context, self._kind, selection.namespace))
        self._query = watchstream.by_name(self._name) if self._name else get.query(args)

    def run(self) -> int:
        silent = self._args.watch_only
        while True:
            version = self._list(silent=silent)
            silent = False
            with watchstream.Events(
                self._context, self._path, self._query, version, accept=self.accept
            ) as events:
                if not self._follow(events):
                    return errors.OK

    def _list(self, *, silent: bool) -> str:
        answer = self._context.client().request("GET", self._path, self._query, accept=self.accept).json()
        if self._name and not self._items(answer):
            self._context.client().request("GET", f"{self._path}/{self._name}")  # raises NotFound
        if not silent:
            self._show(answer)
        return str(answer["metadata"]["resourceVersion"])

    def _follow(self, events: watchstream.Events) -> bool:
        """True = list again; False = the server has ended the watch."""
        while True:
            for word, obj in events.batch() or ():
                if word == watchstream.EXPIRED:
                    return True
                if word == watchstream.ENDED:
                    return False
                self._show_event(obj)

    def _items(self, answer: dict[str, Any]) -> Sequence[Any]:
        return answer.get("items") or ()

    def _show(self, answer: dict[str, Any]) -> None:
        for obj in self._items(answer):
            self._show_event(obj)

    def _show_event(self, obj: dict[str, Any]) -> None:
        raise NotImplementedError


class _Objects(_Follower):
    """Every state of every object as a document of its own."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._with_header = not self._args.no_headers

    def _show_event(self, obj: dict[str, Any]) -> None:
        whole = {"apiVersion": self._kind.api_version, "kind": self._kind.kind, **obj}
        whole = output.shown(whole, managed_fields=self._args.show_managed_fields)
        if self._form.word == "yaml":
            self._context.print("---")
        output.write(
            self._context, self._form, [(self._kind, whole)], single=True, with_header=self._with_header
        )
        self._with_header = False
        self._context.stdout.flush()


class _Rows(_Follower):
    """Rows of one table; the columns come with the list or with the first event."""

    accept = http.TABLE

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._layout = get.Layout(self._args, self._form, self._kind, show_kind=False)
        self._printer: tables.Printer | None = None

    def _items(self, answer: dict[str, Any]) -> Sequence[Any]:
        return answer.get("rows") or ()

    def _show(self, answer: dict[str, Any]) -> None:
        self._print(answer)

    def _show_event(self, obj: dict[str, Any]) -> None:
        self._print(obj)

    def _print(self, table: dict[str, Any]) -> None:
        if columns := table.get("columnDefinitions"):
            self._layout.define(columns)
        if not table["rows"]:
            return
        if self._printer is None:
            self._printer = self._layout.printer(self._context)
        self._printer.rows([self._layout.cells(row) for row in table["rows"]])
