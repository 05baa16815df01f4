"""`wait`: until objects are as wanted. List, then watch; nothing is polled."""

from __future__ import annotations

from controller.cli import chosen, common, conditions, errors, output, resources, watchstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl wait ws web --for condition=Ready --timeout 1m
  workerctl wait ws/web --for jsonpath='{.status.readyReplicas}'=3
  workerctl wait pods -l workerset.dev/set=web --for delete
  workerctl wait ws/web --for create
"""
DESCRIPTION = """
Wait until a set or worker is as wanted. --for takes condition=TYPE[=STATUS], jsonpath=PATH[=VALUE], create
or delete. Exit 1: the timeout passed; the last state is said.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="OBJECT", help="as in ws web, ws/web pod/web-0")
    parser.add_argument(
        "--for",
        dest="wanted",
        required=True,
        metavar="WHAT",
        help="condition=Ready, delete, create, jsonpath=…",
    )
    common.add_timeout(parser, "30s", "how long (30s); 0 looks once")
    chosen.add_arguments(parser)
    common.add_field_selector(parser)
    parser.add_argument(
        "-o", "--output", choices=("name", "json", "yaml"), metavar="name|json|yaml", help="print"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    wanted = conditions.parse(args.wanted)
    by_query = args.everything or args.field_selector is not None
    selections = resources.parse_chosen(args.targets, args.selector, everything=by_query)
    targets = chosen.find(args, context, selections)
    if not targets:
        raise errors.CliError("no matching resources found")
    report = output.Report(context, args)
    deadline = watchstream.Deadline(args.timeout)
    late: list[str] = []
    for group in _groups(targets):
        late += _Group(context, wanted, group, report).wait(deadline)
    for text in late:
        context.note(text)
    return errors.FAILED if late else errors.OK


def _groups(targets: list[chosen.Target]) -> Iterator[list[chosen.Target]]:
    """Targets that one watch can follow: of one kind in one namespace."""
    found: dict[tuple[str, str | None], list[chosen.Target]] = {}
    for target in targets:
        found.setdefault((target.kind.plural, target.namespace), []).append(target)
    yield from found.values()


class _Group:
    """Waits for all targets of one kind and namespace."""

    def __init__(
        self,
        context: Context,
        wanted: conditions.Wanted,
        targets: list[chosen.Target],
        report: output.Report,
    ) -> None:
        self._context = context
        self._wanted = wanted
        self._pending = {target.name: target for target in targets}
        self._uids: dict[str, str] = {}
        self._report = report
        self._kind, self._namespace = targets[0].kind, targets[0].namespace

    def wait(self, deadline: watchstream.Deadline) -> list[str]:
        """A sentence for each that is not as wanted at the deadline."""
        names = list(self._pending)
        query = watchstream.by_name(names[0]) if len(names) == 1 else {}
        with watchstream.Mirror(self._context, self._kind, self._namespace, query) as mirror:
            self._refuse_missing(mirror.objects)
            while True:
                self._check(mirror.objects)
                if not self._pending:
                    return []
                if not mirror.wait(deadline):
                    self._check(mirror.objects)
                    return [self._late(target, mirror.objects) for target in self._pending.values()]

    def _find(self, objects: dict[tuple[str, str], dict[str, Any]], name: str) -> dict[str, Any] | None:
        obj = objects.get((self._namespace or "", name))
        known = self._uids.get(name, "")
        if obj is not None and self._wanted.is_about_one and known not in ("", obj["metadata"].get("uid")):
            return None
        return obj

    def _refuse_missing(self, objects: dict[tuple[str, str], dict[str, Any]]) -> None:
        for target in self._pending.values():
            obj = self._find(objects, target.name)
            if obj is not None:
                self._uids[target.name] = str(obj["metadata"].get("uid") or "")
            elif self._wanted.needs_object:
                self._context.client().request("GET", target.path)  # raises NotFound

    def _check(self, objects: dict[tuple[str, str], dict[str, Any]]) -> None:
        for name in list(self._pending):
            obj = self._find(objects, name)
            if self._wanted.is_met(obj):
                del self._pending[name]
                self._report.say(self._kind, name, "condition met", obj)

    def _late(self, target: chosen.Target, objects: dict[tuple[str, str], dict[str, Any]]) -> str:
        state = self._wanted.state(self._find(objects, target.name))
        return f"timed out waiting for {self._wanted.text} on {self._kind.plural}/{target.name}: {state}"
