"""Which variables of env files have another value now: their names are told, their values never (S4.12)."""

from __future__ import annotations

from collections.abc import Mapping

from controller import ports
from controller.core import spec


def differing(runtime: ports.Runtime, template: spec.Template, before: Mapping[str, str]) -> list[str]:
    """Sorted names. Raises `LaunchProblem` where a file cannot be read."""
    now = runtime.env_file_values(template) if template.env_files else {}
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
