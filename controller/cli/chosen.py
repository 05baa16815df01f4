"""Which objects a verb is about: those named, or what -l and --all find; and doing something to each."""

from __future__ import annotations

from controller.cli import common, errors, resources
from controller.client import errors as client_errors
from controller.client import resources as known

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from controller.cli.context import Context
    from controller.client.resources import Kind


class Target:
    """One object's place."""

    __slots__ = ("kind", "name", "namespace")

    def __init__(self, kind: Kind, namespace: str | None, name: str) -> None:
        self.kind = kind
        self.namespace = namespace
        self.name = name

    @property
    def path(self) -> str:
        return self.kind.path(self.namespace, self.name)

    @property
    def title(self) -> str:
        """`workerset.workerset.dev/web`."""
        return self.kind.named(self.name)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """-l, --all, -A."""
    common.add_selector(parser)
    parser.add_argument("--all", action="store_true", dest="everything", help="all of them in the namespace")
    common.add_all_namespaces(parser)


def find(
    args: argparse.Namespace, context: Context, selections: Sequence[resources.Selection]
) -> list[Target]:
    """Places of everything selected; asks the server only where names are not given."""
    targets: list[Target] = []
    for selection in selections:
        kind = selection.kind
        where = common.namespace_or_all(args, context) if kind.namespaced else None
        if selection.names:
            if where is None and kind.namespaced:
                raise errors.UsageError("a name is of one namespace, give -n instead of -A")
            targets += [Target(kind, where, name) for name in selection.names]
            continue
        query = {
            "labelSelector": getattr(args, "selector", None),
            "fieldSelector": getattr(args, "field_selector", None),
        }
        answer = context.client().request("GET", kind.path(where), query).json()
        for obj in answer.get("items") or ():
            metadata = obj["metadata"]
            targets.append(Target(kind, metadata.get("namespace"), metadata["name"]))
    return targets


def sets(args: argparse.Namespace) -> list[resources.Selection]:
    """The sets a verb is about: bare names, `ws/web`, or all that -l or --all find."""
    selections = resources.parse_targets(args.targets)
    by_query = args.selector is not None or args.everything
    if bare := _kind_alone(args.targets):
        selections = [bare]
    if not selections or not selections[0].names:
        if not by_query:
            raise errors.UsageError("name the sets, or give -l LABELS or --all")
        return selections or [resources.Selection(known.WORKERSETS)]
    if by_query:
        raise errors.UsageError("name objects, or give -l or --all, not both")
    return selections


def _kind_alone(words: list[str]) -> resources.Selection | None:
    """`scale ws --all`: the kind in front of a selector; a set of the name `ws` is written ws/ws."""
    if len(words) == 1 and len(found := known.find(words[0])) == 1:
        return resources.Selection(found[0])
    return None


def each(context: Context, targets: Sequence[Target], act: Callable[[Target], None]) -> int:
    """Every target gets its turn; what fails is noted, and the exit code says so."""
    code = errors.OK
    for target in targets:
        try:
            act(target)
        except (client_errors.ApiError, errors.CliError) as error:
            explained = errors.explain(error)
            assert explained is not None
            message, hint, own = explained
            context.note(message)
            if hint:
                context.note(hint)
            code = code or own or errors.FAILED
    return code


def note_none(context: Context) -> None:
    context.note("No resources found")
