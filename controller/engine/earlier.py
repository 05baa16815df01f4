"""The templates an HTTP set had before, from its revisions: what a rollout that fails goes back to (S7.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller import ports
from controller.core import kinds, parse, revisions, rolling, template


def read(
    obj: kinds.Object, own: Sequence[kinds.Object], runtime: ports.Runtime
) -> Mapping[str, rolling.Earlier]:
    """By the declared part of their hash; without those whose env files cannot be read, and those that listen
    elsewhere, since nobody keeps addresses free that are not declared."""
    declared = set(parse.parse_workerset(obj).template.listen)
    found: dict[str, rolling.Earlier] = {}
    for one in own:
        restored = revisions.rolled_back(obj, one)
        wanted = parse.parse_workerset(restored).template
        if not wanted.listen or not declared.issuperset(wanted.listen):
            continue
        try:
            values = dict(runtime.env_file_values(wanted)) if wanted.env_files else {}
        except ports.LaunchProblem:
            continue
        whole = template.hash_of(restored, values)
        found[template.declared_part(whole)] = rolling.Earlier(wanted, whole, values)
    return found
