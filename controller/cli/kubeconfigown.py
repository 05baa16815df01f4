"""The user's own kubeconfig: found, locked as kubectl locks it, changed, and otherwise left alone."""

from __future__ import annotations

import contextlib
import os

from controller.cli import errors, privatefile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from controller.cli.context import Context

    Told = TypeVar("Told")


def path_of(context: Context) -> str:
    """The first in $KUBECONFIG that is not a project's, else ~/.kube/config."""
    for path in context.environ.get("KUBECONFIG", "").split(":"):
        if path and not context.resolve(path).endswith("/.workerset/kubeconfig"):
            return context.resolve(path)
    home = context.environ.get("HOME")
    if not home:
        raise errors.CliError("HOME is not set, so there is no kubeconfig of yours", "name it in KUBECONFIG")
    return f"{home}/.kube/config"


def change(path: str, edit: Callable[[dict[str, Any]], tuple[dict[str, Any], Told]]) -> Told:
    """Write what `edit` makes of the file, if it differs; returns what else `edit` tells."""
    from controller.cli import output

    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    except OSError as error:
        raise errors.CliError(f"cannot make the folder, {error.strerror}: {os.path.dirname(path)}") from None
    with _locked(path):
        found = _read(path)
        try:
            changed, told = edit(found)
        except ValueError as problem:
            raise errors.CliError(f"this is no kubeconfig, {problem}: {path}") from None
        if changed != found:
            privatefile.write(path, output.dump("yaml", changed))
        return told


def _read(path: str) -> dict[str, Any]:
    from controller.cli import yamlvalue

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise errors.CliError(f"cannot read the kubeconfig: {path}", str(error)) from None
    found = yamlvalue.read(text, path) if text.strip() else {}
    if not isinstance(found, dict):
        raise errors.CliError(f"this is no kubeconfig, it should be a mapping: {path}")
    return found


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """`PATH.lock`, as kubectl does it."""
    lock = f"{path}.lock"
    try:
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise errors.CliError(
            f"another program is changing the kubeconfig: {path}", f"if none is, remove {lock}"
        ) from None
    except OSError as error:
        raise errors.CliError(f"cannot write, {error.strerror}: {lock}") from None
    try:
        yield
    finally:
        os.unlink(lock)
