"""`logs`: what workers print, of one worker or of all of a set, past and as it comes."""

from __future__ import annotations

import os

from controller.cli import common, errors, objects
from controller.client import errors as client_errors
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

    Query = dict[str, str | int | bool | None]

PATH = "/workerset/v1/logs"

DESCRIPTION = """
Prints what workers wrote, standard output and standard error in order. NAME is a worker (web-0), a set
(web: all its workers, merged in order of time, each line with its worker's name), or a worker name that
somebody ensured. What a worker or a set that is gone has left can still be read, until the file is deleted or
`down --purge`.
"""

EXAMPLES = """
  workerctl logs web-0
  workerctl logs web -f --tail 20
  workerctl logs web-0 --previous            # of the run before the last start
  workerctl logs -l tier=back --since 10m --timestamps
  less $(workerctl logs web-0 --path)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    import argparse as _argparse

    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="a worker or a set; ws/NAME and pod/NAME tell them apart"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes, across restarts")
    parser.add_argument("--tail", type=int, default=-1, metavar="N", help="the last N lines (-1: all)")
    parser.add_argument(
        "--since", type=common.duration, metavar="DURATION", help="only of this long ago and newer"
    )
    parser.add_argument("--since-time", metavar="TIME", help="only after this time (RFC 3339)")
    parser.add_argument(
        "--timestamps", action="store_true", help="begin each line with its time, RFC 3339 in UTC"
    )
    parser.add_argument("-p", "--previous", action="store_true", help="of the run before the present one")
    parser.add_argument(
        "--prefix",
        action=_argparse.BooleanOptionalAction,
        help="begin each line with its worker (default for sets)",
    )
    common.add_selector(parser)
    parser.add_argument(
        "--all", action="store_true", dest="everything", help="of all workers in the namespace"
    )
    parser.add_argument("--path", action="store_true", help="print where the log files are instead")


def run(args: argparse.Namespace, context: Context) -> int:
    which, is_single = _which(args, context)
    if args.path:
        return _print_paths(which, context)
    prefix = (not is_single) if args.prefix is None else args.prefix
    query: Query = {
        **which,
        "follow": args.follow or None,
        "tailLines": args.tail if args.tail >= 0 else None,
        "sinceSeconds": None if args.since is None else max(1, round(args.since)),
        "sinceTime": args.since_time,
        "timestamps": args.timestamps or None,
        "previous": args.previous or None,
        "prefix": prefix or None,
    }
    with context.client().stream("GET", PATH, query, accept="text/plain, */*") as stream:
        while not stream.ended:
            for line in stream.next_lines():
                context.stdout.write(line.decode("utf-8", "replace") + "\n")
            if args.follow:
                context.stdout.flush()
    return errors.OK


def _which(args: argparse.Namespace, context: Context) -> tuple[Query, bool]:
    """The part of the query that picks workers, and whether it can only be one."""
    given = [args.name is not None, args.selector is not None, args.everything]
    if sum(given) != 1:
        raise errors.UsageError(
            "name a worker or a set, or give -l LABELS or --all", "see workerctl get pods"
        )
    where: Query = {"namespace": context.namespace(args)}
    if args.selector is not None:
        return {**where, "labelSelector": args.selector}, False
    if args.everything:
        return where, False
    kind, name = _find(args, context)
    if kind is resources.PODS:
        return {**where, "worker": name}, True
    return {**where, "workerset": name}, _has_one_worker(context, str(where["namespace"]), name)


def _find(args: argparse.Namespace, context: Context) -> tuple[resources.Kind, str]:
    """`web` may be a set, a worker, or a name that one answers to; a set is looked for first."""
    if "/" in args.name:
        kind, name = common.split_target(args.name)
        if kind not in (resources.PODS, resources.WORKERSETS):
            raise errors.UsageError(f"only sets and workers have logs: {args.name}")
        return kind, name
    namespace = context.namespace(args)
    for kind in (resources.WORKERSETS, resources.PODS):
        try:
            context.client().request("GET", kind.path(namespace, args.name))
            return kind, args.name
        except client_errors.ApiError as error:
            if error.code != 404:
                raise
    from controller.cli import answering  # only where nothing is of this name

    called = answering.find(context.client(), namespace, args.name)
    if called is not None:
        return called
    for kind, key in ((resources.PODS, "worker"), (resources.WORKERSETS, "workerset")):
        if _left_a_log(context, {"namespace": namespace, key: args.name}):
            return kind, args.name
    raise errors.CliError(
        f"no set and no worker of this name in namespace {namespace}, and no log of one: {args.name}",
        "what there is: workerctl get ws,pods",
    )


def _left_a_log(context: Context, which: Query) -> bool:
    """Something was of this name and is gone; not a line of it is read."""
    try:
        context.client().request("GET", PATH, {**which, "tailLines": 0}, accept="text/plain, */*")
    except client_errors.ApiError as error:
        if error.code != 404:
            raise
        return False
    return True


def _has_one_worker(context: Context, namespace: str, name: str) -> bool:
    selector = f"workerset.dev/set={name}"
    return len(common.list_objects(context.client(), resources.PODS, namespace, selector)) == 1


def _left_by(which: Query, context: Context) -> list[str]:
    """Workers of a set of which none is there any more; those with an ordinal (S1.10)."""
    folder, own = f"{context.project.state}/logs/{which['namespace']}", f"{which.get('workerset')}-"
    try:
        found = [name.removesuffix(".log") for name in os.listdir(folder) if name.endswith(".log")]
    except OSError:
        return []
    return sorted(name for name in found if name.startswith(own) and name.removeprefix(own).isdigit())


def _print_paths(which: Query, context: Context) -> int:
    """One file a worker; rotated ones lie beside it."""
    namespace = str(which["namespace"])
    if "worker" in which:
        names = [str(which["worker"])]
    else:
        selector = str(which.get("labelSelector") or "") or None
        if "workerset" in which:
            selector = f"workerset.dev/set={which['workerset']}"
        pods = common.list_objects(context.client(), resources.PODS, namespace, selector)
        names = [objects.name(pod) for pod in pods] or _left_by(which, context)
    for name in names:
        context.print(f"{context.project.state}/logs/{namespace}/{name}.log")
    return errors.OK
