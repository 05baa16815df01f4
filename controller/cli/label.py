"""`label`."""

from __future__ import annotations

from controller.cli import keyvalues

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl label ws web tier=front
  workerctl label ws web tier=back --overwrite
  workerctl label ws/web ws/job tier-
  workerctl label ws --all team=shop
  workerctl label ws web --list
"""
_WORDS = keyvalues.Words("labels", "label", "labeled", "unlabeled", "workerctl-label")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    keyvalues.add_arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    return keyvalues.run(args, context, _WORDS)
