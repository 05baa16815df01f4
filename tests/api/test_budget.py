"""`max_processes` at the door: whichever way a set comes in (S7.4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.core import kinds
from tests.api import driver
from tests.api.driver import SETS, Api
from tests.api.test_bulk import apply, words


def workerset(name: str, spec: dict[str, object]) -> kinds.Object:
    return driver.workerset(name, {"command": "x", **spec})


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api(max_processes=4)
    yield found
    found.close()


def test_s7_4_a_create_that_does_not_fit_is_refused_and_says_by_how_much(api: Api) -> None:
    assert api.send("POST", SETS, workerset("a", {"num": 3})).code == 201
    answer = api.send("POST", SETS, workerset("b", {"num": 3}))
    assert answer.code == 422
    assert "spec.num: Forbidden: max_processes is exceeded by 2" in answer.json()["message"]
    assert answer.json()["details"]["causes"][0]["field"] == "spec.num"
    assert api.get(f"{SETS}/b").code == 404


def test_s7_4_scale_patch_and_start_are_refused_too(api: Api) -> None:
    apply(api, workerset("a", {"num": 3}), workerset("b", {"num": 2, "suspend": True}))
    scale = {"metadata": {"name": "a", "namespace": "default"}, "spec": {"replicas": 5}}
    assert api.send("PUT", f"{SETS}/a/scale", scale).code == 422
    assert api.patch(f"{SETS}/a", {"spec": {"num": 5}}).code == 422
    assert api.patch(f"{SETS}/b", {"spec": {"suspend": None}}).code == 422
    assert api.patch(f"{SETS}/a", {"metadata": {"labels": {"x": "y"}}}).code == 200
    assert api.patch(f"{SETS}/a", {"spec": {"num": 2}}).code == 200
    assert api.patch(f"{SETS}/b", {"spec": {"suspend": None}}).code == 200


def test_s7_4_a_catch_all_keeps_all_its_names_free(api: Api) -> None:
    (item,) = apply(api, workerset("jobs", {"background": True}))
    assert "spec.max_threads: Forbidden: max_processes is exceeded by 12" in item["status"]["message"]
    assert words(apply(api, workerset("jobs", {"background": True, "max_threads": 4}))) == ["created"]


def test_of_one_request_what_does_not_fit_fails_alone(api: Api) -> None:
    found = apply(api, workerset("a", {"num": 3}), workerset("b", {"num": 2}), workerset("c", {"num": 1}))
    assert words(found) == ["created", "failed", "created"]


def test_of_one_request_what_is_given_back_is_there_for_the_others(api: Api) -> None:
    terms = {"inventory": "default", "prune": True}
    apply(api, workerset("a", {"num": 1}), workerset("b", {"num": 3}), **terms)
    found = apply(api, workerset("a", {"num": 3}), workerset("b", {"num": 1}), **terms)
    assert words(found) == ["configured", "configured"]
    assert words(apply(api, workerset("c", {"num": 4}), **terms)) == ["created", "pruned", "pruned"]


def test_a_dry_run_takes_nothing(api: Api) -> None:
    assert words(apply(api, workerset("a", {"num": 4}), dryRun=True)) == ["created"]
    assert words(apply(api, workerset("b", {"num": 4}))) == ["created"]
