"""Client-side apply becomes server-side apply: kubectl does not conflict with its own past."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core import errors, ownership, takeover, threeway

NOW = "2023-11-14T22:13:20Z"
CLIENT_SIDE = "kubectl-client-side-apply"


def configured(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": spec}


def applied(**spec: Any) -> dict[str, Any]:
    """As client-side apply leaves it."""
    return ownership.update(None, threeway.apply(None, configured(**spec)), CLIENT_SIDE, "Update", "", NOW)


def test_what_it_applied_before_is_its_own_to_change():
    found = takeover.apply(applied(num=1, args=["a"]), configured(num=2), "kubectl", False, NOW)
    assert found["spec"] == {"num": 2, "args": ["a"]}
    assert threeway.last_applied(found)["spec"] == {"num": 2}


def test_what_others_changed_since_is_not():
    live = applied(num=1)
    changed = ownership.update(live, {**live, "spec": {"num": 5}}, "somebody", "Update", "", NOW)
    with pytest.raises(errors.Conflict) as told:
        takeover.apply(changed, configured(num=2), "kubectl", False, NOW)
    assert [cause.field for cause in told.value.causes] == [".spec.num"]


@pytest.mark.parametrize("manager", ["me", CLIENT_SIDE])
def test_nobody_else_takes_over(manager: str):
    with pytest.raises(errors.Conflict):
        takeover.apply(applied(num=1), configured(num=2), manager, False, NOW)


def test_an_annotation_that_is_damaged_takes_nothing_over_and_breaks_nothing():
    live = applied(num=1)
    live["metadata"]["annotations"][threeway.ANNOTATION] = "{"
    with pytest.raises(errors.Conflict):
        takeover.apply(live, configured(num=2), "kubectl", False, NOW)
    found = takeover.apply(live, configured(num=1), "kubectl", False, NOW)
    assert threeway.last_applied(found)["spec"] == {"num": 1}


def test_objects_that_were_never_applied_get_no_annotation():
    found = takeover.apply(configured(num=1), configured(num=2), "kubectl", False, NOW)
    assert "annotations" not in found["metadata"]
    assert takeover.apply(None, configured(num=2), "kubectl", False, NOW)["spec"] == {"num": 2}
