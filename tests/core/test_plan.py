"""Plans as printed values (golden files; `--update-golden` rewrites them), and laws of planning."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.core import kinds, plan, planlines, records, runs, spec, steps, worker
from tests.fakes.ids import CountingIds

GOLDEN = Path(__file__).parents[1] / "golden" / "plan"
NOW = worker.Moment(1000.0, 1_700_000_000.0)
HASH, OLD = "1-aaaaaaaaaa-00000000", "1-bbbbbbbbbb-00000000"


def desired(num: int = 2, **fields: object) -> plan.Desired:
    rules = dataclasses.replace(
        spec.WorkerSetSpec(spec.Template(command=("x",)), spec.SetKind.PLAIN, declared_num=num), **fields
    )
    facts = worker.SetFacts("default", "web", "uid-1", 1, rules, HASH, boot_id="b")
    obj: kinds.Object = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "web", "namespace": "default", "uid": "uid-1", "generation": 1},
        "spec": {"command": ["x"]},
    }
    return plan.Desired(obj, facts, steps.places("web", rules))


def process(ordinal: int = 0, **levels: object) -> runs.Process:
    ref = runs.WorkerRef("default", "web", f"web-{ordinal}")
    made = runs.Process(ref, f"run-{ordinal}", HASH, ordinal, pid=100 + ordinal, started_at=900.0)
    return dataclasses.replace(made, **levels)


def serving(num: int = 2, **fields: object) -> plan.Desired:
    """An HTTP set's."""
    template = spec.Template(command=("x",), listen=("127.0.0.1:8000",))
    kind, gate = spec.SetKind.HTTP, spec.Gate.LISTENING
    return desired(num, template=template, kind=kind, ready_when=gate, **fields)


def server(ordinal: int, template_hash: str, **levels: object) -> runs.Process:
    """One that has been ready for long, unless `levels` say otherwise."""
    worker_name = f"web-{template_hash[2:7]}-{ordinal}"
    ref = runs.WorkerRef("default", "web", worker_name)
    known = {"ref": ref, "run": f"run-{worker_name}", "template_hash": template_hash, "listening": True}
    return process(ordinal, **{"ticket": "t", "ticket_on_success": True, **known, **levels})


OLD_POOL = (server(0, OLD), server(1, OLD))


def serves(*processes: runs.Process) -> plan.Observed:
    """With the set's socket bound."""
    return plan.Observed(processes, (runs.Socket("127.0.0.1:8000", bound="127.0.0.1:8000"),))


def held(wanted: plan.Desired, hold: worker.Wait) -> plan.Desired:
    return dataclasses.replace(wanted, facts=dataclasses.replace(wanted.facts, hold=hold))


CRASHED = runs.Exit(999.0, code=1, last_lines=("boom",))
FAILED = records.Record(
    HASH,
    records.backoff.Counters(7, 7),
    records.Phase.FAILED,
    7,
    990.0,
    "b",
    1,
    last=records.LastExit(code=1),
)

