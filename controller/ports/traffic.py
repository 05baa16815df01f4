"""The seam to what sees how busy HTTP sets are (S7.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller.core import kinds, scaling

Sample = scaling.Sample


class Traffic(Protocol):
    """Samples the sets that are followed while there is traffic, and only then.

    `on_sample(key, sample)` is called from the event loop; None: it has been quiet, and nothing is sampled
    until it is not. Whatever was said before a lost connection is said anew after it.
    """

    on_sample: Callable[[kinds.Key, Sample | None], None]

    def follow(self, key: kinds.Key, *, wanted: bool) -> None:
        """From now on, or no longer. Harmless to repeat."""
        ...
