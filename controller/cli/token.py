"""`token`: tokens for clients of the TCP port (docs/kubectl.md)."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

DESCRIPTION = """
A token lets a Kubernetes client in that speaks to the TCP port of `workerctl kubeconfig`. It is shown once,
when it is made; the controller keeps a digest of it. One that is for reading only can list, watch, read logs
and ask what it may do; it cannot change, delete or enter anything.
"""

EXAMPLES = """
  workerctl token create --read-only              # prints it
  workerctl token create dashboard --read-only -o json
  workerctl token list
  workerctl token revoke dashboard
"""

_PATH = "/workerset/v1/tokens"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", metavar="create|list|revoke", choices=("create", "list", "revoke"))
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the token (create: made up unless given)")
    parser.add_argument("--read-only", action="store_true", help="of create: for reading only")
    parser.add_argument(
        "-o", "--output", choices=("json", "yaml"), metavar="json|yaml", help="how to print it"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    if args.read_only and args.action != "create":
        raise errors.UsageError("--read-only belongs to create")
    if args.action == "list":
        return _list(args, context)
    if args.action == "create":
        return _create(args, context)
    if not args.name:
        raise errors.UsageError("name the token to revoke", "workerctl token list shows them")
    context.client().request("DELETE", f"{_PATH}/{args.name}")
    _print(args, context, {"name": args.name}, f"token {args.name} revoked")
    return errors.OK


def _create(args: argparse.Namespace, context: Context) -> int:
    from controller import ids

    access = "read-only" if args.read_only else "admin"
    name = args.name or f"{access}-{ids.SystemIds().suffix()}"
    body = {"name": name, "access": access}
    made = context.client().request("POST", _PATH, body=body).json()
    if not args.output:
        context.note(f"token {name} ({access}); it is not shown again, workerctl token revoke {name} ends it")
    _print(args, context, made, made["token"])
    return errors.OK


def _list(args: argparse.Namespace, context: Context) -> int:
    items = context.client().request("GET", _PATH).json()["items"]
    if args.output:
        from controller.cli import output

        context.stdout.write(output.dump(args.output, items))
        return errors.OK
    if not items:
        context.note("no tokens: workerctl kubeconfig makes one, and workerctl token create")
        return errors.OK
    from controller import clock
    from controller.cli import tables, text

    now = clock.SystemClock().wall()
    printer = tables.Printer(context, ["NAME", "ACCESS", "AGE"])
    printer.rows([[one["name"], one["access"], text.age_of(one["createdAt"], now)] for one in items])
    return errors.OK


def _print(args: argparse.Namespace, context: Context, value: dict[str, str], line: str) -> None:
    if not args.output:
        context.print(line)
        return
    from controller.cli import output

    context.stdout.write(output.dump(args.output, value))
