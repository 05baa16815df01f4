"""The state machine of rolling updates: its laws under anything that can happen (S7.2), and single steps."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.core import parse, rollout, spec
from controller.core.rollout import Decision, Limits, Member, Mode, Pool

DEADLINE = 60.0
LIMITS = st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any).map(lambda two: Limits(*two, DEADLINE))
EVENT = st.sampled_from(("ready", "crash", "gone", "change", "scale", "begin", "lose", "limits", "pass"))


class World:
    """A pool to which anything happens; what `decide` says is done at once, and its laws are checked."""

    def __init__(self, wanted: int, limits: Limits) -> None:
        self.wanted, self.limits, self.now, self.version = wanted, limits, 0.0, 0
        self.members: dict[str, Member] = {}
        self.versions: dict[str, int] = {}

    def pool(self) -> Pool:
        members = (
            dataclasses.replace(one, updated=self.versions[one.name] == self.version)
            for one in self.members.values()
        )
        return Pool(self.wanted, tuple(members), self.limits)

    def step(self) -> Decision:
        pool = self.pool()
        decided = rollout.decide(pool, self.now)
        check(pool, decided)
        for name in decided.drains:
            one = self.members[name]
            self.members[name] = dataclasses.replace(one, leaving=True, ready=False)
            if not one.occupied:
                del self.members[name]
        for ordinal in decided.starts:
            name = f"{self.version}-{ordinal}"
            assert name not in self.members
            self.members[name] = Member(name, ordinal, updated=True, occupied=False)
            self.versions[name] = self.version
        return decided

    def happen(self, event: str, pick: int) -> None:
        staying = [one for one in self.members.values() if not one.leaving]
        leaving = [one for one in self.members.values() if one.leaving]
        if event == "change":
            self.version += 1
        elif event == "scale":
            self.wanted = pick % 6
        elif event == "limits":
            self.limits = Limits(pick % 3, 1 + pick % 2, DEADLINE)
        elif event == "gone" and leaving:
            del self.members[leaving[pick % len(leaving)].name]
        elif staying:
            one = staying[pick % len(staying)]
            changes = {
                "ready": {"occupied": True, "ready": True, "since": self.now},
                "crash": {"occupied": False, "ready": False, "since": self.now},
                "begin": {"occupied": True, "since": self.now if one.since is None else one.since},
                "lose": {"ready": False, "since": self.now},
            }
            self.members[one.name] = dataclasses.replace(one, **changes.get(event, {}))

    def be_kind(self) -> None:
        """All who try get ready, all who leave are gone, until nothing changes any more."""
        for _ in range(200):
            decided = self.step()
            before = dict(self.members)
            for one in tuple(self.members.values()):
                if one.leaving:
                    del self.members[one.name]
                else:
                    ready = dataclasses.replace(one, occupied=True, ready=True, since=self.now)
                    self.members[one.name] = ready
            if not decided.starts and not decided.drains and self.members == before:
                return
        raise AssertionError("it never ends")


def check(pool: Pool, decided: Decision) -> None:
    """The laws, for one decision."""
    limits = pool.limits
    staying = [one for one in pool.members if not one.leaving]
    kept = [one for one in staying if one.name not in decided.drains]
    assert decided.drains <= {one.name for one in staying}
    assert len(kept) + len(decided.starts) <= pool.wanted + limits.surge
    taken = {one.ordinal for one in pool.members if one.occupied or one.name not in decided.drains}
    assert not taken & set(decided.starts)
    assert decided.failed <= decided.drains
    before, after = sum(one.ready for one in staying), sum(one.ready for one in kept)
    assert after >= min(before, pool.wanted - limits.unavailable)
    updated = [one for one in kept if one.updated]
    assert len(updated) + len(decided.starts) <= pool.wanted
    assert not any(one.ready for one in pool.members if one.name in decided.failed)
    if decided.starts:
        going = [one for one in pool.members if one.leaving or one.name in decided.drains]
        old = sum(one.occupied and not one.updated for one in going)
        assert len(kept) + len(decided.starts) + max(0, old - limits.surge) <= pool.wanted + limits.surge
    assert decided.wake_at is None or decided.wake_at > 0


@given(
    st.integers(0, 5), LIMITS, st.lists(st.tuples(EVENT, st.integers(0, 5), st.floats(0, 50)), max_size=60)
)
@example(  # scaled down at the moment at which the new template had its time
    0,
    Limits(0, 1, DEADLINE),
    [
        ("scale", 3, 0.0),
        ("ready", 0, 0.0),
        ("ready", 1, 0.0),
        ("change", 0, 0.0),
        ("crash", 2, 0.0),
        ("ready", 0, 10.0),
        ("scale", 1, 50.0),
    ],
)
@settings(max_examples=300, deadline=None)
def test_s7_2_the_laws_hold_whatever_happens_and_it_always_ends(
    wanted: int, limits: Limits, events: list[tuple[str, int, float]]
) -> None:
    world = World(wanted, limits)
    for event, pick, seconds in events:
        world.now += seconds
        world.happen(event, pick)
        world.step()
    world.be_kind()
    assert len(world.members) == world.wanted
    assert all(one.ready and world.versions[one.name] == world.version for one in world.members.values())


@given(st.integers(1, 5), LIMITS, st.integers(0, 200))
def test_s7_2_a_template_that_never_gets_ready_fails_and_the_old_ones_stay(
    wanted: int, limits: Limits, seconds: int
) -> None:
    world = World(wanted, limits)
    world.be_kind()
    world.version += 1
    for _ in range(100):
        decided = world.step()
        if decided.failed:
            break
        for one in tuple(world.members.values()):
            if one.leaving:
                del world.members[one.name]
            elif world.versions[one.name] == 1 and one.since is None:
                world.happen(
                    "begin", [m.name for m in world.members.values() if not m.leaving].index(one.name)
                )
        world.now += seconds / 10
        world.now = max(world.now, decided.wake_at or 0.0)
    old = [one for one in world.members.values() if not one.leaving and world.versions[one.name] == 0]
    if limits.unavailable < wanted:
        assert decided.failed
    assert len(old) >= wanted - limits.unavailable
    assert all(one.ready for one in old)


def member(name: str, ordinal: int, *, updated: bool = False, **fields: object) -> Member:
    return Member(name, ordinal, updated, **{"ready": True, **fields})  # type: ignore[arg-type]


OLD = (member("a-0", 0), member("a-1", 1))


def test_s7_2_one_more_starts_first_under_the_lowest_free_ordinal() -> None:
    assert rollout.decide(Pool(2, OLD), 0) == Decision(starts=(2,))
    gap = (member("a-1", 1), member("a-3", 3), member("a-0", 0, leaving=True, ready=False))
    assert rollout.decide(Pool(2, gap), 0).starts == (2,)


def test_s7_2_once_it_is_ready_one_old_one_is_drained_and_the_next_starts() -> None:
    pool = Pool(2, (*OLD, member("b-2", 2, updated=True)))
    assert rollout.decide(pool, 0) == Decision(starts=(3,), drains=frozenset({"a-1"}))


def test_s7_2_slow_drains_hold_up_the_next_start() -> None:
    going = tuple(member(f"a-{n}", n, leaving=True, ready=False) for n in (4, 5))
    pool = Pool(3, (member("a-0", 0), member("b-2", 2, updated=True), member("b-3", 3, updated=True), *going))
    assert rollout.decide(pool, 0) == Decision()


def test_s7_2_without_surge_one_goes_before_the_next_comes() -> None:
    limits = Limits(0, 1)
    assert rollout.decide(Pool(2, OLD, limits), 0) == Decision(drains=frozenset({"a-1"}))
    going = (OLD[0], member("a-1", 1, leaving=True, ready=False))
    assert rollout.decide(Pool(2, going, limits), 0) == Decision()
    assert rollout.decide(Pool(2, OLD[:1], limits), 0) == Decision(starts=(1,))


def test_overtaken_those_of_the_template_in_between_that_do_not_serve_go_at_once() -> None:
    pool = Pool(2, (*OLD, member("b-2", 2, ready=False)))
    assert rollout.decide(pool, 0) == Decision(starts=(3,), drains=frozenset({"b-2"}))


def test_where_nothing_serves_all_give_way() -> None:
    broken = tuple(dataclasses.replace(one, ready=False) for one in OLD)
    decided = rollout.decide(Pool(2, broken, Limits(2, 0)), 0)
    assert decided == Decision(starts=(2, 3), drains=frozenset({"a-0", "a-1"}))


def test_scaled_down_meanwhile_old_ones_go_first() -> None:
    pool = Pool(1, (*OLD, member("b-2", 2, updated=True)))
    assert rollout.decide(pool, 0) == Decision(drains=frozenset({"a-0", "a-1"}))


def test_still_nothing_is_replaced_but_the_number_is_kept() -> None:
    pool = Pool(3, (*OLD, member("b-2", 2, updated=True, lost=True, ready=False)), mode=Mode.STILL)
    assert rollout.decide(pool, 0) == Decision(starts=(3,), drains=frozenset({"b-2"}))


def test_yield_what_is_another_sets_goes_at_once() -> None:
    assert rollout.decide(Pool(2, OLD, mode=Mode.YIELD), 0).drains == {"a-0", "a-1"}


def test_the_deadline_counts_from_the_last_progress() -> None:
    trying = member("b-2", 2, updated=True, ready=False, since=100.0)
    pool = Pool(2, (*OLD, trying), Limits(1, 0, 60.0))
    assert rollout.decide(pool, 120.0).wake_at == 160.0
    assert rollout.decide(pool, 160.0).failed == {"b-2"}
    begun = dataclasses.replace(trying, since=None)
    assert rollout.decide(dataclasses.replace(pool, members=(*OLD, begun)), 999.0) == Decision()
    alone = dataclasses.replace(pool, members=(trying,))
    assert not rollout.decide(alone, 999.0).failed
    assert rollout.decide(dataclasses.replace(alone, can_return=True), 999.0).failed


@pytest.mark.parametrize(
    ("declared", "wanted", "expected"),
    [
        ({}, 4, (1, 0)),
        ({"max_surge": "25%"}, 10, (3, 0)),
        ({"max_surge": 0, "max_unavailable": "25%"}, 10, (0, 2)),
        ({"max_surge": "0%", "max_unavailable": "25%"}, 2, (0, 1)),
        ({"max_unavailable": 5}, 2, (1, 2)),
    ],
)
def test_percentages_are_of_num(declared: dict[str, object], wanted: int, expected: tuple[int, int]) -> None:
    obj = {"spec": {"command": ["x"], "listen": [1], "rollout": declared}}
    made = rollout.limits(parse.parse_workerset(obj).rollout, wanted)
    assert (made.surge, made.unavailable) == expected


def test_s1_defaults() -> None:
    assert rollout.limits(spec.Rollout(), 2) == Limits(1, 0, 60.0)
