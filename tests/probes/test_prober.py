"""Probes against real servers: what counts as alive, every kind of fault, and what it costs (S1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller import ports
from controller.core import probes
from controller.core.probes import Probe, Probes, Role
from tests.contracts import probes as suite
from tests.probes.subjects import Real, Virtual, real


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_the_prober_keeps_the_contract(
    case: Callable[[suite.Subject], Awaitable[None]], tmp_path: Path
) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            await case(subject)

    asyncio.run(run())


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_the_scripted_one_keeps_the_contract(case: Callable[[suite.Subject], Awaitable[None]]) -> None:
    asyncio.run(case(Virtual()))


async def answer_of(subject: Real, probe: Probe) -> probes.Answer:
    """The first answer of a probe."""
    subject.probes.follow(suite.KEY, [suite.target(subject, Probes(readiness=probe))])
    await subject.until(lambda: bool(suite.level(subject).answers))
    (answer,) = suite.level(subject).answers
    return answer


def answered(run: Path, make: Callable[[Real], Probe]) -> probes.Answer:
    async def go() -> probes.Answer:
        async with real(run) as subject:
            return await answer_of(subject, make(subject))

    return asyncio.run(go())


@pytest.mark.parametrize("behaviour", ["passes", "moved", "bare"])
def test_a_status_from_200_to_399_passes_and_a_redirect_is_not_followed(
    behaviour: str, tmp_path: Path
) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            answer = await answer_of(subject, subject.probe(behaviour, period_seconds=100))
            assert answer.passed, answer
            (request,) = subject.requests
            assert request.startswith(b"GET /healthz?deep HTTP/1.1\r\n")
            assert f"Host: 127.0.0.1:{subject.ports[behaviour]}\r\n".encode() in request

    asyncio.run(run())


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("broken", "HTTP probe failed with statuscode: 500"),
        ("missing", "HTTP probe failed with statuscode: 404"),
        ("fails", "connection refused: http://127.0.0.1:"),
        ("hangs", "no answer within 0.1s: http://127.0.0.1:"),
        ("ssh", "what answers does not speak HTTP: http://127.0.0.1:"),
        ("endless", ""),
        ("silent", "closed without an answer: http://127.0.0.1:"),
    ],
)
def test_what_fails_says_what_it_got(behaviour: str, message: str, tmp_path: Path) -> None:
    answer = answered(tmp_path, lambda subject: subject.probe(behaviour))
    assert not answer.passed
    assert answer.message.startswith(message)


def test_tcp_needs_somebody_who_listens(tmp_path: Path) -> None:
    assert answered(tmp_path, lambda subject: Probe(port=subject.ports["hangs"])).passed
    refused = answered(tmp_path, lambda subject: Probe(port=subject.ports["fails"]))
    assert refused.message.startswith("connection refused: 127.0.0.1:")


def test_the_private_socket_of_a_worker(tmp_path: Path) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            missing = await answer_of(subject, Probe(path="/"))
            assert missing.message == "connection refused: / on its private socket"
            path = Path(subject.paths.probe_socket("default", "web-0"))
            path.parent.mkdir()
            server = await asyncio.start_unix_server(subject.answer("passes"), path)
            await subject.until(lambda: bool(suite.level(subject).passing))
            server.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("ended", "passed", "message"),
    [
        (ports.Executed(code=0, output="ok"), True, "exit 0 of check"),
        (ports.Executed(code=2, output="one\n  two \n"), False, "exit 2: one two"),
        (ports.Executed(code=1), False, "exit 1: check"),
        (ports.Executed(signal=11), False, "signal 11: check"),
        (ports.Executed(signal=9, timed_out=True), False, "not done within 1s: check"),
        (ports.Executed(error="command not found: check"), False, "command not found: check"),
    ],
)
def test_a_command_must_exit_with_0(
    ended: ports.Executed, passed: bool, message: str, tmp_path: Path
) -> None:
    def make(subject: Real) -> Probe:
        subject.commands.ended = ended
        return Probe(command=("check", "--deep"))

    answer = answered(tmp_path, make)
    assert (answer.passed, answer.message) == (passed, message)


@pytest.mark.parametrize("problem", [ConnectionError("away"), LookupError("gone")])
def test_where_nobody_can_be_asked_nothing_is_counted(problem: Exception, tmp_path: Path) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            subject.commands.ended = problem
            probe = Probe(command=("check",), failure_threshold=1, period_seconds=0.01)
            subject.probes.follow(suite.KEY, [suite.target(subject, Probes(startup=probe))])
            while len(subject.commands.asked) < 5:
                await asyncio.sleep(0)
            assert suite.level(subject).answers == ()
            subject.commands.ended = ports.Executed(code=0)
            await subject.until(lambda: bool(suite.level(subject).started))

    asyncio.run(run())


def test_a_watchdog_is_asked_when_it_may_be_late(tmp_path: Path) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            subject.commands.told = (0.01, 0.05)
            probe = Probe(watchdog_seconds=0.05)
            subject.probes.follow(suite.KEY, [suite.target(subject, Probes(liveness=probe))])
            await subject.until(lambda: suite.level(subject).proven)
            subject.commands.told = (0.06, 0.05)
            await subject.until(lambda: suite.level(subject).failed != "")
            assert suite.level(subject).failed == "Liveness probe failed: no WATCHDOG=1 for 50ms"

    asyncio.run(run())


def test_a_thousand_hang_and_the_others_are_answered_all_the_same(tmp_path: Path) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            hangs = Probes(readiness=subject.probe("hangs", timeout_seconds=0.5, period_seconds=60))
            good = Probes(readiness=subject.probe("passes"))
            many = [suite.target(subject, hangs, f"h{number}") for number in range(1000)]
            subject.probes.follow(suite.KEY, [*many, suite.target(subject, good)])
            await subject.until(lambda: bool(suite.level(subject).passing))
            await subject.until(lambda: all(suite.level(subject, one.run).answers for one in many))

    asyncio.run(run())


def test_nothing_is_left_after_the_end(tmp_path: Path) -> None:
    async def run() -> None:
        async with real(tmp_path) as subject:
            asked = Probes(readiness=subject.probe("hangs", timeout_seconds=60))
            subject.probes.follow(suite.KEY, [suite.target(subject, asked)])
            while not subject.requests:
                await asyncio.sleep(0)
            await subject.prober.close()
            left = [task for task in asyncio.all_tasks() if task.get_name().startswith("probe ")]
            assert left == []

    asyncio.run(run())


def test_roles_have_words_of_their_own() -> None:
    said = [probes.Answer(role, False, "x").sentence for role in Role]
    assert said == ["Startup probe failed: x", "Readiness probe failed: x", "Liveness probe failed: x"]
