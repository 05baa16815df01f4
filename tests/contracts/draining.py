"""What every `ports.Runtime` does about a server that lets its clients leave (S7.2).

Behaviours beside those of `contracts.runtime`: `polite` (takes its handle, at whose end it says that all who
were connected have left, and goes on until the signal), `hasty` (says so before it takes its handle, ignores
SIGTERM).
"""

from __future__ import annotations

import signal

from controller import ports
from tests.contracts.runtime import Subject, ended, only, ref, running


async def s7_2_a_server_says_that_its_clients_have_left(subject: Subject) -> None:
    await running(subject, "r1", "polite")
    await subject.until(lambda: only(subject).handle_taken)
    assert not only(subject).drained
    subject.runtime.submit([ports.CloseHandle(ref(), "r1", signal.SIGTERM)])
    await subject.until(lambda: only(subject).drained)
    assert (only(subject).exit, only(subject).signalled_at) == (None, None)
    subject.runtime.submit([ports.Signal(ref(), "r1", signal.SIGTERM)])
    process = await ended(subject, "r1")
    assert process.exit is not None
    assert process.exit.signal == signal.SIGTERM
    assert process.drained


async def s7_2_said_before_the_end_of_the_handle_it_means_nothing(subject: Subject) -> None:
    await running(subject, "r1", "hasty")
    await subject.until(lambda: only(subject).handle_taken)
    assert not only(subject).drained
    subject.runtime.submit([ports.CloseHandle(ref(), "r1", signal.SIGTERM), ports.Kill(ref(), "r1")])
    assert not (await ended(subject, "r1")).drained


CASES = (
    s7_2_a_server_says_that_its_clients_have_left,
    s7_2_said_before_the_end_of_the_handle_it_means_nothing,
)
