"""Files that are imported: read as text, looked up beside each other, and JavaScript evaluated by node."""

from __future__ import annotations

import glob
import os

from controller.cli import errors, programs
from controller.client import errors as client_errors
from controller.importers import sources
from controller.manifest import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.cli.context import Context

SCRIPTS = (".js", ".cjs", ".mjs", ".ts", ".mts")
_MOST_FILES = 1000
_MARK = "\x01workerset\x01"
_EVALUATE = """
const { pathToFileURL } = require('url');
import(pathToFileURL(process.argv[1])).then(async (loaded) => {
  let value = loaded.default === undefined ? { ...loaded } : loaded.default;
  if (typeof value === 'function') value = await value();
  process.stdout.write(process.argv[2] + JSON.stringify(value), () => process.exit(0));
}).catch((error) => { process.stderr.write(`${error}\\n`); process.exit(1); });
"""


class Beside:
    """`sources.Files` for a folder of the disk."""

    def __init__(self, context: Context, variant: str = "", folder: str = "") -> None:
        self._cwd = folder or context.cwd
        self.root, self.base = _place(context, self._cwd)
        self.environ = context.environ
        self.processors = len(os.sched_getaffinity(0))
        self.variant = variant

    def find(self, pattern: str, beside: str) -> tuple[sources.Source, ...]:
        """Raises NotOurs for a file that is there and cannot be read as text."""
        if not pattern or "\0" in pattern:
            return ()
        folder = os.path.dirname(beside)
        path = os.path.normpath(os.path.join(folder, pattern))
        found = sorted(glob.glob(os.path.join(self._cwd, path)))
        names = [os.path.relpath(one, self._cwd) if not os.path.isabs(path) else one for one in found]
        return tuple(
            read(name, one)
            for name, one in zip(names[:_MOST_FILES], found, strict=False)
            if os.path.isfile(one)
        )


def _place(context: Context, folder: str) -> tuple[str, str]:
    """The project's root, and the folder as seen from it; empty where there is none, or it begins here."""
    try:
        root = context.project.root
    except client_errors.ProjectError:
        return "", ""
    near = os.path.relpath(folder, root)
    return root, "" if near.startswith("..") or near == "." else near


def read(name: str, path: str) -> sources.Source:
    """Raises NotOurs."""
    try:
        with open(path, "rb") as file:
            return decoded(name, file.read(files.MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise sources.NotOurs(name, 0, f"cannot be read: {why[:1].lower()}{why[1:]}") from None


def decoded(name: str, data: bytes) -> sources.Source:
    """UTF-8, as manifests. Raises NotOurs."""
    made = files.decode(name, data)
    if made.message:
        raise sources.NotOurs(name, max(made.line + 1, 0), made.message, made.fix)
    return sources.Source(name, made.text.replace("\r\n", "\n"))


def is_json(source: sources.Source) -> bool:
    """What bears the name of a script and is none."""
    return source.text.lstrip()[:1] in ("{", "[")


def evaluated(context: Context, name: str, *, may_run: bool) -> sources.Source:
    """What a script exports, as JSON. Raises CliError."""
    if not may_run:
        raise errors.CliError(
            f"{name} is a program, and --no-exec evaluates none", "write what it exports into a .json file"
        )
    context.note(f"evaluating {name} with node")
    words = ["node", "--no-warnings", "-e", _EVALUATE, context.resolve(name), _MARK]
    try:
        said, code = programs.output(words, context.environ)
    except OSError:
        raise errors.CliError(
            f"{name} is JavaScript, and there is no node to evaluate it",
            "install Node.js, or write what it exports into a .json file",
        ) from None
    _, mark, text = said.rpartition(_MARK)
    if code or not mark or text == "undefined":
        raise errors.CliError(f"node could not evaluate {name}: exit code {code}", f"try: node {name}")
    return sources.Source(name, text, has_lines=False)
