"""The ready word of a worker's shared memory, cleared where the exit is seen first (S5, S6).

The controller may be away when a worker dies; readers must not go on believing that it is ready.
"""

from __future__ import annotations

import os

from controller.sdk.workerset import contract, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FLAGS = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CLEARED = bytes(8)


def clear(env: Mapping[str, str]) -> None:
    """Of the slot that a worker with this environment publishes in; a folder that is gone is no matter."""
    path = env.get(contract.VARS)
    if not path:
        return
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return
    try:
        os.pwrite(descriptor, _CLEARED, 8 * layout.READY)
    except OSError:
        pass
    finally:
        os.close(descriptor)
