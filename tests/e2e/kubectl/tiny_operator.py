"""A kopf operator, as one would write it: labels sets, counts changes of `num`, has a word before the end."""

from __future__ import annotations

from typing import Any

import kopf


@kopf.on.create("workerset.dev", "v1", "workersets", labels={"operated": "yes"})
def seen(patch: kopf.Patch, name: str, **_: Any) -> dict[str, str]:
    patch.metadata.labels["seen-by"] = "kopf"
    return {"hello": name}


@kopf.on.field("workerset.dev", "v1", "workersets", field="spec.num", labels={"operated": "yes"})
def resized(body: kopf.Body, old: int | None, new: int, patch: kopf.Patch, **_: Any) -> None:
    if old is not None:
        patch.metadata.annotations["resized"] = f"{old} to {new}"
        kopf.info(body, reason="Resized", message=f"from {old} to {new}")


@kopf.on.delete("workerset.dev", "v1", "workersets", labels={"operated": "yes"})
def goes(name: str, logger: Any, **_: Any) -> None:
    logger.info(f"farewell {name}")
