"""What can stand in one place of a command line: names of live objects, kinds, formats, values of options."""

from __future__ import annotations

from controller.cli import importing
from controller.client import errors as client_errors
from controller.client import http, resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from controller.cli.context import Context

FILES = ":files"
FOLDERS = ":folders"
NO_SPACE = ":nospace"

_OF_KINDS = frozenset({"get", "describe", "delete", "label", "annotate", "patch", "edit", "wait"})
_OF_SETS = frozenset({"scale", "restart", "stop", "start", "env", "attach"})
_OF_FILES = frozenset({"up", "apply", "diff", "validate", "import"})
_FORMATS = ("wide", "json", "yaml", "name", "jsonpath=", "custom-columns=")
_WAITS = ("condition=Ready", "condition=Progressing=False", "delete", "create", "jsonpath=")
_ACTIONS = {
    "rollout": ("status", "history", "undo", "restart", "pause", "resume"),
    "completion": ("bash", "zsh", "fish"),
    "vars": ("get", "list"),
    "import": importing.NAMES,
}
_OF_NAMES = frozenset({"ensure", "release", "vars"})
_TIMEOUT = 0.5


class Found:
    """Candidates with descriptions, and what the shell should do besides."""

    def __init__(self, values: Sequence[tuple[str, str]] = (), directive: str = "") -> None:
        self.values = list(values)
        self.directive = directive

    def starting(self, current: str) -> Found:
        return Found([pair for pair in self.values if pair[0].startswith(current)], self.directive)


class Line:
    """What is known of the command line before the current word."""

    def __init__(self, current: str) -> None:
        self.current = current
        self.verb = ""
        self.prefix = ""
        self.namespace: str | None = None
        self.directory: str | None = None
        self.scope: str | None = None
        self.positionals: list[str] = []

    def take_global(self, option: str, value: str) -> None:
        if option in ("-C", "--directory"):
            self.directory = value
        elif option in ("-n", "--namespace"):
            self.namespace = value
        elif option == "--scope":
            self.scope = value


def option_value(name: str, action: argparse.Action | None, line: Line, context: Context) -> Found:
    """Values of an option."""
    if name in ("-C", "--directory", "-d", "--output-dir", "--working-dir", "--into"):
        return Found(directive=FOLDERS)
    if name in ("-f", "--filename", "--ignore-filename") or name.endswith("-file"):
        return Found(directive=FILES)
    if name in ("-n", "--namespace"):
        return _fit(line, names(resources.NAMESPACES, line, context))
    if name == "--scope":
        from controller.cli import workernames

        return _fit(line, workernames.scopes(_sets_of(line, context)))
    if name == "--for" and line.verb == "events":
        return _kind_and_name(line, context)
    if name == "--for":
        return _fit(line, _WAITS)
    if action is not None and action.choices is not None:
        return _fit(line, [str(choice) for choice in action.choices])
    if name in ("-o", "--output"):
        found = _fit(line, _FORMATS)
        if found.values and all(value.endswith("=") for value, _ in found.values):
            found.directive = NO_SPACE
        return found
    return Found()


def positional(line: Line, context: Context) -> Found:
    """Names, kinds or actions, by the verb and the words before."""
    verb, before = line.verb, line.positionals
    if verb in _ACTIONS and not before:
        return _fit(line, _ACTIONS[verb])
    if verb in _OF_NAMES:
        return _worker_names(line, context)
    if verb == "rollout" or verb in _OF_SETS:
        return _sets(line, context)
    if verb == "logs":
        return _fit(
            line, [*names(resources.WORKERSETS, line, context), *names(resources.PODS, line, context)]
        )
    if verb == "top":
        return _top(line, context)
    if verb in _OF_FILES:
        return Found(directive=FILES)
    if verb not in _OF_KINDS:
        return Found()
    if "/" in line.current or any("/" in word for word in before):
        return _kind_and_name(line, context)
    if not before:
        return _fit(line, _kind_words())
    found = [name for kind in resources.find(before[0]) for name in names(kind, line, context)]
    return _fit(line, [name for name in found if name not in before])


def _sets(line: Line, context: Context) -> Found:
    """Bare names of sets; workers too where a verb takes them."""
    if "/" in line.current:
        return _kind_and_name(line, context)
    found = names(resources.WORKERSETS, line, context)
    return _fit(line, [name for name in found if name not in line.positionals])


def _worker_names(line: Line, context: Context) -> Found:
    """Names of background workers: what can be ensured, what can be released, what can be read."""
    from controller.cli import workernames

    before = line.positionals[1:] if line.verb == "vars" else line.positionals
    if line.verb == "vars" and (before or line.positionals[0] != "get"):
        return Found()
    sets = _sets_of(line, context)
    found = (workernames.ensured if line.verb == "release" else workernames.known)(sets, line.scope)
    return _fit(line, [name for name in found if name not in before])


def _top(line: Line, context: Context) -> Found:
    if not line.positionals:
        return _fit(line, ("workers", "sets"))
    kind = resources.WORKERSETS if line.positionals[0] == "sets" else resources.PODS
    return _fit(line, names(kind, line, context))


def _kind_words() -> list[str]:
    return [kind.plural for kind in resources.KINDS] + ["ws", "po", "ev", "ns", "all"]


def _kind_and_name(line: Line, context: Context) -> Found:
    """`ws/` then `ws/web`."""
    word = line.current.removeprefix(line.prefix)
    kind_word, slash, _ = word.partition("/")
    if not slash:
        found = _fit(line, [f"{kind}/" for kind in _kind_words() if kind != "all"])
        found.directive = NO_SPACE
        return found
    kinds = resources.find(kind_word)
    return _fit(line, [f"{kind_word}/{name}" for kind in kinds for name in names(kind, line, context)])


def _fit(line: Line, values: Sequence[str]) -> Found:
    return Found([(line.prefix + value, "") for value in values]).starting(line.current)


def names(kind: resources.Kind, line: Line, context: Context) -> list[str]:
    """Names of live objects; none where no controller answers at once."""
    table = _ask(kind, {"includeObject": "None"}, http.TABLE, line, context)
    return [str(row["cells"][0]) for row in table.get("rows") or ()]


def _sets_of(line: Line, context: Context) -> list[dict[str, Any]]:
    """The sets themselves, likewise."""
    found: list[dict[str, Any]] = _ask(resources.WORKERSETS, {}, http.JSON, line, context).get("items") or []
    return found


def _ask(
    kind: resources.Kind, query: http.Query, accept: str, line: Line, context: Context
) -> dict[str, Any]:
    context.directory = line.directory
    where = line.namespace or context.environ.get("WORKERSET_NAMESPACE") or "default"
    client = http.Client(context.project.api_socket, timeout=_TIMEOUT)
    try:
        found: dict[str, Any] = client.request("GET", kind.path(where), query, accept=accept).json()
    except client_errors.ClientError:
        return {}
    finally:
        client.close()
    return found
