"""Compose files: services as local processes, their paths and hosts those of this machine."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from controller.importers import (
    composecommand,
    composefile,
    composekeys,
    composeprobe,
    drafts,
    interpolation,
    sources,
)
from controller.manifest import trees

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
ABOUT = "compose file (Docker Compose, Podman Compose)"


def translate(given: tuple[sources.Source, ...], files: sources.Files) -> drafts.Drafts:
    """Raises NotOurs."""
    found = drafts.Drafts()
    services = composefile.services(given, files, found)
    if not services:
        raise sources.NotOurs(given[0].name, 0, "its list of services is empty")
    known: dict[str, str] = {}
    env_files = files.find(".env", given[0].name)
    for one in env_files:
        known |= interpolation.env_file(one.text)
    for service in services.values():
        draft = _service(service, known, files, given[0].name)
        _localise(draft, services)
        found.sets.append(draft)
    _complete(found, services)
    return found


def _service(
    service: composefile.Service, known: Mapping[str, str], files: sources.Files, beside: str
) -> drafts.Draft:
    draft = drafts.Draft(service.name, service.place, {"restart": "never"})
    tree = _filled(service, known, draft)
    for key, value in (tree.fields or {}).items():
        given = drafts.Field(key, value, service.places.get(key, service.place))
        if not key.startswith("x-"):
            drafts.apply(composekeys.RULES, draft, given, of="a service")
    composekeys.environment(draft, service, known)
    composeprobe.put(draft, tree, service.places.get("healthcheck", service.place))
    composecommand.put(draft, service, tree, files, beside)
    return draft


def _filled(service: composefile.Service, known: Mapping[str, str], draft: drafts.Draft) -> trees.Tree:
    """The service with its variables put in; `command`, `entrypoint` and `environment` ask at run time."""

    def walk(tree: trees.Tree, place: str, *, is_command: bool) -> trees.Tree:
        if tree.text is not None:
            try:
                text = interpolation.fill(tree.text, known)
            except ValueError as error:
                draft.lose(place, str(error))
                return tree
            for name in text.missing:
                if is_command:
                    draft.change(place, f"{name} is asked for when the program starts")
                    continue
                draft.lose(place, f"{name} is not set in .env, and has no default: {tree.text}")
            return dataclasses.replace(tree, text=text.in_command if is_command else text.plain)
        items = tree.items and tuple(walk(one, place, is_command=is_command) for one in tree.items)
        fields = tree.fields and {
            key: walk(one, place, is_command=is_command) for key, one in tree.fields.items()
        }
        return dataclasses.replace(tree, items=items, fields=fields)

    made: dict[str, trees.Tree] = {}
    for key, value in (service.tree.fields or {}).items():
        place = service.places.get(key, service.place)
        if key == "environment":
            continue
        if key == "healthcheck" and value.fields is not None:
            checks = {part: walk(one, place, is_command=part == "test") for part, one in value.fields.items()}
            made[key] = dataclasses.replace(value, fields=checks)
        else:
            made[key] = walk(value, place, is_command=key in ("command", "entrypoint"))
    return dataclasses.replace(service.tree, fields=made)


def _localise(draft: drafts.Draft, services: Mapping[str, composefile.Service]) -> None:
    """Services are reached by their names there, on this machine here."""
    names = "|".join(re.escape(name) for name in sorted(services, key=len, reverse=True))
    pattern = re.compile(
        rf"(?<=//)(?:{names})(?=[:/]|$)|(?<=@)(?:{names})(?=[:/]|$)|^(?:{names})(?=:\d+$)|^(?:{names})$"
    )
    for key, value in draft.env.items():
        is_host = value not in services or key.upper().endswith(("HOST", "SERVER", "ADDR", "ADDRESS"))
        changed = pattern.sub("localhost", value) if is_host else value
        if changed != value:
            draft.set_env(key, changed)
            draft.change(draft.place, f"{key}: services are on localhost here, not on hosts of their own")


def _complete(found: drafts.Drafts, services: Mapping[str, composefile.Service]) -> None:
    """What others wait for to end is a one-shot."""
    sets = {draft.name: draft for draft in found.sets}
    for service in services.values():
        wanted = service.tree.get("depends_on")
        for name, how in (wanted.fields or {}).items() if wanted is not None else ():
            condition = how.get("condition")
            if condition is not None and condition.text == "service_completed_successfully" and name in sets:
                sets[name].spec["ready_when"] = "completed"
                if sets[name].spec.get("restart") == "always":
                    sets[name].spec["restart"] = "on_failure"
