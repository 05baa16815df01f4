"""`kubeconfig`: let kubectl and other Kubernetes clients in (docs/kubectl.md)."""

from __future__ import annotations

import contextlib
import os

from controller.cli import common, errors, privatefile
from controller.cli import kubeconfigfile as files

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

DESCRIPTION = """
Opens a TCP port on this machine's loopback, with TLS and a token, in the running controller, and writes
.workerset/kubeconfig for it. The port is the same each time. Prints the line that makes kubectl use it. Your
own kubeconfig is touched with --merge and --remove only, and its current context never.
"""

EXAMPLES = """
  eval "$(workerctl kubeconfig)"                # this shell's kubectl speaks to the project
  workerctl kubeconfig --listen 127.0.0.1:8443  # another port
  workerctl kubeconfig --merge                  # a context in ~/.kube/config: workerset-FOLDER
  workerctl kubeconfig --remove                 # close the port, take all of it back
"""

EXIT_CODES = {1: "no controller runs, the port is taken, or a file cannot be written"}

TOKEN = "kubeconfig"  # noqa: S105 - a token's name
_LISTEN = "/workerset/v1/listen"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", metavar="ADDRESS", default="", help="where to listen, as in 127.0.0.1:8443"
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--merge", action="store_true", help="also add a context to your own kubeconfig")
    group.add_argument("--remove", action="store_true", help="close the port and remove what was written")
    common.add_output(parser, "yaml", "json")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.remove:
        if args.listen:
            raise errors.UsageError("--listen opens and --remove closes: name one of them")
        return _remove(context)
    access = write(context, args.listen, context.namespace(args))
    if args.merge:
        _merge(context, access, context.namespace(args))
    if args.output:
        from controller.cli import output

        context.stdout.write(output.dump(args.output, files.document(access, context.namespace(args))))
    elif not args.merge:
        context.print(f"export KUBECONFIG={_quoted(path_of(context))}")
    return errors.OK


def path_of(context: Context) -> str:
    return f"{context.project.folder}/kubeconfig"


def token_file_of(context: Context) -> str:
    return f"{context.project.folder}/kubeconfig.token"


def write(context: Context, listen: str, namespace: str = "default") -> files.Access:
    """Have the port open, a token in its file, and the project's own kubeconfig."""
    from controller.cli import output

    client = context.client()
    answer = client.request("POST", _LISTEN, body={"address": listen}).json()
    token_file = token_file_of(context)
    wanted = {"name": TOKEN, "access": "admin", "current": _read(token_file)}
    token = client.request("POST", "/workerset/v1/tokens", body=wanted).json()["token"]
    if token != wanted["current"]:
        privatefile.write(token_file, token)
    access = files.Access(context.project.root, answer["url"], answer["authority"], token_file)
    privatefile.write(path_of(context), output.dump("yaml", files.document(access, namespace)))
    if answer["newAuthority"]:
        context.note("a certificate authority was made: clients that copied an older one need the new one")
    return access


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)


def _merge(context: Context, access: files.Access, namespace: str) -> None:
    from controller.cli import kubeconfigown as own

    path = own.path_of(context)
    name = own.change(path, lambda found: files.merged(found, access, namespace))
    context.note(f"context {name} is in {context.short_path(path)}; its current context is as it was")
    context.print(f"kubectl --context {_quoted(name)} get workersets")


def _remove(context: Context) -> int:
    """Also where no controller runs: the files go, and the port when the next controller is asked."""
    from controller.cli import kubeconfigown as own

    if context.running_client() is None:
        context.note("no controller runs: the next one opens the port again, until this is run with it")
    else:
        context.client().request("DELETE", _LISTEN)
        _revoke(context)
    token_file = token_file_of(context)
    for path in (path_of(context), token_file):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    path = own.path_of(context)
    if os.path.exists(path):
        for name in own.change(path, lambda found: files.removed(found, token_file)):
            context.note(f"context {name} is no more in {context.short_path(path)}")
    return errors.OK


def _revoke(context: Context) -> None:
    from controller.client import errors as client_errors

    try:
        context.client().request("DELETE", f"/workerset/v1/tokens/{TOKEN}")
    except client_errors.ApiError as error:
        if error.status.get("code") != 404:
            raise
