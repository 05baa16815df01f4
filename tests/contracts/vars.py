"""What every `ports.Vars` does, as functions of a subject; run on shared memory and on the fake one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

import pytest

from controller import ports

NAME = ports.VarsName("default", "shop", "feed")
OTHER = ports.VarsName("default", "", "feed")
DEADLINE_SECONDS = 600.0
ODD = ports.VarsName("default", "", "a/b\n\udcff" + "x" * 300)


class Subject(Protocol):
    @property
    def vars(self) -> ports.Vars: ...

    def publish(self, name: ports.VarsName, mapping: Mapping[object, object]) -> int:
        """As the worker of that name; the slot is there."""
        ...

    def is_ready(self, name: ports.VarsName) -> bool:
        """As a reader sees it."""
        ...

    def epoch(self, name: ports.VarsName) -> int: ...

    def damage(self, name: ports.VarsName) -> None:
        """Change what is published behind everybody's back."""
        ...


def a_slot_is_made_once(subject: Subject) -> None:
    assert subject.vars.slot(NAME) == subject.vars.slot(NAME)
    assert subject.vars.slot(NAME) != subject.vars.slot(OTHER)
    assert subject.vars.known() == sorted((NAME, OTHER))


def a_name_may_be_any_bytes(subject: Subject) -> None:
    subject.vars.slot(ODD)
    subject.publish(ODD, {"a": 1})
    assert list(subject.vars.known()) == [ODD]
    assert subject.vars.generation(ODD) > 0


def nothing_is_there_before_the_first_publish(subject: Subject) -> None:
    assert (subject.vars.read(NAME), subject.vars.generation(NAME)) == (None, 0)
    subject.vars.slot(NAME)
    assert (subject.vars.read(NAME), subject.vars.generation(NAME)) == (None, 0)
    assert not subject.is_ready(NAME)


def what_is_published_is_read(subject: Subject) -> None:
    subject.vars.slot(NAME)
    generation = subject.publish(NAME, {"host": "db", "ports": [1, 2], "key": b"\0"})
    found = subject.vars.read(NAME)
    assert found is not None
    assert (found.generation, subject.vars.generation(NAME)) == (generation, generation)
    assert found.value == {"host": "db", "ports": [1, 2], "key": {"$bytes": "AA=="}}
    assert found.encoded == b'{"host":"db","ports":[1,2],"key":{"$bytes":"AA=="}}'
    assert found.published_wall > 1e9


def names_do_not_see_each_other(subject: Subject) -> None:
    for name in (NAME, OTHER):
        subject.vars.slot(name)
    subject.publish(NAME, {"a": 1})
    assert subject.vars.read(OTHER) is None


def ready_is_what_was_said_last(subject: Subject) -> None:
    subject.vars.set_ready(NAME, True)
    assert not subject.vars.known()
    subject.vars.slot(NAME)
    assert not subject.is_ready(NAME)
    for ready in (True, True, False):
        subject.vars.set_ready(NAME, ready)
        assert subject.is_ready(NAME) is ready


def looking_again_changes_the_epoch_and_nothing_else(subject: Subject) -> None:
    subject.vars.slot(NAME)
    subject.vars.slot(OTHER)
    subject.vars.set_ready(NAME, True)
    generation = subject.publish(NAME, {"a": 1})
    before, other = subject.epoch(NAME), subject.epoch(OTHER)
    assert (subject.vars.epoch(NAME), subject.vars.epoch(ODD)) == (before, 0)
    subject.vars.look_again([NAME, ODD])
    assert subject.epoch(NAME) == subject.vars.epoch(NAME) != before
    assert subject.epoch(OTHER) == other
    assert subject.vars.generation(NAME) == generation
    assert subject.is_ready(NAME)


def a_touch_is_taken_once(subject: Subject) -> None:
    assert not subject.vars.take_touched(NAME)
    subject.vars.touch(NAME)
    subject.vars.slot(NAME)
    assert not subject.vars.take_touched(NAME)
    subject.vars.touch(NAME)
    subject.vars.touch(NAME)
    assert subject.vars.take_touched(NAME)
    assert not subject.vars.take_touched(NAME)


def to_be_lent_is_a_touch(subject: Subject) -> None:
    subject.vars.lend(NAME, "/folder")
    assert subject.vars.take_touched(NAME)


def what_is_removed_is_gone_and_comes_back_above(subject: Subject) -> None:
    subject.vars.slot(NAME)
    before = [subject.publish(NAME, {"a": number}) for number in range(5)][-1]
    subject.vars.remove(NAME)
    subject.vars.remove(NAME)
    assert not subject.vars.known()
    assert subject.vars.read(NAME) is None
    subject.vars.slot(NAME)
    assert subject.vars.read(NAME) is None
    assert subject.publish(NAME, {"a": 4}) > before


def damage_is_reported_and_healed_by_the_next_publish(subject: Subject) -> None:
    subject.vars.slot(NAME)
    subject.publish(NAME, {"a": 1})
    subject.damage(NAME)
    with pytest.raises(ValueError, match=r"damaged, .*: the next publish heals it: "):
        subject.vars.read(NAME)
    subject.publish(NAME, {"a": 1})
    found = subject.vars.read(NAME)
    assert found is not None
    assert found.value == {"a": 1}


def a_publish_or_an_end_wakes_who_waits(subject: Subject) -> None:
    async def all_of_them() -> None:
        subject.vars.slot(NAME)
        changes: list[Callable[[], object]] = [
            lambda: subject.publish(NAME, {"a": 1}),
            lambda: subject.publish(NAME, {"a": 2}),
            lambda: subject.vars.look_again([NAME]),
            lambda: subject.vars.remove(NAME),
        ]
        for change in changes:
            waiting = asyncio.create_task(
                subject.vars.changed(NAME, subject.vars.generation(NAME), DEADLINE_SECONDS)
            )
            while not waiting.done():  # it may not be asleep yet when the change comes: then tell it again
                await asyncio.sleep(0)
                change()
                await asyncio.wait([waiting], timeout=0.05)

    asyncio.run(all_of_them())


def nobody_waits_on_what_is_not_so(subject: Subject) -> None:
    async def each() -> None:
        await subject.vars.changed(NAME, 0, 0.01)
        subject.vars.slot(NAME)
        subject.publish(NAME, {"a": 1})
        await subject.vars.changed(NAME, 0, DEADLINE_SECONDS)
        await subject.vars.changed(NAME, subject.vars.generation(NAME), 0.01)

    asyncio.run(each())


CASES = (
    a_slot_is_made_once,
    a_name_may_be_any_bytes,
    nothing_is_there_before_the_first_publish,
    what_is_published_is_read,
    names_do_not_see_each_other,
    ready_is_what_was_said_last,
    looking_again_changes_the_epoch_and_nothing_else,
    a_touch_is_taken_once,
    to_be_lent_is_a_touch,
    what_is_removed_is_gone_and_comes_back_above,
    damage_is_reported_and_healed_by_the_next_publish,
    a_publish_or_an_end_wakes_who_waits,
    nobody_waits_on_what_is_not_so,
)
