"""`up`: apply the project's manifests, run them, show what they say; Ctrl-C drains and ends it all."""

from __future__ import annotations

from controller import clock
from controller.cli import bulk, common, errors, manifests

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli import launching, upsession
    from controller.cli.context import Context

DESCRIPTION = """
Applies the project's manifests (workerset.yaml, else manifests/ and all below it), deletes what an earlier
`up` declared and they no longer hold, and runs the rest in the foreground: Ctrl-C drains and ends it, a
second Ctrl-C kills. Where a controller runs already, `up` joins it, and Ctrl-C only leaves it.
"""

EXAMPLES = """
  workerctl up
  workerctl up -d                     # returns when everything is ready; workerctl down ends it
  workerctl up -f web.yaml --abort-on-failure
  workerctl up --stop-within 8s       # in a container that is killed after 10 seconds
  workerctl up --listen               # kubectl works too: export KUBECONFIG=.workerset/kubeconfig
  workerctl up -d --max-processes 64  # refuse sets that could need more than that in all
  workerctl up --watch                # manifests are applied as they are saved; see also workerctl dev
  workerctl up --refresh-env          # take today's PATH and variables for new processes
"""

EXIT_CODES = {
    1: "a document is invalid; the controller was killed; with -d or --abort-on-failure: a set failed or "
    "was not ready in time",
    130: "ended by Ctrl-C: everything was stopped, or `up` had only joined; with -d: all of it runs on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_files(parser)
    parser.add_argument("-d", "--detach", action="store_true", help="return when ready; the controller stays")
    _add_ends(parser)
    parser.add_argument("--watch", action="store_true", help="apply manifests again whenever they are saved")
    add_common(parser)


def add_common(parser: argparse.ArgumentParser) -> None:
    """What `dev` has too."""
    parser.add_argument(
        "--refresh-env",
        action="store_true",
        help="take this shell's environment for new processes",
    )
    parser.add_argument(
        "--listen",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="let Kubernetes clients in, as workerctl kubeconfig does; at this address (127.0.0.1:PORT)",
    )
    parser.add_argument(
        "--max-processes",
        type=common.count,
        metavar="N",
        help="all sets together may need so many processes; kept until another is given, 0 = no limit",
    )
    parser.add_argument("--strict", action="store_true", help="warnings about the manifests are errors")
    parser.add_argument(
        "--inventory",
        metavar="NAME",
        default=bulk.DEFAULT_INVENTORY,
        help="what belongs together (default)",
    )


def _add_ends(parser: argparse.ArgumentParser) -> None:
    """When it is over, and how."""
    parser.add_argument(
        "--wait-timeout",
        type=common.duration,
        default=120.0,
        metavar="DURATION",
        help="limit of -d, and of a service manager's wait for readiness (2m)",
    )
    parser.add_argument(
        "--stay",
        action="store_true",
        help="nothing ends with this command, only with workerctl down: for service managers",
    )
    parser.add_argument(
        "--stop-within",
        type=common.duration,
        metavar="DURATION",
        help="when told to stop, kill what still runs after this long (8s as process 1, else never)",
    )
    parser.add_argument("--abort-on-failure", action="store_true", help="stop everything when a set fails")


def _listen(address: str, context: Context) -> None:
    from controller.cli import kubeconfig

    access = kubeconfig.write(context, address)
    context.note(
        f"clients: {access.url}   export KUBECONFIG={context.short_path(kubeconfig.path_of(context))}"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import container, upsession

    container.refuse_detaching(detach=args.detach)
    container.step_aside(context, args.stop_within)
    if args.watch and args.detach:
        raise errors.UsageError("--watch needs somebody to tell: leave out -d, or use workerctl dev")
    wanted = find(args, context)
    options = upsession.Options(
        args.wait_timeout,
        args.abort_on_failure,
        upsession.stamp(clock.SystemClock().wall()),
        args.stay,
        args.stop_within,
        follow=wanted if args.watch else None,
    )
    return go(args, context, wanted, options)


def _start(args: argparse.Namespace, context: Context, *, stays: bool) -> launching.Started:
    from controller.cli import launching

    wishes = launching.Wishes(not stays, args.refresh_env, args.max_processes)
    started = launching.start_or_join(context, wishes)
    if args.refresh_env and not started.is_new:
        context.note("a controller runs already and keeps its environment; end it first: workerctl down")
    if args.listen is not None:
        _listen(args.listen, context)
    if args.max_processes is not None and not started.is_new:
        context.note("a controller runs already and keeps its limit; end it first: workerctl down")
    return started


def find(args: argparse.Namespace, context: Context) -> manifests.Wanted:
    """The manifests named, else those of the project."""
    paths = args.files or manifests.default_paths(context)
    return manifests.Wanted(paths, args.recursive or not args.files, args.namespace, args.strict)


def go(
    args: argparse.Namespace, context: Context, wanted: manifests.Wanted, options: upsession.Options
) -> int:
    """Start, apply, and show until it is over."""
    from controller.cli import upsession

    if options.follow is not None and "-" in wanted.paths:
        raise errors.UsageError("standard input cannot be read again when it changes: name files")
    detach = getattr(args, "detach", False)
    items, warnings = manifests.read(context, wanted)
    if warnings:
        context.note(warnings)
    session: upsession.Up | None = None
    started: launching.Started | None = None
    try:
        started = _start(args, context, stays=detach or options.stays)
        session = upsession.Up(context, started, options)
        session.apply(items, bulk.Request(inventory=args.inventory, prune=True, objects=False))
        return session.detached() if detach else session.foreground()
    except KeyboardInterrupt:
        if detach:
            upsession.tell_what_goes_on(context, session)
        raise
    finally:
        if started is not None:
            started.release()
