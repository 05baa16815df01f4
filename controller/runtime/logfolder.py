"""The folder of logs as a whole: whose there are, how large and how old; and removing those of a worker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from controller.core import kinds, logretention
from controller.runtime import logtail
from controller.sdk.workerset import contract


def found(logs: str) -> Iterator[logretention.Log]:
    """Each worker's log with its rotated files. What cannot be read is not there."""
    for namespace in _names(logs):
        _, ending = os.path.split(contract.log_file(namespace, ""))
        bases: dict[str, list[os.stat_result]] = {}
        for name in _names(f"{logs}/{namespace}"):
            base, _, number = name.rpartition(".")
            worker = (base if number.isdigit() else name).removesuffix(ending)
            if f"{worker}{ending}" in (base, name):
                with contextlib.suppress(OSError):
                    bases.setdefault(worker, []).append(os.stat(f"{logs}/{namespace}/{name}"))
        for worker, files in bases.items():
            size, written = sum(one.st_size for one in files), max(one.st_mtime for one in files)
            yield logretention.Log(kinds.Key(namespace, worker), size, written)


def remove(logs: str, worker: kinds.Key) -> None:
    """All its files; a worker that comes back under the name begins a new one."""
    for path in logtail.files_of(f"{logs}/{contract.log_file(worker.namespace, worker.name)}"):
        with contextlib.suppress(OSError):
            os.unlink(path)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
