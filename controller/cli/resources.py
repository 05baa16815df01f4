"""How command lines name objects: `ws`, `ws web job`, `ws/web pod/web-0`, `ws,pods`, `all`.

The kinds themselves are in `client/resources.py`; this turns words into selections of them.
"""

from __future__ import annotations

from controller.cli import errors
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from controller.client.resources import Kind


class Selection:
    """Objects of one kind: those named, or (no names) all that selectors leave.

    `namespace` is set where names come with their own (from files).
    """

    __slots__ = ("kind", "names", "namespace")

    def __init__(self, kind: Kind, names: Iterable[str] = (), namespace: str | None = None) -> None:
        self.kind = kind
        self.names = list(names)
        self.namespace = namespace

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and (self.kind, self.names) == (other.kind, other.names)

    def __hash__(self) -> int:
        return hash((self.kind, tuple(self.names)))

    def __repr__(self) -> str:
        return f"Selection({self.kind.plural}, {self.names})"


def parse(words: Sequence[str]) -> list[Selection]:
    """kubectl's grammar: `TYPE[,TYPE] [NAME …]` or `TYPE/NAME …`. Raises `UsageError`."""
    if not words:
        raise errors.UsageError("say what: a kind, or KIND/NAME", f"kinds: {known()}")
    if any("/" in word for word in words):
        return _slashed(words)
    found = [kind for word in words[0].split(",") if word for kind in kinds(word)]
    if not found:
        raise errors.UsageError("say what: a kind, or KIND/NAME", f"kinds: {known()}")
    unique = list(dict.fromkeys(found))
    return [Selection(kind, dict.fromkeys(words[1:])) for kind in unique]


def _slashed(words: Sequence[str]) -> list[Selection]:
    found: list[Selection] = []
    for word in words:
        kind_word, slash, name = word.partition("/")
        if not slash:
            raise errors.UsageError(
                f"name objects either KIND NAME … or KIND/NAME …, not both: {word}",
                f"as in {words[0]} ws/web",
            )
        if not name or "/" in name:
            raise errors.UsageError(f"not KIND/NAME: {word}")
        kind = one_kind(kind_word)
        if found and found[-1].kind is kind:
            if name not in found[-1].names:
                found[-1].names.append(name)
        else:
            found.append(Selection(kind, [name]))
    return found


def parse_targets(words: Sequence[str], *, default: Kind = resources.WORKERSETS) -> list[Selection]:
    """For verbs that are about sets: bare names too, as in `scale web`."""
    if not words:
        return []
    if any("/" in word for word in words):
        return _slashed([word if "/" in word else f"{default.plural}/{word}" for word in words])
    if len(words) > 1 and len(resources.find(words[0])) == 1:
        return parse(words)
    return [Selection(default, dict.fromkeys(words))]


def parse_chosen(words: Sequence[str], selector: str | None, *, everything: bool) -> list[Selection]:
    """For verbs that take names, or -l or --all instead of names (`delete`, `label`, `wait`, …)."""
    found = parse(words)
    named = any(selection.names for selection in found)
    if named and (selector is not None or everything):
        raise errors.UsageError("name objects, or give -l or --all, not both")
    if not named and selector is None and not everything:
        plural = found[0].kind.plural
        raise errors.UsageError(
            f"which {plural}? give names, -l LABELS, or --all", f"as in {plural} NAME, or {plural} --all"
        )
    return found


def kinds(word: str) -> tuple[Kind, ...]:
    """What a word stands for: a kind, or the kinds of a category."""
    found = resources.find(word)
    if found:
        return found
    import difflib

    words = sorted({alias for kind in resources.KINDS for alias in (*kind.aliases, *kind.categories)})
    close = difflib.get_close_matches(word.lower(), words, n=1)
    hint = f"did you mean: {close[0]}" if close else f"kinds: {known()}"
    raise errors.UsageError(f'there is no kind "{word}"', hint)


def one_kind(word: str) -> Kind:
    found = kinds(word)
    if len(found) > 1:
        raise errors.UsageError(f"name one kind here, not several: {word}", f"kinds: {known()}")
    return found[0]


def known() -> str:
    return ", ".join(kind.plural for kind in resources.KINDS)
