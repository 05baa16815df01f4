"""What every `ports.Runtime` does, as functions of a subject; run on the real one and on the scripted one.

A subject offers the runtime, a template for each behaviour, and a way to wait. Behaviours: `sleep` (runs
until told to end), `fail` (exits 3 at once), `succeed` (exits 0 at once), `stubborn` (ignores SIGTERM;
says that it took its handle, so that it has begun to ignore), `missing` (cannot be started), `taker`
(takes its handle, ends at its end of file), `server` (waits for connections on the socket it was given).
"""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable
from typing import Protocol

from controller import ports
from controller.core import kinds, spec

KEY = kinds.Key("default", "web")


class Subject(Protocol):
    @property
    def runtime(self) -> ports.Runtime: ...

    def template(self, behaviour: str) -> spec.Template: ...

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until it is true, looked at after every change; fails at a deadline."""
        ...


def ref(worker: str = "web-0", workerset: str = "web") -> ports.WorkerRef:
    return ports.WorkerRef("default", workerset, worker)


def start(subject: Subject, run: str, behaviour: str, worker: str = "web-0") -> ports.StartRun:
    return ports.StartRun(
        ref=ref(worker),
        run=run,
        template_hash="1-a-b",
        ordinal=int(worker.rpartition("-")[2]),
        worker_name="web",
        scope="",
        background=False,
        template=subject.template(behaviour),
        log=spec.LogRules(),
    )


def only(subject: Subject) -> ports.Process:
    (process,) = subject.runtime.processes(KEY)
    return process


def by_run(subject: Subject, run: str) -> ports.Process | None:
    return next((one for one in subject.runtime.processes(KEY) if one.run == run), None)


async def running(subject: Subject, run: str, behaviour: str, worker: str = "web-0") -> ports.Process:
    subject.runtime.submit([start(subject, run, behaviour, worker)])
    await subject.until(lambda: bool((one := by_run(subject, run)) and (one.pid or one.exit)))
    found = by_run(subject, run)
    assert found is not None
    return found


async def ended(subject: Subject, run: str) -> ports.Process:
    await subject.until(
        lambda: bool((one := by_run(subject, run)) and one.exit is not None and not one.survivors)
    )
    found = by_run(subject, run)
    assert found is not None
    return found


async def a_start_is_visible_at_once_and_has_a_pid_later(subject: Subject) -> None:
    subject.runtime.submit([start(subject, "r1", "sleep")])
    assert (only(subject).run, only(subject).pid, only(subject).exit) == ("r1", 0, None)
    assert set(subject.runtime.keys()) == {KEY}
    await subject.until(lambda: only(subject).pid > 0)
    assert only(subject).started_at > 0


async def the_same_start_twice_is_one_process(subject: Subject) -> None:
    first = await running(subject, "r1", "sleep")
    subject.runtime.submit([start(subject, "r1", "sleep")])
    await running(subject, "r2", "sleep", "web-1")
    again = by_run(subject, "r1")
    assert again is not None
    assert again.pid == first.pid
    assert len(subject.runtime.processes(KEY)) == 2


async def an_exit_stays_listed_until_acknowledged(subject: Subject) -> None:
    await running(subject, "r1", "fail")
    process = await ended(subject, "r1")
    assert process.exit is not None
    assert (process.exit.code, process.exit.signal, process.exit.error) == (3, None, "")
    subject.runtime.submit([ports.Acknowledge(ref(), "r1")])
    assert subject.runtime.processes(KEY) == ()
    assert not subject.runtime.keys()


async def what_cannot_start_ends_with_a_sentence(subject: Subject) -> None:
    await running(subject, "r1", "missing")
    process = await ended(subject, "r1")
    assert process.exit is not None
    assert process.exit.error
    assert (process.exit.code, process.exit.signal, process.pid) == (None, None, 0)


async def s4_6_closing_the_handle_ends_a_worker_that_took_it(subject: Subject) -> None:
    await running(subject, "r1", "taker")
    await subject.until(lambda: only(subject).handle_taken)
    subject.runtime.submit([ports.CloseHandle(ref(), "r1", signal.SIGTERM)])
    assert only(subject).handle_closed_at is not None
    process = await ended(subject, "r1")
    assert process.exit is not None
    assert process.exit.code == 0


async def s4_6_closing_the_handle_signals_a_worker_that_did_not_take_it(subject: Subject) -> None:
    await running(subject, "r1", "sleep")
    subject.runtime.submit([ports.CloseHandle(ref(), "r1", signal.SIGTERM)])
    process = await ended(subject, "r1")
    assert process.exit is not None
    assert process.exit.signal == signal.SIGTERM
    assert process.handle_closed_at is not None


async def a_kill_ends_what_ignores_the_signal(subject: Subject) -> None:
    await running(subject, "r1", "stubborn")
    await subject.until(lambda: only(subject).handle_taken)
    subject.runtime.submit([ports.Signal(ref(), "r1", signal.SIGTERM)])
    assert only(subject).signalled_at is not None
    subject.runtime.submit([ports.Kill(ref(), "r1")])
    process = await ended(subject, "r1")
    assert process.exit is not None
    assert process.exit.signal == signal.SIGKILL
    assert process.killed_at is not None


async def s4_5a_a_ticket_starts_the_next_run_when_the_run_fails(subject: Subject) -> None:
    await running(subject, "r1", "sleep")
    subject.runtime.submit([ports.PlaceTicket(ref(), "r1", "r2", on_success=False)])
    assert only(subject).ticket == "r2"
    subject.runtime.submit([ports.Signal(ref(), "r1", signal.SIGKILL)])
    await subject.until(lambda: bool((one := by_run(subject, "r2")) and one.pid))
    first, second = by_run(subject, "r1"), by_run(subject, "r2")
    assert first is not None
    assert second is not None
    assert first.exit is not None
    assert second.by_ticket
    assert (second.template_hash, second.ordinal) == (first.template_hash, first.ordinal)


async def s4_5a_a_commanded_stop_withdraws_the_ticket(subject: Subject) -> None:
    await running(subject, "r1", "sleep")
    subject.runtime.submit([ports.PlaceTicket(ref(), "r1", "r2", on_success=True)])
    subject.runtime.submit([ports.CloseHandle(ref(), "r1", signal.SIGTERM)])
    await ended(subject, "r1")
    assert only(subject).ticket is None


async def s4_5a_a_withdrawn_ticket_starts_nothing(subject: Subject) -> None:
    await running(subject, "r1", "sleep")
    subject.runtime.submit([ports.PlaceTicket(ref(), "r1", "r2", on_success=True)])
    assert (only(subject).ticket, only(subject).ticket_on_success) == ("r2", True)
    subject.runtime.submit([ports.WithdrawTicket(ref(), "r1")])
    assert only(subject).ticket is None
    subject.runtime.submit([ports.Signal(ref(), "r1", signal.SIGKILL)])
    await ended(subject, "r1")
    assert by_run(subject, "r2") is None


async def s4_5a_a_second_ticket_replaces_the_first(subject: Subject) -> None:
    await running(subject, "r1", "taker")
    await subject.until(lambda: only(subject).handle_taken)
    subject.runtime.submit([ports.PlaceTicket(ref(), "r1", "r2", on_success=False)])
    subject.runtime.submit([ports.PlaceTicket(ref(), "r1", "r3", on_success=True)])
    assert (only(subject).ticket, only(subject).ticket_on_success) == ("r3", True)
    subject.runtime.submit([ports.Signal(ref(), "r1", signal.SIGKILL)])
    await subject.until(lambda: bool((one := by_run(subject, "r3")) and one.pid))
    assert by_run(subject, "r2") is None


async def verbs_about_unknown_runs_do_nothing(subject: Subject) -> None:
    subject.runtime.submit(
        [
            ports.CloseHandle(ref(), "none", signal.SIGTERM),
            ports.Signal(ref(), "none", signal.SIGTERM),
            ports.Kill(ref(), "none"),
            ports.Acknowledge(ref(), "none"),
            ports.PlaceTicket(ref(), "none", "r2", on_success=True),
            ports.WithdrawTicket(ref(), "none"),
        ]
    )
    await running(subject, "r1", "sleep")
    assert len(subject.runtime.processes(KEY)) == 1


async def a_slot_waits_until_its_last_run_is_gone(subject: Subject) -> None:
    await running(subject, "r1", "sleep")
    subject.runtime.submit([start(subject, "r2", "sleep")])
    subject.runtime.submit([ports.CloseHandle(ref(), "r1", signal.SIGTERM)])
    first = await ended(subject, "r1")
    await subject.until(lambda: bool((one := by_run(subject, "r2")) and one.pid))
    second = by_run(subject, "r2")
    assert second is not None
    assert first.exit is not None
    assert second.started_at >= first.exit.at


LISTEN = ("127.0.0.1:0", "[::1]:0")


async def opened(subject: Subject, *listen: str) -> tuple[ports.Socket, ...]:
    subject.runtime.submit([ports.OpenSockets(KEY, listen)])
    await subject.until(lambda: all(one.bound or one.error for one in subject.runtime.sockets(KEY)))
    return subject.runtime.sockets(KEY)


async def s7_1_sockets_are_visible_at_once_and_bound_later(subject: Subject) -> None:
    assert subject.runtime.sockets(KEY) == ()
    subject.runtime.submit([ports.OpenSockets(KEY, LISTEN)])
    assert subject.runtime.sockets(KEY) == tuple(ports.Socket(one) for one in LISTEN)
    found = await opened(subject, *LISTEN)
    assert [one.address for one in found] == list(LISTEN)
    assert all(not one.error and not one.bound.endswith(":0") for one in found)
    assert subject.runtime.keys() == (KEY,)


async def s7_1_the_same_list_changes_nothing_and_another_only_what_differs(subject: Subject) -> None:
    first = await opened(subject, *LISTEN)
    assert await opened(subject, *LISTEN) == first
    second = await opened(subject, LISTEN[1], "127.0.0.2:0")
    assert second[0] == first[1]
    assert [one.address for one in second] == [LISTEN[1], "127.0.0.2:0"]


async def s7_1_closed_sockets_are_gone_at_once(subject: Subject) -> None:
    await opened(subject, *LISTEN)
    subject.runtime.submit([ports.CloseSockets(KEY)])
    assert subject.runtime.sockets(KEY) == ()
    assert not subject.runtime.keys()
    subject.runtime.submit([ports.CloseSockets(KEY)])
    assert (await opened(subject, LISTEN[0]))[0].bound


async def s7_1_what_is_taken_says_so_and_is_tried_again_when_asked(subject: Subject) -> None:
    (first,) = await opened(subject, "127.0.0.1:0")
    other = kinds.Key("default", "other")
    subject.runtime.submit([ports.OpenSockets(other, (first.bound,))])
    await subject.until(lambda: bool(subject.runtime.sockets(other)[0].error))
    (second,) = subject.runtime.sockets(other)
    assert second.in_use
    assert first.bound in second.error
    subject.runtime.submit([ports.CloseSockets(KEY), ports.OpenSockets(other, (first.bound,))])
    await subject.until(lambda: bool(subject.runtime.sockets(other)[0].bound))


async def s5_a_look_sees_who_waits_for_connections(subject: Subject) -> None:
    await opened(subject, LISTEN[0])
    asked = start(subject, "r1", "server")
    template = dataclasses.replace(asked.template, listen=(LISTEN[0],))
    subject.runtime.submit([dataclasses.replace(asked, template=template)])
    await subject.until(lambda: only(subject).ready)  # it says so once it waits
    assert not only(subject).listening
    subject.runtime.submit([ports.Look(ref(), "r1")])
    await subject.until(lambda: only(subject).listening)
    assert not only(subject).blind


CASES = (
    s7_1_sockets_are_visible_at_once_and_bound_later,
    s7_1_the_same_list_changes_nothing_and_another_only_what_differs,
    s7_1_closed_sockets_are_gone_at_once,
    s7_1_what_is_taken_says_so_and_is_tried_again_when_asked,
    s5_a_look_sees_who_waits_for_connections,
    a_start_is_visible_at_once_and_has_a_pid_later,
    the_same_start_twice_is_one_process,
    an_exit_stays_listed_until_acknowledged,
    what_cannot_start_ends_with_a_sentence,
    s4_6_closing_the_handle_ends_a_worker_that_took_it,
    s4_6_closing_the_handle_signals_a_worker_that_did_not_take_it,
    a_kill_ends_what_ignores_the_signal,
    s4_5a_a_ticket_starts_the_next_run_when_the_run_fails,
    s4_5a_a_commanded_stop_withdraws_the_ticket,
    s4_5a_a_withdrawn_ticket_starts_nothing,
    s4_5a_a_second_ticket_replaces_the_first,
    verbs_about_unknown_runs_do_nothing,
    a_slot_waits_until_its_last_run_is_gone,
)
