"""The command line's table of kinds agrees with the registry of the API."""

from __future__ import annotations

import pytest

from controller.client import resources
from controller.core import kinds


def test_same_rows_as_the_registry():
    registry = {
        (r.api_version, r.kind, r.plural, r.singular, r.namespaced, r.categories) for r in kinds.RESOURCES
    }
    ours = {
        (k.api_version, k.kind, k.plural, k.singular, k.namespaced, k.categories) for k in resources.KINDS
    }
    assert ours == registry
    for resource in kinds.RESOURCES:
        for word in (
            resource.plural,
            resource.singular,
            resource.kind,
            resource.qualified,
            *resource.short_names,
        ):
            assert [kind.kind for kind in resources.find(word)] == [resource.kind]


def test_categories_and_unknown_words():
    assert [kind.kind for kind in resources.find("all")] == ["WorkerSet", "Pod"]
    assert resources.find("nonsense") == ()


@pytest.mark.parametrize(
    ("kind", "namespace", "rest", "path"),
    [
        (resources.WORKERSETS, "default", (), "/apis/workerset.dev/v1/namespaces/default/workersets"),
        (resources.WORKERSETS, None, (), "/apis/workerset.dev/v1/workersets"),
        (resources.PODS, "x", ("web-0", "log"), "/api/v1/namespaces/x/pods/web-0/log"),
        (resources.NAMESPACES, "x", ("y",), "/api/v1/namespaces/y"),
    ],
)
def test_paths(kind, namespace, rest, path):
    assert kind.path(namespace, *rest) == path
