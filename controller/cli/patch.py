"""`patch`: a merge patch (RFC 7386, the default) or a JSON patch (RFC 6902) as it is typed."""

from __future__ import annotations

from controller.cli import errors, flags, output, resources
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl patch ws web -p '{"spec": {"num": 3}}'
  workerctl patch ws/web --type json -p '[{"op": "remove", "path": "/spec/watch"}]'
  workerctl patch ws web --patch-file change.yaml --dry-run -o yaml
"""
_TYPES = {
    "merge": http.MERGE_PATCH,
    "json": http.JSON_PATCH,
    "strategic": "application/strategic-merge-patch+json",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="OBJECT", help="as in ws web, or ws/web")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-p", "--patch", metavar="PATCH", help="the patch, JSON or YAML")
    what.add_argument("--patch-file", metavar="PATH", help="a file with the patch")
    parser.add_argument(
        "--type", choices=tuple(_TYPES), default="merge", help="merge (default); sets know no strategic patch"
    )
    parser.add_argument(
        "--subresource", choices=("status", "scale"), metavar="status|scale", help="patch this part of it"
    )
    flags.add_dry_run(parser)
    output.add_argument(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    selections = resources.parse_targets(args.targets)
    if len(selections) != 1 or len(selections[0].names) != 1:
        raise errors.UsageError("a patch is for one object", "as in patch ws web -p …")
    kind, name = selections[0].kind, selections[0].names[0]
    report = output.Report(context, args)
    patch = _patch(args, context)
    where = context.namespace(args) if kind.namespaced else None
    path = kind.path(where, name, args.subresource or "")
    client = context.client()
    before = client.request("GET", path).json()
    if args.dry_run == "client":
        after = _patched(args.type, before, patch)
    else:
        query = {
            "fieldManager": "workerctl-patch",
            "fieldValidation": "Strict",
            "dryRun": "All" if args.dry_run == "server" else None,
        }
        after = client.request("PATCH", path, query, patch, _TYPES[args.type]).json()
    report.say(kind, name, "patched" if _differs(before, after) else "patched (no change)", after)
    return errors.OK


def _patched(form: str, before: dict[str, Any], patch: Any) -> dict[str, Any]:
    """What the server would make of it, before its checks and defaults."""
    from controller.core import errors as core_errors
    from controller.core import patch as patches

    if form == "strategic":
        raise errors.UsageError("a strategic patch is merged by the server", "use --dry-run=server")
    try:
        after: dict[str, Any] = (patches.json_patch if form == "json" else patches.merge)(before, patch)
    except core_errors.StatusError as error:
        raise errors.CliError(f"the patch does not fit: {error.message}") from None
    return after


def _differs(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """By version; a dry run keeps it, so the content counts there."""
    if before["metadata"].get("resourceVersion") != after["metadata"].get("resourceVersion"):
        return True
    return output.shown(before) != output.shown(after)


def _patch(args: argparse.Namespace, context: Context) -> Any:
    text = args.patch
    if text is None:
        try:
            with open(context.resolve(args.patch_file), encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise errors.UsageError(f"cannot read {args.patch_file}: {error}") from None
    value = _value(text)
    wanted = list if args.type == "json" else dict
    if not isinstance(value, wanted):
        form = 'a list of operations: [{"op": …}]' if args.type == "json" else 'a mapping: {"spec": {…}}'
        raise errors.UsageError(f"a {args.type} patch is {form}")
    return value


def _value(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError:
        from controller.cli import yamlvalue

        return yamlvalue.read(text, "the patch")