SCENES: dict[str, tuple[plan.Desired, plan.Observed]] = {
    "http_opens_its_sockets_first": (serving(), plan.Observed()),
    "http_start": (serving(), serves()),
    "http_rolls_one_more_first": (serving(), serves(*OLD_POOL)),
    "http_rolls_waits_until_it_listens": (
        serving(),
        serves(*OLD_POOL, server(2, HASH, listening=False, started_at=999.5)),
    ),
    "http_rolls_drains_an_old_one": (
        serving(drain_timeout_seconds=10.0),
        serves(server(0, OLD), server(1, OLD, handle_taken=True), server(2, HASH)),
    ),
    "http_rolls_what_drains_gets_its_signal": (
        serving(drain_timeout_seconds=10.0),
        serves(
            server(0, HASH),
            server(2, HASH),
            server(1, OLD, handle_taken=True, handle_closed_at=989.0),
        ),
    ),
    "http_rolls_fewer_first": (
        serving(rollout=spec.Rollout(spec.Share(0), spec.Share(1))),
        serves(*OLD_POOL),
    ),
    "http_paused": (
        serving(rollout=spec.Rollout(paused=True)),
        serves(*OLD_POOL),
    ),
    "http_not_ready_is_looked_at_once_more": (
        serving(),
        serves(*OLD_POOL, server(2, HASH, listening=False, started_at=900.0)),
    ),
    "start": (desired(), plan.Observed()),
    "running": (
        desired(),
        plan.Observed(
            (process(0, ticket="t", ticket_on_success=True), process(1, ticket="t", ticket_on_success=True))
        ),
    ),
    "first_sight_leaves_tickets": (desired(), plan.Observed((process(0), process(1)))),
    "scale_down": (
        desired(1),
        plan.Observed((process(0, ticket="t", ticket_on_success=True), process(1), process(2))),
    ),
    "crash": (desired(1), plan.Observed((process(0, exit=CRASHED),))),
    "crash_with_leftovers": (
        desired(1),
        plan.Observed((process(0, exit=CRASHED, survivors=(runs.Survivor(7, "sleep 60"),)),)),
    ),
    "redeemed_ticket": (
        desired(1),
        plan.Observed((process(0, exit=CRASHED), process(0, run="next", by_ticket=True, started_at=999.0))),
    ),
    "backoff": (
        desired(1),
        plan.Observed(
            records={
                "web-0": records.Record(HASH, records.backoff.Counters(3, 3), exited_at=999.9, boot_id="b")
            }
        ),
    ),
    "given_up": (desired(1), plan.Observed(records={"web-0": FAILED})),
    "given_up_retry": (desired(1, retry_after_seconds=5.0), plan.Observed(records={"web-0": FAILED})),
    "template_change": (
        desired(),
        plan.Observed((process(0, template_hash=OLD), process(1, template_hash=OLD))),
    ),
    "template_change_waits_for_the_first": (
        desired(),
        plan.Observed((process(0, started_at=999.5), process(1, template_hash=OLD))),
    ),
    "stop_escalates": (
        desired(1, suspend=True),
        plan.Observed((process(0, handle_closed_at=960.0), process(1, handle_closed_at=990.0))),
    ),
    "conflict": (
        held(desired(1), worker.Wait("Conflict", "worker name x is held by: default/other")),
        plan.Observed(),
    ),
    "disconnected": (desired(1), plan.Observed(connected=False)),
    "pod_deleted": (desired(1), plan.Observed((process(0),), evicted={"web-0": None})),
    "undeclared": (
        plan.Desired(None, dataclasses.replace(desired().facts, template_hash=None)),
        plan.Observed((process(0),)),
    ),
}


@pytest.fixture
def mint() -> Callable[[], str]:
    return CountingIds().run


@pytest.mark.parametrize("scene", SCENES)
def test_printed_plans(scene: str, mint: Callable[[], str], request: pytest.FixtureRequest) -> None:
    shown = planlines.render(plan.plan(*SCENES[scene], NOW, mint), NOW.monotonic)
    path = GOLDEN / f"{scene}.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(shown)
    assert shown == path.read_text()


@pytest.mark.parametrize("scene", SCENES)
def test_planning_is_pure(scene: str) -> None:
    first, second = (plan.plan(*SCENES[scene], NOW, CountingIds().run) for _ in range(2))
    assert first == second


def test_unchanged_slots_are_not_planned_again(mint: Callable[[], str]) -> None:
    wanted, seen = SCENES["running"]
    first = plan.plan(wanted, seen, NOW, mint)
    second = plan.plan(wanted, dataclasses.replace(seen, last=first), NOW, mint)
    third = plan.plan(wanted, dataclasses.replace(seen, last=second), NOW, mint)
    assert third.workers["web-0"] is second.workers["web-0"]
    assert third.status == first.status


def test_every_reason_is_documented() -> None:
    from controller.core import conditions, notes, status

    for wanted, seen in SCENES.values():
        decided = plan.plan(wanted, seen, NOW, CountingIds().run)
        assert all(note.reason in notes.REASONS for note in decided.notes)
        if decided.status is not None:
            assert decided.status["state"] in status.WORDS
            for one in decided.status["conditions"]:
                assert one["reason"] in conditions.REASONS[one["type"]]
