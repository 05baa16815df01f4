"""`edit`: an object in an editor, sent back as a merge patch of what was changed. No edit is ever lost."""

from __future__ import annotations

from controller.cli import editing, errors, output, resources
from controller.client import errors as client_errors
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context
    from controller.client.resources import Kind

EXAMPLES = """
  workerctl edit ws web
  EDITOR="code --wait" workerctl edit ws/web
"""
DESCRIPTION = """
Change a declaration in $VISUAL or $EDITOR. What was changed is sent as a merge patch; if it is refused,
the editor opens again with the reason on top. Whatever happens, the text is kept in a file.
"""
_CANCELLED = "edit cancelled, no changes made"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="OBJECT", help="as in ws web, or ws/web")
    parser.add_argument("--show-managed-fields", action="store_true", help="with metadata.managedFields")
    output.add_argument(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    selections = resources.parse_targets(args.targets)
    report = output.Report(context, args)
    editor = editing.Editor(context)
    code = errors.OK
    for selection in selections:
        kind = selection.kind
        for name in selection.names:
            path = kind.path(context.namespace(args) if kind.namespaced else None, name)
            code = max(code, _Edit(args, context, report, editor, (kind, name, path)).run())
    return code


class _Edit:
    """One object's way through the editor, as often as it takes."""

    def __init__(
        self,
        args: argparse.Namespace,
        context: Context,
        report: output.Report,
        editor: editing.Editor,
        place: tuple[Kind, str, str],
    ) -> None:
        self._context = context
        self._report = report
        self._editor = editor
        self._kind, self._name, self._path = place
        original = context.client().request("GET", self._path).json()
        self._original = output.shown(original, managed_fields=args.show_managed_fields)

    def run(self) -> int:
        title = self._kind.named(self._name)
        text = editing.head(title, "") + output.dump_yaml(self._original)
        file = editing.Draft(f"{self._kind.singular}-{self._name}", self._context.environ)
        complaint = ""
        while True:
            file.write(text)
            self._editor.open(file.path)
            edited = file.read()
            if editing.body(edited) == editing.body(text) or not editing.body(edited).strip():
                return self._cancelled(file, complaint)
            try:
                return self._send(edited, file)
            except (client_errors.ApiError, errors.CliError) as error:
                explained = errors.explain(error)
                assert explained is not None
                complaint = "\n".join(part for part in explained[:2] if part)
                text = editing.head(title, complaint) + editing.body(edited)
            except client_errors.ClientError:
                self._context.note(f"your text is kept in {file.path}")
                raise

    def _cancelled(self, file: editing.Draft, complaint: str) -> int:
        if not complaint:
            file.remove()
            self._context.note(_CANCELLED)
            return errors.OK
        self._context.note(complaint)
        self._context.note(f"edit cancelled, your text is kept in {file.path}")
        return errors.FAILED

    def _send(self, edited: str, file: editing.Draft) -> int:
        from controller.cli import yamlvalue

        value = yamlvalue.read(edited, "the text")
        if not isinstance(value, dict):
            raise errors.CliError("the text should be the object, a mapping with apiVersion, kind and spec")
        for field in ("apiVersion", "kind"):
            if value.get(field) != self._original.get(field):
                raise errors.CliError(f"{field} cannot be changed: {self._original.get(field)}")
        if (value.get("metadata") or {}).get("name") != self._name:
            raise errors.CliError(
                f"metadata.name cannot be changed: {self._name}", "create another with apply -f"
            )
        patch = editing.merge_patch(self._original, value)
        if not patch:
            file.remove()
            self._context.note(_CANCELLED)
            return errors.OK
        after = self._patch(patch)
        file.remove()
        self._report.say(self._kind, self._name, "edited", after)
        return errors.OK

    def _patch(self, patch: dict[str, Any]) -> dict[str, Any]:
        query = {"fieldManager": "workerctl-edit", "fieldValidation": "Strict"}
        answer = self._context.client().request("PATCH", self._path, query, patch, http.MERGE_PATCH)
        for warning in answer.warnings:
            self._context.note(f"warning: {warning}")
        after: dict[str, Any] = answer.json()
        return after
