"""`php-ini`: what a server of PHP must know, so that the requests it serves can ensure and read (S3, S6)."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from controller.cli.context import Context

EXAMPLES = """
  workerctl php-ini > php/workerset.ini
  workerctl php-ini --scope shop
  PHP_INI_SCAN_DIR=:php php -S 127.0.0.1:8000 -t public
"""
DESCRIPTION = """
Prints lines for php.ini, or for a file in the folder that `php --ini` calls its scan directory. They define
frankenphp_ensure_background_worker() and the other functions before each request of php-fpm, php -S or
FrankenPHP, and say where the controller is. The server must run as your user. The lines hold a token of the
namespace and stay right when the controller is restarted. Workers of PHP need none of this.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scope", default="", help="where requests look names up; the global scope unless given"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.runtime import interpreters

    namespace = context.namespace(args)
    answer = context.client().request("GET", f"/workerset/v1/token/{namespace}").json()
    values = {
        "auto_prepend_file": interpreters.PREPENDED,
        "workerset.socket": context.paths.worker_socket,
        "workerset.token": str(answer["token"]),
        "workerset.scope": args.scope,
    }
    for line in lines(values):
        context.print(line)
    return errors.OK


def lines(values: Mapping[str, str]) -> list[str]:
    """In the syntax of php.ini. Raises UsageError for what that cannot say."""
    for name, value in values.items():
        if any(character in value for character in '"\n\0') or "${" in value:
            raise errors.UsageError(
                f"php.ini cannot hold this value of {name}: {value!r}", "use another name"
            )
    return [f'{name} = "{value}"' for name, value in values.items() if value]
