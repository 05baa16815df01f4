"""`dev`: up for somebody who edits: manifests and sources are followed, all is shown on one screen."""

from __future__ import annotations

from controller import clock
from controller.cli import common, up

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

STOP_SECONDS = 4.0
"""What still lives then is killed, so that everything is over within five seconds (S1)."""

DESCRIPTION = """
Runs the project's manifests as `up` does and applies them again whenever they are saved. A broken one changes
nothing until it is mended; what is no longer declared is deleted after two seconds. Sets with `watch` are
restarted when their files change. On a terminal there is a screen: the sets above, what they print below;
? shows its keys. Without a terminal, or with --plain, it prints lines. Ctrl-C ends it within five seconds.
"""

EXAMPLES = """
  workerctl dev
  workerctl dev -f manifests/
  workerctl dev --plain | tee dev.log
"""

EXIT_CODES = {
    1: "a document is invalid at the start",
    130: "ended by q or Ctrl-C: everything was stopped, or it had only joined a controller",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_files(parser)
    parser.add_argument("--plain", action="store_true", help="print lines, also on a terminal")
    up.add_common(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import container, upsession

    container.step_aside(context, STOP_SECONDS)
    wanted = up.find(args, context)
    able = context.is_terminal and context.stdin.isatty() and context.environ.get("TERM", "dumb") != "dumb"
    options = upsession.Options(
        wait_seconds=0.0,
        abort_on_failure=False,
        since_stamp=upsession.stamp(clock.SystemClock().wall()),
        follow=wanted,
        screen=able and not args.plain,
        stop_within=STOP_SECONDS,
    )
    return up.go(args, context, wanted, options)
