"""What `wait --for` waits for: a predicate on an object, and a sentence for what it is instead. Pure."""

from __future__ import annotations

from controller.cli import errors, jsonpath, objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Object = dict[str, Any]

_FORMS = "as in condition=Ready, condition=Ready=false, jsonpath='{.status.state}'=Ready, delete, create"


class Wanted:
    """Base: `text` is what was asked for.

    `needs_object`: an object that is not there is an error. `is_about_one`: another object of its name, made
    later, counts as none.
    """

    needs_object = True
    is_about_one = False

    def __init__(self, text: str) -> None:
        self.text = text

    def is_met(self, obj: Object | None) -> bool:
        raise NotImplementedError

    def state(self, obj: Object | None) -> str:
        """What it is now."""
        return "it does not exist" if obj is None else "it exists"


class _Delete(Wanted):
    needs_object = False
    is_about_one = True

    def is_met(self, obj: Object | None) -> bool:
        return obj is None

    def state(self, obj: Object | None) -> str:
        if obj is not None and obj["metadata"].get("deletionTimestamp"):
            return f"it is being deleted {objects.why(obj)}".rstrip()
        return super().state(obj)


class _Create(Wanted):
    needs_object = False

    def is_met(self, obj: Object | None) -> bool:
        return obj is not None


class _Condition(Wanted):
    """`condition=TYPE[=STATUS]`; what speaks of an older generation does not count."""

    def __init__(self, text: str, kind: str, status: str) -> None:
        super().__init__(text)
        self._kind = kind.lower()
        self._status = status.lower()

    def is_met(self, obj: Object | None) -> bool:
        found = self._find(obj)
        if obj is None or found is None:
            return False
        generation = obj["metadata"].get("generation") or 0
        observed = found.get("observedGeneration", (obj.get("status") or {}).get("observedGeneration"))
        if observed is not None and observed < generation:
            return False
        return str(found.get("status", "")).lower() == self._status

    def _find(self, obj: Object | None) -> Object | None:
        for found in ((obj or {}).get("status") or {}).get("conditions") or ():
            if str(found.get("type", "")).lower() == self._kind:
                return dict(found)
        return None

    def state(self, obj: Object | None) -> str:
        found = self._find(obj)
        if found is None:
            return "it does not exist" if obj is None else "it has no such condition yet"
        why = found.get("message") or found.get("reason") or ""
        return f"{found.get('type')} is {found.get('status')}" + (f", {why}" if why else "")


class _JsonPath(Wanted):
    def __init__(self, text: str, path: jsonpath.Template, value: str | None) -> None:
        super().__init__(text)
        self._path = path
        self._value = value

    def is_met(self, obj: Object | None) -> bool:
        found = self._values(obj)
        if self._value is None:
            return bool(found)
        return len(found) == 1 and jsonpath.text_of(found[0]) == self._value

    def _values(self, obj: Object | None) -> list[Any]:
        if obj is None:
            return []
        try:
            return [value for value in self._path.find(obj) if value is not None]
        except errors.CliError:
            return []

    def state(self, obj: Object | None) -> str:
        found = self._values(obj)
        if obj is None or not found:
            return "it does not exist" if obj is None else "it has no such value yet"
        return f"the value is {' '.join(map(jsonpath.text_of, found))}"


def parse(text: str) -> Wanted:
    """Raises `UsageError` with the forms there are."""
    word, equals, rest = text.partition("=")
    word = word.lower()
    if word in ("delete", "create") and not equals:
        return _Delete(text) if word == "delete" else _Create(text)
    if word == "condition" and rest.partition("=")[0]:
        kind, given, status = rest.partition("=")
        return _Condition(text, kind, status if given else "true")
    if word == "jsonpath" and rest:
        path, value = _split_path(rest)
        return _JsonPath(text, jsonpath.path(path), value)
    raise errors.UsageError(f"cannot wait for: {text}", _FORMS)


def _split_path(text: str) -> tuple[str, str | None]:
    """`{.a[?(@.b=="c")]}=v`: the `=` that is outside of brackets, braces and quotes."""
    depth, quote = 0, ""
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "{[(":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "=" and depth == 0:
            value = text[index + 1 :].removeprefix("=")
            return text[:index], value.strip("\"'") if value[:1] in ("'", '"') else value
    return text, None
