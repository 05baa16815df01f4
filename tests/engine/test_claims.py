"""The older holder keeps it, the newer waits (S1.2)."""

from __future__ import annotations

import json

from controller.core.kinds import Key
from controller.engine.claims import ClaimIndex

A, B, C = (Key("default", name) for name in "abc")
NAME = "scope:/name:job"


def test_s1_2_first_come_first_served_and_all_waiters_are_told() -> None:
    index = ClaimIndex()
    for key in (A, B, C):
        index.claim(key, [NAME])
    assert index.blocker(A) is None
    blocker = index.blocker(C)
    assert blocker is not None
    assert str(blocker) == "worker name job of the global scope is held by: default/a"
    assert index.drop(A) == (B, C)
    assert index.blocker(B) is None
    assert index.blocker(C) is not None


def test_s1_2_what_is_let_go_is_held_until_it_is_settled() -> None:
    index = ClaimIndex()
    index.claim(A, [NAME])
    index.claim(B, [NAME])
    index.claim(A, [])
    assert index.blocker(B) is not None
    assert index.settle(A) == (B,)
    assert index.blocker(B) is None


def test_the_order_survives_being_stored() -> None:
    index = ClaimIndex()
    index.claim(B, [NAME])
    index.claim(A, [NAME])
    index.claim(C, ["scope:shop/catch-all"])
    index.claim(C, [])
    again = ClaimIndex()
    assert set(again.restore(json.loads(json.dumps(index.contested())))) == {A, B, C}
    again.claim(A, [NAME])
    again.claim(B, [NAME])
    assert again.blocker(B) is None
    assert again.blocker(A) is not None
    assert again.settle(C) == ()
    assert again.contested() == index.contested()[:1]


def test_other_namespaces_do_not_matter() -> None:
    index = ClaimIndex()
    index.claim(A, [NAME])
    index.claim(Key("other", "a"), [NAME])
    assert index.blocker(Key("other", "a")) is None


def test_places_and_addresses_are_named() -> None:
    index = ClaimIndex()
    for key in (A, B):
        index.claim(key, ["scope:shop/catch-all"])
    assert str(index.blocker(B)) == "the place of the catch-all of scope shop is held by: default/a"
    index.claim(A, ["address:0.0.0.0:80"])
    index.claim(B, ["address:127.0.0.1:80"])
    assert str(index.blocker(B)) == "address 0.0.0.0:80 is held by: default/a"


def test_s1_2_addresses_are_the_machines_and_meet_where_one_covers_the_other() -> None:
    elsewhere = Key("other", "a")
    index = ClaimIndex()
    index.claim(A, ["address:127.0.0.1:80"])
    index.claim(B, ["address:127.0.0.2:80"])
    index.claim(elsewhere, ["address:0.0.0.0:80"])
    index.claim(C, ["address:127.0.0.3:80"])
    assert index.blocker(A) is None
    assert index.blocker(B) is None
    assert index.blocker(elsewhere) is not None
    assert index.blocker(C) is not None
    assert index.drop(A) == (elsewhere,)
    assert index.blocker(elsewhere) is not None
    assert index.drop(B) == (elsewhere,)
    assert index.blocker(elsewhere) is None
    assert index.drop(elsewhere) == (C,)


def test_s2_1_a_name_that_was_let_go_and_is_still_run_is_not_a_catch_alls_yet() -> None:
    index = ClaimIndex()
    index.claim(A, [NAME])
    index.claim(A, [])
    index.claim(B, ["scope:/catch-all"], {NAME: "job"})
    assert index.yielded(B) == {"job"}
    assert index.settle(A) == (B,)
    assert index.yielded(B) == frozenset()


def test_s2_1_who_let_go_before_it_had_the_name_takes_it_from_no_catch_all() -> None:
    index = ClaimIndex()
    index.claim(B, ["scope:/catch-all"], {NAME: "job"})
    index.claim(A, [NAME])
    assert index.yielded(B) == {"job"}
    index.claim(A, [])
    assert index.yielded(B) == frozenset()
