"""`systemd`: prints a unit that keeps the project's workers running, through restarts of all that is ours."""

from __future__ import annotations

import os
import sys

from controller.cli import errors, launching, unitfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

DESCRIPTION = """
Prints a unit for systemd; it installs nothing. The unit runs `workerctl up --stay` for this project, which
tells systemd when everything is ready. Workers outlive the death of that process and of the controller;
`systemctl stop` ends them by way of `workerctl down`, and `systemctl reload` applies the manifests anew.
"""

EXAMPLES = """
  workerctl systemd | sudo tee /etc/systemd/system/workerset-shop.service
  workerctl systemd --user > ~/.config/systemd/user/workerset-shop.service
  workerctl -C /srv/shop systemd
"""

EXIT_CODES = {1: "the project's path cannot be written into a unit"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--user", action="store_true", help="for this user's own service manager: systemctl --user"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    root = context.project.root
    if any(one in root for one in "\n\r") or root != root.strip():
        raise errors.CliError(
            f"a unit cannot name a folder with line breaks, or spaces at its ends: {root!r}", "rename it"
        )
    variables = {name: context.environ[name] for name in ("PATH",) if context.environ.get(name)}
    text = unitfile.render(root, _command(), variables, owner=_owner(root), is_user=args.user)
    context.stdout.write(text)
    return errors.OK


def _command() -> list[str]:
    """The console script of this installation, where there is one."""
    script = os.path.join(os.path.dirname(sys.executable), "workerctl")
    return [script] if os.access(script, os.X_OK) else launching.own_argv()


def _owner(root: str) -> str:
    """Who the project belongs to, by name where there is one."""
    import pwd

    number = os.stat(root).st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
