"""A pass that looks only at what changed decides the same as one that looks at everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core import filling, kinds, plan, records, refilling, runs, spec, steps, worker
from tests.fakes.ids import CountingIds

HASH, OTHER = "1-aaaaaaaaaa-00000000", "1-bbbbbbbbbb-00000000"
LEVELS: tuple[dict[str, Any], ...] = (
    {"handle_taken": True},
    {"published": True},
    {"ready": True},
    {"ticket": None},
    {"unenforced": "no cgroup"},
    {"handle_closed_at": 1000.0},
    {"survivors": (runs.Survivor(7, "sleep 60"),)},
    {"exit": runs.Exit(1000.0, code=1, last_lines=("boom",))},
    {"exit": runs.Exit(1000.0, code=0)},
)
STEPS = st.one_of(
    st.tuples(st.just("name"), st.integers(0, 5)),
    st.tuples(st.just("release"), st.integers(0, 5)),
    st.tuples(st.just("level"), st.integers(0, 5), st.sampled_from(LEVELS)),
    st.tuples(st.just("spawn")),
    st.tuples(st.just("gone"), st.integers(0, 5)),
    st.tuples(st.just("later"), st.sampled_from((0.05, 1.0, 11.0))),
    st.tuples(st.just("template"), st.sampled_from((HASH, OTHER))),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("evict"), st.integers(0, 5)),
    st.tuples(st.just("reread"), st.integers(0, 5)),
)


class World:
    """A catch-all, its runs and what is remembered of it."""

    def __init__(self, gate: spec.Gate) -> None:
        rules = spec.WorkerSetSpec(
            spec.Template(command=("x",)),
            spec.SetKind.BACKGROUND,
            declared_num=0,
            declared_max_threads=99,
            ready_when=gate,
        )
        self.facts = worker.SetFacts("default", "jobs", "uid-1", 1, rules, HASH, boot_id="b")
        self.names: list[str] = []
        self.runs: dict[str, runs.Process] = {}
        self.records: dict[str, records.Record] = {}
        self.evicted: dict[str, float | None] = {}
        self.last: plan.Plan | None = None
        self.now = 1000.0
        self.status: object = None
        self._ids = CountingIds()

    def happen(self, what: str, *more: Any) -> None:
        """One thing that changes what a pass sees."""
        getattr(self, f"_{what}")(*more)

    def _name(self, number: int) -> None:
        if f"name-{number}" not in self.names:
            self.names.append(f"name-{number}")

    def _release(self, number: int) -> None:
        self.names = [name for name in self.names if name != f"name-{number}"]

    def _level(self, at: int, levels: dict[str, Any]) -> None:
        if self.runs:
            run = list(self.runs)[at % len(self.runs)]
            self.runs[run] = dataclasses.replace(self.runs[run], **levels)

    def _spawn(self) -> None:
        for run, process in self.runs.items():
            if not process.pid and process.exit is None:
                self.runs[run] = dataclasses.replace(process, pid=7, started_at=self.now, started_wall=1e9)

    def _gone(self, at: int) -> None:
        if self.runs:
            del self.runs[list(self.runs)[at % len(self.runs)]]

    def _later(self, seconds: float) -> None:
        self.now += seconds

    def _template(self, template_hash: str) -> None:
        self.facts = dataclasses.replace(self.facts, template_hash=template_hash)

    def _hold(self, held: bool) -> None:
        hold = worker.Wait("Conflict", "another set has its name") if held else None
        self.facts = dataclasses.replace(self.facts, hold=hold)

    def _evict(self, number: int) -> None:
        self.evicted = {steps.names.instance("jobs", f"name-{number}"): None}

    def _reread(self, number: int) -> None:
        """A record that nobody but another controller can have written."""
        name = steps.names.instance("jobs", f"name-{number}")
        self.records[name] = records.Record(HASH, exits=number)

    def desired(self) -> plan.Desired:
        obj: kinds.Object = {
            "apiVersion": "workerset.dev/v1",
            "kind": "WorkerSet",
            "metadata": {"name": "jobs", "namespace": "default", "uid": "uid-1", "generation": 1},
            "spec": {"command": ["x"], "background": True},
        }
        if self.status is not None:
            obj["status"] = self.status
        rules = dataclasses.replace(self.facts.spec, instances=tuple(self.names))
        known = {} if self.last is None else {one.worker_name: one for one in self.last.slots.basis.places}
        return plan.Desired(obj, self.facts, steps.places("jobs", rules, known=known))

    def pass_(self, *, from_scratch: bool) -> plan.Plan:
        """What a pass decides now."""
        last = self.last
        if last is not None and from_scratch:
            last = dataclasses.replace(last, slots=dataclasses.replace(last.slots, is_even=False))
        processes = tuple(self.runs.values())
        observed = plan.Observed(processes, (), self.records, dict(self.evicted), last=last)
        return plan.plan(self.desired(), observed, worker.Moment(self.now, 1e9), CountingIds().run)

    def carry_out(self, decided: plan.Plan) -> None:
        """As the engine and the runtime do."""
        for verb in decided.verbs:
            match verb:
                case runs.StartRun():
                    run = self._ids.run()
                    self.runs[run] = runs.Process(verb.ref, run, verb.template_hash, verb.ordinal)
                case runs.PlaceTicket():
                    ticket = {"ticket": verb.next_run, "ticket_on_success": verb.on_success}
                    self.runs[verb.run] = dataclasses.replace(self.runs[verb.run], **ticket)
                case runs.Acknowledge():
                    self.runs.pop(verb.run, None)
        for name, record in decided.records.items():
            self.records.pop(name, None)
            if record is not None:
                self.records[name] = record
        self.evicted = {}
        self.status = decided.status or self.status
        self.last = decided


@given(
    st.sampled_from((spec.Gate.STARTED, spec.Gate.HANDLE, spec.Gate.VARS)),
    st.lists(st.tuples(st.lists(STEPS, max_size=4), st.booleans()), max_size=12),
)
def test_a_pass_in_part_decides_what_one_from_scratch_does(
    gate: spec.Gate, script: list[tuple[list[Any], bool]]
) -> None:
    world = World(gate)
    for number in range(4):
        world.happen("name", number)
    for happens, is_carried_out in script:
        for what in happens:
            world.happen(*what)
        in_part, whole = world.pass_(from_scratch=False), world.pass_(from_scratch=True)
        assert _seen(in_part) == _seen(whole)
        if is_carried_out:
            world.carry_out(in_part)


def _seen(decided: plan.Plan) -> tuple[object, ...]:
    """All of it, and in order; but for the mark by which the test asked for a look at everything."""
    slots = dataclasses.replace(decided.slots, is_even=True)
    order = (list(slots.workers), list(slots.fresh), list(slots.views), list(slots.remarks))
    return dataclasses.replace(decided, slots=slots), order


def test_only_what_changed_is_planned_anew() -> None:
    world = _at_rest(50)
    run = next(run for run, one in world.runs.items() if one.ref.worker.startswith("jobs-name-17"))
    world.runs[run] = dataclasses.replace(world.runs[run], published=True)
    world.happen("name", 50)

    found = _refilled(world)

    assert found is not None
    assert [one.slot.worker_name for one in found.fresh.values()] == ["name-17", "name-50"]


def test_where_names_runs_or_the_template_go_all_are_looked_at() -> None:
    changes: tuple[Callable[[World], None], ...] = (
        lambda world: world.happen("release", 3),
        lambda world: world.happen("gone", 3),
        lambda world: world.runs.update(
            (run, dataclasses.replace(one, template_hash=OTHER)) for run, one in list(world.runs.items())[:1]
        ),
        lambda world: world.records.update(nobody=records.Record(HASH)),
    )
    for change in changes:
        world = _at_rest(5)
        assert _refilled(world) is not None
        change(world)
        assert _refilled(world) is None


def _at_rest(count: int) -> World:
    """Every name runs and is ready, and nothing is left to do."""
    world = World(spec.Gate.STARTED)
    for number in range(count):
        world.happen("name", number)
    for _ in range(5):
        world.carry_out(world.pass_(from_scratch=False))
        world.happen("spawn")
        world.happen("later", 2.0)
    return world


def _refilled(world: World) -> filling.Slots | None:
    assert world.last is not None
    basis = filling.Basis(tuple(world.runs.values()), world.records, world.desired().places)
    now = worker.Moment(world.now, 1e9)
    return refilling.refill(world.last.slots, world.facts, basis, now, CountingIds().run)


@given(
    st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1),
    st.lists(st.sampled_from("abcdefg"), unique=True),
    st.integers(0, 2),
    st.integers(3, 9),
    st.booleans(),
)
def test_places_of_more_names_are_the_same_as_made_anew(
    was: list[str], now: list[str], num: int, cap: int, suspend: bool
) -> None:
    def places(names: list[str]) -> tuple[steps.Place, ...]:
        return steps.places("c", dataclasses.replace(rules, instances=tuple(names)))

    rules = spec.WorkerSetSpec(
        spec.Template(command=("x",)), spec.SetKind.BACKGROUND, declared_num=num, declared_max_threads=cap
    )
    rules = dataclasses.replace(rules, suspend=suspend)
    for names in (now, was + [name for name in now if name not in was]):
        made = steps.grown("c", rules, places(was), was, names)
        assert made in (None, places(names))
