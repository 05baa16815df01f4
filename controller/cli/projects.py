"""`projects`: every project of this user that has a controller, wherever it is."""

from __future__ import annotations

from controller import clock
from controller.cli import common, errors, text
from controller.client import errors as client_errors
from controller.client import http, project, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl projects
  workerctl projects --all        # also those where none runs now
  workerctl projects -o json
"""

_TIMEOUT_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", dest="everything", help="also where no controller runs")
    common.add_output(parser, "json", "name")


def run(args: argparse.Namespace, context: Context) -> int:
    found = [_look(root, context) for root in registry.known(context.environ)]
    shown = [entry for entry in found if entry["controller"] or args.everything]
    if args.output == "json":
        from controller.cli import output

        context.stdout.write(output.dump("json", shown))
    elif args.output == "name":
        for entry in shown:
            context.print(str(entry["root"]))
    elif not shown:
        context.note("no controller runs in any project")
    else:
        _print(shown, context)
    return errors.OK


def _look(root: str, context: Context) -> dict[str, Any]:
    """What its controller says; `controller` is None where none answers."""
    entry: dict[str, Any] = {"root": root, "controller": None}
    try:
        found = project.discover(root, root, context.environ)
        client = http.Client(found.api_socket, timeout=_TIMEOUT_SECONDS)
        try:
            answer = client.request("GET", "/workerset/v1/project").json()
            sets = client.request("GET", "/apis/workerset.dev/v1/workersets").json()
        finally:
            client.close()
    except client_errors.ClientError:
        return entry
    entry["controller"] = (answer.get("pids") or {}).get("controller")
    entry["version"] = answer.get("version")
    entry["startedAt"] = answer.get("startedAt")
    entry["foreground"] = bool(answer.get("foreground"))
    entry["sets"] = len(sets.get("items") or ())
    return entry


def _print(found: list[dict[str, Any]], context: Context) -> None:
    now = clock.SystemClock().wall()
    rows = [("PROJECT", "CONTROLLER", "MODE", "SETS", "VERSION", "AGE")]
    for entry in found:
        where = context.short_path(str(entry["root"]))
        if not entry["controller"]:
            rows.append((where, "-", "", "", "", ""))
            continue
        mode = "foreground" if entry["foreground"] else "detached"
        age = text.age_of(str(entry["startedAt"] or ""), now)
        rows.append((where, str(entry["controller"]), mode, str(entry["sets"]), str(entry["version"]), age))
    for line in text.columns(rows):
        context.print(line)
