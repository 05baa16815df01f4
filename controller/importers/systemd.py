"""systemd's units: services with their drop-ins, and the sockets that go with them."""

from __future__ import annotations

import re

from controller.core import addresses
from controller.importers import drafts, sources, unitcommand, unitfile, unitkeys

FILES = ("*.service",)
ABOUT = "units of systemd: .service with drop-ins, .socket"

_NOT_NEEDED = (".target", ".slice", ".mount", ".device", ".path", ".timer")
_DROP_IN = re.compile(r"(?:.*/)?([^/]+)\.d/[^/]+\.conf")


def translate(given: tuple[sources.Source, ...], files: sources.Files) -> drafts.Drafts:
    """Raises NotOurs."""
    found = drafts.Drafts()
    units = _units(given, files)
    services = {name: unit for name, unit in units.items() if "Service" in unit.sections}
    if not services:
        raise sources.NotOurs(given[0].name, 0, "no [Service] in it", "name a .service, with its .socket")
    for name, unit in services.items():
        found.sets.append(_service(name, unit, units, files.environ.get("HOME", "")))
    for name, unit in units.items():
        if name not in services and "Socket" not in unit.sections:
            kind = next((one for one in unit.sections if one not in ("Unit", "Install")), "no section")
            found.lose(unit.place, f"[{kind}]: nothing here is like it")
    return found


def _units(given: tuple[sources.Source, ...], files: sources.Files) -> dict[str, unitfile.Unit]:
    """By name without folder; drop-ins come after their unit, those that were not named included."""
    units: dict[str, unitfile.Unit] = {}
    later: list[tuple[str, sources.Source]] = []
    for source in given:
        if match := _DROP_IN.fullmatch(source.name):
            later.append((match[1], source))
            continue
        name = source.name.rpartition("/")[2]
        unit = units.setdefault(name, unitfile.Unit(name, source.at(1)))
        unitfile.add(unit, source)
        socket = name.removesuffix(".service") + ".socket"
        if socket not in {one.name.rpartition("/")[2] for one in given} and name.endswith(".service"):
            for beside in files.find(socket, source.name):
                unitfile.add(units.setdefault(socket, unitfile.Unit(socket, beside.at(1))), beside)
        later += [(name, one) for one in files.find(f"{name}.d/*.conf", source.name) if one not in given]
    for name, source in sorted(later, key=lambda one: one[1].name.rpartition("/")[2]):
        unit = units.setdefault(name, unitfile.Unit(name, source.at(1)))
        unitfile.add(unit, source)
    return units


def _service(name: str, unit: unitfile.Unit, units: dict[str, unitfile.Unit], home: str) -> drafts.Draft:
    stem = name.removesuffix(".service")
    prefix, _, instance = stem.partition("@")
    draft = drafts.Draft(stem.rstrip("@"), unit.place)
    specifiers = unitcommand.Specifiers(name, prefix, instance, home, is_template=stem.endswith("@"))
    if description := unit.last("Unit", "Description"):
        draft.change(unit.place, specifiers.fill(description, drafts.Draft("", ""), ""))
    for section, keys in unit.sections.items():
        for key, values in keys.items():
            for value in values:
                _key(draft, section, drafts.Field(key, value.value, value.place), specifiers)
    _restart(draft, unit)
    unitcommand.put(draft, unit, specifiers)
    _depend(draft, unit, units)
    _listen(draft, stem, units)
    return draft


def _key(draft: drafts.Draft, section: str, given: drafts.Field, specifiers: unitcommand.Specifiers) -> None:
    if section == "Install" or section.startswith("X-") or given.key.startswith("X-"):
        return
    if section == "Service":
        filled = drafts.Field(given.key, specifiers.fill(given.value, draft, given.place), given.place) \
            if given.key not in unitkeys.COMMANDS else given  # fmt: skip
        unitkeys.service(draft, filled)
    elif section == "Unit" and given.key.startswith(("Condition", "Assert")):
        draft.lose(given.place, f"{given.key}={given.value}: there are no conditions")
    elif section == "Unit":
        drafts.apply(unitkeys.UNIT, draft, given, of="[Unit]")
    else:
        draft.lose(given.place, f"[{section}] {given.key}: nothing here is like it")


def _restart(draft: drafts.Draft, unit: unitfile.Unit) -> None:
    """`no` where nothing is said; a oneshot is done when it has ended."""
    draft.spec.setdefault("restart", "never")
    if unit.last("Service", "Type").lower() == "oneshot":
        draft.spec["ready_when"] = "completed"


def _depend(draft: drafts.Draft, unit: unitfile.Unit, units: dict[str, unitfile.Unit]) -> None:
    wanted: list[str] = []
    for key in ("Requires", "Wants", "BindsTo", "After", "Requisite"):
        for given in unit.all("Unit", key):
            for name in given.value.split():
                if name in units and name.endswith(".service"):
                    wanted.append(name.removesuffix(".service").rstrip("@"))
                elif name not in units and not name.endswith(_NOT_NEEDED):
                    draft.lose(given.place, f"{key}={name}: not among these units")
    if wanted:
        draft.spec["depends_on"] = list(dict.fromkeys(wanted))


def _listen(draft: drafts.Draft, stem: str, units: dict[str, unitfile.Unit]) -> None:
    """The socket of the same name, or the one that names this service."""
    for name, unit in units.items():
        service = unit.last("Socket", "Service") or name.removesuffix(".socket") + ".service"
        if "Socket" not in unit.sections or service != f"{stem}.service":
            continue
        for key, values in unit.sections["Socket"].items():
            for given in values:
                _socket_key(draft, key, given)


def _socket_key(draft: drafts.Draft, key: str, given: drafts.Field) -> None:
    if key == "ListenStream":
        text = f"unix:{given.value}" if given.value.startswith("/") else given.value
        text = f"0.0.0.0:{text}" if text.isdecimal() else text
        try:
            draft.spec.setdefault("listen", []).append(str(addresses.parse(text)))
        except addresses.BadAddress as error:
            draft.lose(given.place, f"{key}={given.value}: {error.message}")
    elif not (key == "Service" or (key == "Accept" and given.value.lower() in ("no", "false", "0"))):
        draft.lose(given.place, f"{key}={given.value}: sockets are streams that are handed over as they are")
