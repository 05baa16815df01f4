"""Two versions of objects side by side: as text without what changes by itself, and compared."""

from __future__ import annotations

import difflib
import os

from controller.cli import errors, objects, output, programs
from controller.core import masking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.bulk import Result
    from controller.cli.context import Context

    Object = dict[str, Any]

_NOISE = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp")
_OWN = ("kubectl.kubernetes.io/last-applied-configuration", "workerset.dev/source", "workerset.dev/inventory")


class Pair:
    """Before and after of one object, as YAML without noise and secrets; empty where there is none."""

    def __init__(self, result: Result) -> None:
        namespace, name = objects.key(result.object)
        after = None if result.operation == "pruned" else result.object
        left, right = _clean(result.before), _clean(after)
        _mask(left, right)
        self.name = f"workerset.dev.v1.WorkerSet.{namespace}.{name}"
        self.title = f"{namespace}/{name}"
        self.source = result.source
        self.before = output.dump_yaml(left) if left else ""
        self.after = output.dump_yaml(right) if right else ""


def print_unified(pairs: Sequence[Pair], context: Context) -> int:
    """The exit code of diff(1): 1 if there is any difference."""
    differs = False
    for pair in pairs:
        lines = difflib.unified_diff(
            pair.before.splitlines(),
            pair.after.splitlines(),
            f"live/{pair.title}" if pair.before else "/dev/null",
            (pair.source or f"declared/{pair.title}") if pair.after else "/dev/null",
            lineterm="",
        )
        for line in lines:
            differs = True
            context.print(_painted(line, context))
    return int(differs)


def run_external(command: str, pairs: Sequence[Pair], context: Context) -> int:
    """Run the user's program on two folders, as kubectl does; its exit code is ours."""
    import shlex
    import tempfile

    with (
        tempfile.TemporaryDirectory(prefix="LIVE-") as live,
        tempfile.TemporaryDirectory(prefix="MERGED-") as merged,
    ):
        for pair in pairs:
            for folder, content in ((live, pair.before), (merged, pair.after)):
                if content:
                    with open(os.path.join(folder, pair.name), "w", encoding="utf-8") as file:
                        file.write(content)
        try:
            words = [*shlex.split(command), live, merged]
            printed, code = programs.output(words, context.environ)
        except (OSError, ValueError) as error:
            raise errors.CliError(f"cannot run KUBECTL_EXTERNAL_DIFF: {error}", f"it is: {command}") from None
    context.stdout.write(printed)
    return code


def _painted(line: str, context: Context) -> str:
    style = context.style
    if line.startswith(("---", "+++")):
        return style.bold(line)
    if line.startswith("@@"):
        return style.paint(line, "36")
    if line.startswith("+"):
        return style.good(line)
    return style.bad(line) if line.startswith("-") else line


def _clean(obj: Object | None) -> Object | None:
    """Without status, and without what the server or this tool writes by itself."""
    if obj is None:
        return None
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _NOISE}
    for part in ("annotations", "labels"):
        kept = {name: value for name, value in (metadata.get(part) or {}).items() if name not in _OWN}
        metadata.pop(part, None)
        if kept:
            metadata[part] = kept
    return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata}


def _mask(left: Object | None, right: Object | None) -> None:
    """Secrets by the names of their variables, in `env` and on the command line."""
    specs = [dict((obj or {}).get("spec") or {}) for obj in (left, right)]
    before, after = (dict(spec.get("env") or {}) for spec in specs)
    for spec, env in zip(specs, masking.masked_pair(before, after), strict=True):
        if env:
            spec["env"] = env
    for field in ("command", "args"):
        _mask_words(field, *specs)
    for obj, spec in zip((left, right), specs, strict=True):
        if obj and "spec" in obj:
            obj["spec"] = spec


def _mask_words(field: str, before: Object, after: Object) -> None:
    """A command in one string is masked word by word, and stays one string."""
    words = [_words(spec.get(field)) for spec in (before, after)]
    for spec, found in zip((before, after), masking.masked_words_pair(*words), strict=True):
        if isinstance(spec.get(field), str):
            spec[field] = " ".join(found)
        elif found:
            spec[field] = found


def _words(value: Any) -> list[str]:
    return value.split(" ") if isinstance(value, str) else [str(word) for word in value or ()]
