"""`vars get|list`: what workers have published (S6)."""

from __future__ import annotations

from controller.cli import asking, common, errors, instances, tables, varvalues
from controller.client import errors as client_errors
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

    Object = dict[str, Any]

EXAMPLES = """
  workerctl vars list -A
  workerctl vars get redis-watcher
  workerctl vars get flags --scope shop -o json | jq .checkout
  workerctl vars get credentials -w          # and each newer value as it is published
"""
DESCRIPTION = """
Lists the names that run with what each has published, or prints the vars of one name. With -w every newer
value is printed too (-o json: one line each, with its generation); what is published faster than it can be
printed is left out. In JSON, values it has no form for are written as workers exchange them, bytes as
{"$bytes": BASE64}. Reading starts nothing.
"""
EXIT_CODES = {
    **asking.EXIT_CODES,
    errors.NOT_PUBLISHED: "get: nobody has ensured that name, or it never published",
}
_HEADER = ("NAME", "SCOPE", "GENERATION", "AGE", "SIZE", "READY", "SET")
_PATH = "/workerset/v1/vars"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("get", "list"), metavar="get|list", help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="get: the worker's name")
    parser.add_argument(
        "--scope", metavar="SCOPE", help="get: where the name is looked up (global); list: only this one"
    )
    common.add_all_namespaces(parser)
    parser.add_argument("-w", "--watch", action="store_true", help="get: go on with what is published later")
    parser.add_argument("--no-headers", action="store_true", help="without the line of column names")
    common.add_output(parser, "json", "yaml", "table")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.action == "list":
        return _list(args, context)
    if args.name is None:
        raise errors.UsageError("whose vars? give a name", "what there is: workerctl vars list")
    if args.all_namespaces:
        raise errors.UsageError("-A is for vars list; a name is looked up in one namespace")
    query: http.Query = {"name": args.name, "scope": asking.scope(context, args), "watch": args.watch or None}
    path = f"{_PATH}/{http.quote(asking.namespace(context, args))}"
    if args.watch:
        return _follow(args, context, path, query)
    found = asking.granted(context.client().request("GET", path, query).json())
    if args.output in ("json", "yaml"):
        _write(args.output, found["value"], context)
    else:
        _print(args, found, context)
    return errors.OK


# ------------------------------------------------------------------ list


def _list(args: argparse.Namespace, context: Context) -> int:
    if args.name is not None or args.watch:
        raise errors.UsageError(
            "vars list takes no name and does not watch", "as in workerctl vars get NAME -w"
        )
    namespace = "" if args.all_namespaces else asking.namespace(context, args)
    where = f"/{http.quote(namespace)}" if namespace else ""
    items = context.client().request("GET", _PATH + where, {"scope": args.scope}).json()["items"]
    if args.output in ("json", "yaml"):
        _write(args.output, {"items": items}, context)
        return errors.OK
    if not items:
        asked = {"scope": args.scope, "namespace": namespace}
        here = " of ".join(f"{what} {name}" for what, name in asked.items() if name)
        context.note(
            f"nothing is published, no background worker runs or is ensured in {here or 'any namespace'}"
        )
        return errors.OK
    header = ("NAMESPACE", *_HEADER) if args.all_namespaces else _HEADER
    rows = [([item["namespace"]] if args.all_namespaces else []) + _row(item) for item in items]
    tables.Printer(context, header, with_header=not args.no_headers).rows(rows)
    return errors.OK


def _row(item: Object) -> list[str]:
    generation, age, size = instances.cells(item)
    ready = "yes" if item["ready"] else "no"
    return [item["name"], item["scope"] or "-", generation, age, size, ready, item["set"]]


# ------------------------------------------------------------------ get


def _follow(args: argparse.Namespace, context: Context, path: str, query: http.Query) -> int:
    """Each generation once, also over restarts of the controller."""
    import json

    last = 0
    while True:
        try:
            with context.client().stream("GET", path, query) as lines:
                for line in lines:
                    found = asking.granted(json.loads(line))
                    if found["generation"] != last:
                        last = found["generation"]
                        _print_newer(args, found, context)
        except client_errors.ConnectionLost:
            pass
        context.close()  # the controller ended or is restarted: without one the next round says so


def _print_newer(args: argparse.Namespace, found: Object, context: Context) -> None:
    if args.output == "json":
        import json

        shown = {
            "generation": found["generation"],
            "publishedAt": found["publishedAt"],
            "vars": found["value"],
        }
        context.print(json.dumps(shown, ensure_ascii=False))
    elif args.output == "yaml":
        context.print(f"--- # generation {found['generation']}, {found['publishedAt']}")
        _write("yaml", found["value"], context)
    else:
        context.print(context.style.dim(f"generation {found['generation']}, {found['publishedAt']}"))
        _print(args, found, context)
    context.stdout.flush()


def _print(args: argparse.Namespace, found: Object, context: Context) -> None:
    rows = [
        (varvalues.cell(key), varvalues.cell(one)) for key, one in varvalues.unwrap(found["value"]).items()
    ]
    tables.Printer(context, ("KEY", "VALUE"), with_header=not args.no_headers).rows(rows)


def _write(word: str, value: Any, context: Context) -> None:
    from controller.cli import output

    context.stdout.write(output.dump(word, varvalues.unwrap(value) if word == "yaml" else value))
