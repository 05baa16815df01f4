"""What this machine is, for its Node: read once, it does not change while a controller lives."""

from __future__ import annotations

import functools
import os

from controller import ports


@functools.cache
def read() -> ports.Machine:
    system = os.uname()
    return ports.Machine(
        hostname=system.nodename,
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=system.sysname.lower(),
        architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(system.machine, system.machine),
        kernel=system.release,
        distribution=_distribution(),
    )


def _distribution() -> str:
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            words = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    except OSError:
        return "unknown"
    return words.get("PRETTY_NAME", "unknown").strip('"')
