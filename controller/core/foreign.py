"""From what was written to what was meant: foreign words first, then spelling (S1.1).

Pure: it knows the vocabulary and the names that are allowed at a place, nothing of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache

from controller.core import errors, signals, vocabulary

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def unknown_field(
    path: errors.Path, value: object, known: Iterable[str], spec_fields: Iterable[str] = ()
) -> errors.FieldProblem:
    """The problem of a key that is not among `known` at its place, with the fix where one is known.

    `spec_fields` finds a field that was put at the wrong level.
    """
    *parents, key = path
    names, everywhere = tuple(known), frozenset(spec_fields)
    fix = (
        _other_spelling(str(key), names, value)
        or _foreign(tuple(parents), str(key), value)
        or _misplaced(tuple(parents), str(key), everywhere)
        or _nearest(str(key), names)
        or _nearest_foreign(tuple(parents), str(key), value)
        or _all_of(names)
    )
    return errors.FieldProblem(tuple(path), "UnknownField", f"unknown field: {key}", fix, value)


def value_fix(field: str, value: object, allowed: Iterable[str]) -> str:
    """What to write for a word that is not one of `allowed`."""
    words = tuple(allowed)
    if field == "stop_signal":
        return _signal_fix(value, words)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    target = vocabulary.VALUES.get(field, {}).get(_squash(text))
    if target is None or target not in words:
        target = next((word for word in words if _squash(word) == _squash(text)), None)
    target = target or nearest(text, words)
    return f"write {field}: {target}" if target else f"write one of: {', '.join(words)}"


def scalar(value: object) -> str:
    """A value as YAML's flow style writes it, shortened."""
    if isinstance(value, str):
        plain = re.fullmatch(
            r"[A-Za-z./][A-Za-z0-9_./:@%+-]*|\d+(?:ms|s|m|h|Ki|Mi|Gi)", value
        ) and not value.endswith(":")
        safe = plain and value.lower() not in ("yes", "no", "true", "false", "null", "on", "off", "y", "n")
        text = value if safe else json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key}: {scalar(item)}" for key, item in value.items()) + "}"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(scalar(item) for item in value) + "]"
    else:
        text = json.dumps(value) if isinstance(value, bool | int | float | None) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is at most a third of its letters away, without case."""
    best, limit = None, max(1, len(word) // 3) + 1
    for candidate in known:
        distance = _distance(word.lower(), candidate.lower(), limit)
        if distance < limit:
            best, limit = candidate, distance
    return best


def _squash(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")


def _other_spelling(key: str, known: tuple[str, ...], value: object) -> str:
    """camelCase, kebab-case, capitals: the same word in another dress."""
    snake = _CAMEL.sub("_", key).lower().replace("-", "_")
    for name in known:
        if name == snake or _squash(name) == _squash(key):
            return f"write {name}: {_converted(name, value)}"
    return ""


def _foreign(parents: errors.Path, key: str, value: object) -> str:
    targets, sentences, place = _tables(parents)
    word = _squash(key)
    if word in targets:
        return _with_value(targets[word], value) + place
    return sentences.get(word, "")


def _tables(parents: errors.Path) -> tuple[Mapping[str, str], Mapping[str, str], str]:
    place = str(parents[-1]) if parents else ""
    if place.endswith("_probe"):
        return _inverted("PROBE_TARGETS"), {}, ""
    if place == "resources":
        return _inverted("RESOURCE_TARGETS"), _inverted("RESOURCE_SENTENCES"), ""
    if place == "log":
        return _inverted("LOG_TARGETS"), {}, ""
    if place == "rollout":
        return {}, _inverted("SENTENCES"), ""
    if place == "spec":
        return _inverted("TARGETS"), _inverted("SENTENCES"), ""
    if not parents:
        return _inverted("TARGETS"), {**_inverted("SENTENCES"), **_inverted("TOP_SENTENCES")}, " under spec"
    return {}, {}, ""


@cache
def _inverted(table: str) -> Mapping[str, str]:
    rows: Mapping[str, str] = getattr(vocabulary, table)
    return {word: target for target, words in rows.items() for word in words.split()}


def _with_value(target: str, value: object) -> str:
    field, _, inner = target.partition(".")
    if inner:
        return f"write {field}: {{{inner}: {_converted(target, value)}}}"
    return f"write {field}: {_converted(field, value)}"


def _converted(target: str, value: object) -> str:
    """The value as the target takes it, for the cases in which that is certain; else an ellipsis."""
    if target in vocabulary.DURATIONS and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value}s"
    if target in vocabulary.VALUES:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return vocabulary.VALUES[target].get(_squash(text)) or (_squash(text) if text.isalpha() else "…")
    if target == "stop_signal":
        return _signal(value) or "SIGTERM"
    if target == "env":
        return env_as_map(value) or "{KEY: value}"
    if target == "env_files":
        names = [value] if isinstance(value, str) else value
        certain = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
        return scalar(names) if certain else "[.env]"
    if target == "http" and isinstance(value, Mapping):
        return scalar(value.get("path", "/"))
    if isinstance(value, Mapping) or (isinstance(value, list) and target not in ("command", "args")):
        return "…"
    return scalar(value)


def env_as_map(value: object) -> str:
    """`{KEY: value}` for the list forms of compose (`KEY=value`) and Kubernetes (`name`, `value`)."""
    pairs: dict[str, object] = {}
    if isinstance(value, Mapping):
        return scalar(value)
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str) and "=" in item:
            name, _, text = item.partition("=")
            pairs[name] = text
        elif isinstance(item, Mapping) and "name" in item:
            pairs[str(item["name"])] = str(item.get("value", "…"))
    return scalar(pairs) if pairs else ""


def _misplaced(parents: errors.Path, key: str, spec_fields: frozenset[str]) -> str:
    if parents == () and key in ("name", "namespace", "labels", "annotations"):
        return f"move {key} under metadata"
    if parents != ("spec",) and key in spec_fields and (not parents or parents[0] in ("metadata", "spec")):
        return f"move {key} under spec"
    if parents == ("spec",) and key in ("labels", "annotations", "namespace"):
        return f"move {key} under metadata"
    if parents == ("spec",) and key in ("apiVersion", "kind", "metadata"):
        return f"move {key} to the top of the document"
    return ""


def _nearest(key: str, known: tuple[str, ...]) -> str:
    close = nearest(key, known)
    return f"did you mean {close}" if close else ""


def _nearest_foreign(parents: errors.Path, key: str, value: object) -> str:
    """For a misspelt foreign word: `enviroment`."""
    close = nearest(_squash(key), _tables(parents)[0]) if len(key) > 4 else None
    return _foreign(parents, close, value) if close else ""


def _all_of(known: tuple[str, ...]) -> str:
    return f"the fields here are: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _signal(value: object) -> str:
    if isinstance(value, int):
        return signals.NAMES.get(value, "")
    text = str(value).upper()
    return text if text in signals.NUMBERS else f"SIG{text}" if f"SIG{text}" in signals.NUMBERS else ""


def _signal_fix(value: object, words: tuple[str, ...]) -> str:
    name = _signal(value) or nearest(str(value), words)
    return f"write stop_signal: {name}" if name else f"write one of: {', '.join(words)}"


def _distance(left: str, right: str, limit: int) -> int:
    """Letters to insert, drop, replace or swap with the neighbour; `limit` if there are more."""
    if abs(len(left) - len(right)) >= limit:
        return limit
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
