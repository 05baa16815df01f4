"""`annotate`."""

from __future__ import annotations

from controller.cli import keyvalues

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl annotate ws web kubernetes.io/change-cause="new port"
  workerctl annotate ws/web owner=ada --overwrite
  workerctl annotate ws web owner-
"""
_WORDS = keyvalues.Words("annotations", "annotation", "annotated", "annotated", "workerctl-annotate")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    keyvalues.add_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    return keyvalues.run(args, context, _WORDS)
