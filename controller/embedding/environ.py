"""The environment of the embedding program, for where its settings do not say another."""

from __future__ import annotations

import os
from collections.abc import Mapping


def own() -> Mapping[str, str]:
    """As it is now."""
    return dict(os.environ)
