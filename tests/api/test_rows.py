"""Rows of Tables: kept while the object is the very same one, all but its age."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.api import rows
from controller.core import kinds, stamps, table, threeway

NOW = 1_700_000_000.0
LAYOUT = table.layout(kinds.WORKERSETS)


def made(**spec: Any) -> kinds.Object:
    return {
        "metadata": {
            "name": "web",
            "uid": "u",
            "creationTimestamp": stamps.rfc3339(NOW - 5),
            "managedFields": [{"manager": "m"}],
            "annotations": {threeway.ANNOTATION: "{}", "note": "x"},
        },
        "spec": {"command": ["sleep", "9"], **spec},
    }


@pytest.mark.parametrize("include", [*rows.INCLUDES, rows.IN_NAMESPACE, rows.ANYWHERE])
def test_a_kept_row_is_what_a_fresh_one_would_be_and_grows_older(include: str):
    kept, obj = rows.Rows(), made()
    for now in (NOW, NOW, NOW + 60):
        found = json.loads(kept.row(LAYOUT, obj, now, include))
        assert found["cells"] == LAYOUT.cells(obj, now)
        assert ("object" in found) == (include != "None")


def test_another_object_of_that_uid_has_its_own_row():
    kept = rows.Rows()
    one = json.loads(kept.row(LAYOUT, made(num=1), NOW, "None"))
    two = json.loads(kept.row(LAYOUT, made(num=2), NOW, "None"))
    assert (one["cells"][1], two["cells"][1]) == ("0/1", "0/2")


@pytest.mark.parametrize(
    ("include", "kept"),
    [(rows.IN_NAMESPACE, {"name", "labels"}), (rows.ANYWHERE, {"name", "namespace", "labels"})],
)
def test_rows_of_lists_have_the_metadata_that_tables_print(include: str, kept: set[str]):
    obj = made()
    obj["metadata"] |= {"namespace": "default", "labels": {"a": "b"}}
    found = json.loads(rows.Rows().row(LAYOUT, obj, NOW, include))["object"]
    assert (found["kind"], found["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert found["metadata"] == {key: obj["metadata"][key] for key in kept}


def test_metadata_and_objects_that_are_asked_for_are_whole():
    kept, obj = rows.Rows(), made()
    assert json.loads(kept.row(LAYOUT, obj, NOW, "Metadata"))["object"]["metadata"] == obj["metadata"]
    assert json.loads(kept.row(LAYOUT, obj, NOW, "Object"))["object"] == obj


def test_no_more_is_kept_than_allowed():
    kept = rows.Rows(kept=2)
    for uid in "abc":
        obj = made()
        obj["metadata"]["uid"] = uid
        kept.row(LAYOUT, obj, NOW, "None")
    assert len(kept._found) <= 2
