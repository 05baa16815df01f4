"""Names of workers (S1.10)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.core import names


def test_s1_10_a_pool_counts_its_workers() -> None:
    assert names.worker("web", 2) == "web-2"


def test_s1_10_a_worker_of_an_http_set_names_its_revision() -> None:
    assert names.http_worker("web", "9017666970", 1) == "web-9017666970-1"


def test_s1_10_any_name_makes_a_worker_of_a_catch_all() -> None:
    assert names.instance("mailer", "Shop/Orders #1").startswith("mailer-shop-orders-1-")
    assert names.instance("mailer", "é").startswith("mailer-x-")


@given(st.text(max_size=200), st.text(max_size=200))
def test_s1_10_two_names_never_share_a_worker(one: str, other: str) -> None:
    assert (names.instance("m", one) == names.instance("m", other)) == (one == other)


@given(st.text(max_size=200))
def test_a_label_value_is_always_valid(text: str) -> None:
    assert names.is_label_value(names.label_value(text))


def test_a_valid_label_value_stays_itself() -> None:
    assert names.label_value("job-runner_1.x") == "job-runner_1.x"
    assert names.label_value("") == ""


def test_uids_look_like_uuids_and_are_stable() -> None:
    assert names.uid("a", 1) == names.uid("a", 1) != names.uid("a", 2)
    assert [len(part) for part in names.uid("x").split("-")] == [8, 4, 4, 4, 12]
