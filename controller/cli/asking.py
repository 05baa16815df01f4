"""What `ensure`, `release` and `vars` share: the scope, the request, and why it was refused (S3.6)."""

from __future__ import annotations

import select

from controller.cli import errors, tables
from controller.client import errors as client_errors
from controller.sdk.workerset import contract

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

    from controller.cli.awaited import Line
    from controller.cli.context import Context
    from controller.cli.watchstream import Deadline

    Object = dict[str, Any]

EXIT_CODES = {
    1: "no controller runs, the set is stopped, or the state cannot be written",
    2: "a name or the timeout makes no sense",
    errors.UNDECLARED: "no set of the scope answers to a name",
    errors.SHUTTING_DOWN: "the controller ended meanwhile; what was asked for is kept",
}
_LONGEST_LINES = 8
_MARGIN_MS = 5000
"""The controller keeps the deadline; if it does not answer so long after it, it is stuck."""


def add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scope", metavar="SCOPE", help="where names are looked up (global)")


def asker(context: Context, args: argparse.Namespace) -> Object:
    """Who asks, and where: the command line; a worker of this project where this runs inside of one."""
    found: Object = {"namespace": namespace(context, args), "scope": scope(context, args)}
    if is_inside(context):
        found |= {"token": context.environ[contract.TOKEN], "run": context.environ.get(contract.RUN, "")}
    return found


def namespace(context: Context, args: argparse.Namespace) -> str:
    """As for any other verb, but for a worker that calls this: it is in one."""
    if is_inside(context) and not (args.namespace or context.environ.get("WORKERSET_NAMESPACE")):
        from controller.core import tokens

        return tokens.namespace_of(context.environ[contract.TOKEN]) or context.namespace(args)
    return context.namespace(args)


def scope(context: Context, args: argparse.Namespace) -> str:
    """As given, else the caller's own."""
    own = context.environ.get(contract.SCOPE, "") if is_inside(context) else ""
    return own if args.scope is None else str(args.scope)


def is_inside(context: Context) -> bool:
    """Called by a worker of the very project that is asked."""
    environ = context.environ
    return bool(environ.get(contract.TOKEN)) and environ.get(contract.SOCKET) == context.project.worker_socket


def post(context: Context, path: str, body: Object, deadline: Deadline, line: Line | None = None) -> Object:
    """The answer, which is asked for again where a controller is restarted meanwhile. Raises `CliError`."""
    while True:
        client = context.client()
        left = (deadline.left_ms or 0) / 1000
        pending = client.begin("POST", path, {**body, "timeout": left} if "timeout" in body else body)
        try:
            _wait(pending.fileno(), deadline, line)
            answer: Object = pending.response().json()
        except client_errors.ConnectionLost:
            context.close()
            if not deadline.left_ms:
                raise
            continue
        finally:
            pending.close()
            if line is not None:
                line.clear()
        return granted(answer)


def _wait(answer: int, deadline: Deadline, line: Line | None) -> None:
    poller = select.poll()
    poller.register(answer, select.POLLIN)
    if line is not None:
        line.show_until(poller, answer)
    elif not poller.poll((deadline.left_ms or 0) + _MARGIN_MS):
        raise client_errors.ClientError("the controller did not answer in time; is it stopped or stuck?")


def granted(answer: Object) -> Object:
    """The answer itself. Raises `CliError` with all that is known if it is a refusal."""
    if answer.get("ok", True):
        return answer
    error = answer["error"]
    lines = [tables.cell(str(error["message"])), *_known(error)]
    raise errors.CliError("\n".join(lines), str(error.get("advice", "")), errors.REFUSALS.get(error["type"]))


def _known(error: Mapping[str, Any]) -> list[str]:
    """What the last run died of, as far as the message does not say it."""
    details, said = error.get("details") or {}, str(error["message"])
    cause = details.get("error")
    if cause and str(cause.get("message")) not in said:
        return [tables.cell(f"  {cause.get('type')}: {cause.get('message')} ({_place(cause)})")]
    lines = [str(one) for one in details.get("lines") or ()][-_LONGEST_LINES:]
    return [] if all(one in said for one in lines) else [f"  | {tables.cell(one)}" for one in lines]


def _place(cause: Mapping[str, Any]) -> str:
    return f"{cause.get('file')}:{cause.get('line')}"
