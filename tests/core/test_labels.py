"""Kubernetes' rules for labels and annotations, at the write door and in manifests alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import admission, errors, kinds, labels
from controller.manifest import check

OPTIONS = admission.WriteOptions("test", now="2024-01-01T00:00:00Z", uid="u")
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace"}
SET = {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "spec": {"command": ["x"]}}
CHECKER = check.Checker()


@pytest.mark.parametrize(
    "key",
    ["app", "a", "A1", "my.name", "my_name", "example.com/app", "a/b", "k" * 63, f"{'p' * 253}/{'k' * 63}"],
)
def test_a_good_key(key: str) -> None:
    assert list(labels.key_faults(key)) == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "name part must be non-empty"),
        ("x/", "name part must be non-empty"),
        ("/x", "prefix part must be non-empty"),
        ("k" * 64, "name part must be no more than 63 characters"),
        (f"{'p' * 254}/k", "prefix part must be no more than 253 characters"),
        ("has space", "name part must consist of alphanumeric characters"),
        ("-x", "name part must consist of alphanumeric characters"),
        ("x\n", "name part must consist of alphanumeric characters"),
        ("UP.example/x", "prefix part a lowercase RFC 1123 subdomain"),
        ("a/b/c", "a qualified name must consist of"),
    ],
)
def test_a_bad_key(key: str, words: str) -> None:
    (fault,) = labels.key_faults(key)
    assert fault.startswith(words)


@pytest.mark.parametrize("value", ["", "x", "v1.2_3-x", "v" * 63])
def test_a_good_value(value: str) -> None:
    assert list(labels.value_faults(value)) == []


@pytest.mark.parametrize("value", ["a b", "-x", "x-", "ü", "x\n", "v" * 64])
def test_a_bad_value(value: str) -> None:
    assert list(labels.value_faults(value))


@pytest.mark.parametrize(("resource", "obj"), [(kinds.NAMESPACES, NAMESPACE), (kinds.WORKERSETS, SET)])
def test_the_door_refuses_it_in_the_words_of_the_apiserver(resource: kinds.Resource, obj: Any) -> None:
    metadata = {"name": "shop", "labels": {"app": "a b"}}
    if resource.namespaced:
        metadata["namespace"] = "default"
    with pytest.raises(errors.Invalid) as caught:
        admission.admit_create(resource, {**obj, "metadata": metadata}, OPTIONS, None)
    (cause,) = caught.value.causes
    assert (cause.field, cause.reason) == ("metadata.labels", "FieldValueInvalid")
    assert cause.message.startswith(
        'Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters'
    )
    assert '"shop" is invalid: metadata.labels: Invalid value' in caught.value.message


def test_the_annotations_of_an_object_have_a_limit_together() -> None:
    metadata = {"name": "shop", "annotations": {"a": "x" * 200_000, "b": "x" * 100_000, "C.example/x": ""}}
    with pytest.raises(errors.Invalid) as caught:
        admission.admit_create(kinds.NAMESPACES, {**NAMESPACE, "metadata": metadata}, OPTIONS, None)
    assert [(one.field, one.reason) for one in caught.value.causes] == [
        ("metadata.annotations", "FieldValueInvalid"),
        ("metadata.annotations", "FieldValueTooLong"),
    ]


KEYS = st.one_of(
    st.from_regex(r"[a-zA-Z0-9._/-]{0,70}", fullmatch=True),
    st.text(max_size=8),
    st.tuples(st.integers(250, 256), st.integers(61, 65)).map(lambda n: f"{'p' * n[0]}/{'k' * n[1]}"),
)


@given(KEYS, st.one_of(st.from_regex(r"[a-zA-Z0-9._-]{0,65}", fullmatch=True), st.text(max_size=8)))
def test_manifests_and_door_agree(key: str, value: str) -> None:
    obj = {**SET, "metadata": {"name": "a", "labels": {key: value}}}
    faults = [*labels.key_faults(key), *labels.value_faults(value)]
    assert CHECKER.is_surely_valid(obj) is (faults == [])
