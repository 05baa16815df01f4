"""`describe`: everything about one set or worker: fields, workers, conditions, waits, events."""

from __future__ import annotations

from controller import clock
from controller.cli import answering, common, describing, errors
from controller.client import errors as client_errors
from controller.client import http, resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

    Object = dict[str, Any]

DESCRIPTION = """
Everything about one set or worker: what is declared, what runs, its conditions and what it waits for, and its
events. Values of variables whose names look secret are masked.
"""

EXAMPLES = """
  workerctl describe web            # a set, or a worker of that name
  workerctl describe ws web
  workerctl describe pod/web-0
"""

EXIT_CODES = {1: "no such set or worker"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "targets", nargs="+", metavar="NAME", help="as in web, ws web, pod/web-0, or a name that was ensured"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    namespace = context.namespace(args)
    now = clock.SystemClock().wall()
    for index, word in enumerate(_words(args.targets)):
        kind, obj = _find(word, namespace, context)
        if index:
            context.print("\n")
        for line in _lines(kind, obj, context, now):
            context.print(_painted(line, context))
    return errors.OK


def _lines(kind: resources.Kind, obj: Object, context: Context, now: float) -> list[str]:
    namespace = str(obj["metadata"].get("namespace") or "default")
    if kind is resources.WORKERSETS:
        selector = f"workerset.dev/set={obj['metadata']['name']}"
        pods = common.list_objects(context.client(), resources.PODS, namespace, selector)
        around = describing.Around(_events(kind, obj, context), pods, None, _published(obj, context))
        return describing.workerset(obj, around, now)
    if kind is resources.PODS:
        owner = _owner(obj, namespace, context)
        published = _published(owner, context) if owner else ()
        around = describing.Around(_events(kind, obj, context), (), owner, published)
        return describing.pod(obj, around, now)
    return describing.anything(obj, now)


def _owner(pod: Object, namespace: str, context: Context) -> Object | None:
    """The set of a worker, while there is one."""
    name = describing.set_of(pod)
    try:
        found: Object = context.client().request("GET", resources.WORKERSETS.path(namespace, name)).json()
    except client_errors.ApiError:
        return None
    return found


def _published(obj: Object, context: Context) -> list[Object]:
    """Where the vars of the names that a background set runs stand."""
    spec, metadata = obj.get("spec") or {}, obj["metadata"]
    if not spec.get("background"):
        return []
    path = f"/workerset/v1/vars/{http.quote(str(metadata.get('namespace') or 'default'))}"
    items = context.client().request("GET", path, {"scope": str(spec.get("scope") or "")}).json()["items"]
    return [one for one in items if one["set"] == metadata["name"]]


def _words(words: list[str]) -> list[str]:
    """`ws web job` → `ws/web ws/job`."""
    if len(words) > 1 and "/" not in words[0] and len(resources.find(words[0])) == 1:
        return [f"{words[0]}/{word}" for word in words[1:]]
    return words


def _find(word: str, namespace: str, context: Context) -> tuple[resources.Kind, Object]:
    """A bare name is a set, else a worker, else what answers to it."""
    client = context.client()
    if "/" in word:
        kind, name = common.split_target(word)
        return kind, client.request("GET", kind.path(namespace, name)).json()
    for kind in (resources.WORKERSETS, resources.PODS):
        try:
            return kind, client.request("GET", kind.path(namespace, word)).json()
        except client_errors.ApiError as error:
            if error.code != 404:
                raise
    called = answering.find(client, namespace, word)
    if called is not None:
        kind, name = called
        return kind, client.request("GET", kind.path(namespace, name)).json()
    raise errors.CliError(
        f"no set and no worker of this name in namespace {namespace}: {word}",
        "what there is: workerctl get ws,pods",
    )


def _events(kind: resources.Kind, obj: Object, context: Context) -> list[Object]:
    metadata = obj["metadata"]
    namespace = str(metadata.get("namespace") or "default")
    fields = f"involvedObject.kind={kind.kind},involvedObject.name={metadata['name']}"
    answer = context.client().request("GET", resources.EVENTS.path(namespace), {"fieldSelector": fields})
    return list(answer.json().get("items") or ())


def _painted(line: str, context: Context) -> str:
    """Headings stand out on a terminal."""
    if context.style.enabled and line and not line.startswith(" "):
        head, colon, rest = line.partition(":")
        if colon:
            return context.style.bold(head + colon) + rest
    return line
