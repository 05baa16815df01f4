"""What a reader of vars gets: dicts and lists that cannot be changed, since all readers share them (S6.5).

They are real dicts and lists: equal to plain ones, and `json.dumps` writes them. `copy()`, `dict(…)`,
`list(…)` and `copy.deepcopy` give what may be changed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


def _refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise TypeError(
        "vars cannot be changed by a reader: make a copy (copy.deepcopy), or publish with set_vars()"
    )


class FrozenDict(dict):  # type: ignore[type-arg]
    """A dict whose content was fixed when it was made."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        from copy import deepcopy

        return {key: deepcopy(value, memo) for key, value in self.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class FrozenList(list):  # type: ignore[type-arg]
    """A list whose content was fixed when it was made."""

    __slots__ = ()

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = pop = clear = sort = reverse = _refuse

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        from copy import deepcopy

        return [deepcopy(value, memo) for value in self]

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)
