"""The stop of a server, step by step (S7.2, S4.6): handle, drain, signal, grace, kill."""

from __future__ import annotations

import dataclasses

import pytest

from controller.core import runs, spec, stopping, worker

RULES = spec.WorkerSetSpec(
    template=spec.Template(listen=("127.0.0.1:8000",)), kind=spec.SetKind.HTTP, stop_grace_seconds=30.0
)
FACTS = worker.SetFacts("default", "web", "uid", 1, RULES, "hash")
SERVER = runs.Process(
    runs.WorkerRef("default", "web", "web-0"),
    "r1",
    "hash",
    0,
    pid=7,
    handle_taken=True,
    handle_closed_at=100.0,
)
SIGNALLED = dataclasses.replace(SERVER, signalled_at=110.0)


def at(now: float, process: runs.Process = SERVER, facts: worker.SetFacts = FACTS) -> stopping.Step:
    return stopping.stop_run(process, facts, now)


def test_s7_2_who_took_the_handle_has_drain_timeout_to_let_clients_leave() -> None:
    closed = at(100, dataclasses.replace(SERVER, handle_closed_at=None))
    assert isinstance(closed.verb, runs.CloseHandle)
    assert closed.wake_at == 110
    assert at(109.9) == stopping.Step(wake_at=110)
    assert at(110).verb == runs.Signal(SERVER.ref, "r1", 15)


def test_s7_2_the_signal_comes_as_soon_as_all_have_left() -> None:
    assert isinstance(at(100.5, dataclasses.replace(SERVER, drained=True)).verb, runs.Signal)


def test_s7_2_the_grace_begins_with_the_signal() -> None:
    assert at(139.9, SIGNALLED) == stopping.Step(wake_at=140)
    assert isinstance(at(140, SIGNALLED).verb, runs.Kill)


@pytest.mark.parametrize(
    "facts",
    [
        dataclasses.replace(FACTS, goes_on=False),
        dataclasses.replace(FACTS, grace_seconds=0.0),
        dataclasses.replace(FACTS, spec=dataclasses.replace(RULES, drain_timeout_seconds=0.0)),
    ],
    ids=["the set stops as a whole", "no grace", "no drain_timeout"],
)
def test_s7_2_where_nobody_may_linger_the_signal_comes_at_once(facts: worker.SetFacts) -> None:
    assert isinstance(at(100, facts=facts).verb, runs.Signal)


def test_s7_2_of_a_grace_that_was_asked_for_draining_has_half() -> None:
    facts = dataclasses.replace(FACTS, grace_seconds=4.0)
    assert at(101.9, facts=facts) == stopping.Step(wake_at=102)
    assert isinstance(at(102, facts=facts).verb, runs.Signal)
    signalled = dataclasses.replace(SERVER, signalled_at=102.0)
    assert isinstance(at(104, signalled, facts).verb, runs.Kill)


def test_s4_6_others_get_no_signal_once_they_took_their_handle() -> None:
    plain = dataclasses.replace(FACTS, spec=dataclasses.replace(RULES, template=spec.Template()))
    assert at(129.9, facts=plain) == stopping.Step(wake_at=130)
    assert isinstance(at(130, facts=plain).verb, runs.Kill)


def test_s4_6_a_server_without_the_middleware_was_signalled_with_its_handle() -> None:
    ordinary = dataclasses.replace(SERVER, handle_taken=False, signalled_at=100.0)
    assert at(129.9, ordinary) == stopping.Step(wake_at=130)
