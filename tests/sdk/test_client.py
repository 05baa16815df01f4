"""The connection to the controller: threads, forks, restarts, deadlines."""

from __future__ import annotations

import os
import threading
from types import ModuleType

import pytest

from tests.fakes.worker_socket import Message
from tests.sdk.conftest import Surroundings


def test_a_wait_goes_on_through_a_restart_of_the_controller(worker: ModuleType, around: Surroundings) -> None:
    around.controller.answer = lambda _message: None
    done = []
    waiter = threading.Thread(target=lambda: done.append(worker.ensure("a", timeout=20)))
    waiter.start()
    first = around.controller.next()
    around.controller.go_away()
    around.controller.answer = around.controller.willing
    around.controller.listen()
    second = around.controller.next()
    waiter.join(20)
    assert done == [None]
    assert second["timeout"] < first["timeout"]
    assert second["names"] == first["names"] == ["a"]


def test_a_kept_connection_of_before_is_replaced(worker: ModuleType, around: Surroundings) -> None:
    worker.ensure("a")
    around.controller.go_away()
    around.controller.listen()
    worker.ensure("b", timeout=0.001)
    assert around.controller.heard.qsize() == 2


def test_a_controller_that_is_away_for_good(worker: ModuleType, around: Surroundings) -> None:
    around.controller.go_away()
    with pytest.raises(worker.EnsureTimeout, match="the controller does not answer"):
        worker.ensure("a", timeout=0.05)


def test_a_controller_that_never_answers(
    worker: ModuleType, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workerset import wire

    monkeypatch.setattr(wire, "MARGIN_SECONDS", 0.01)
    monkeypatch.setattr(wire, "PATIENCE_SECONDS", 0.05)
    around.controller.answer = lambda _message: None
    with pytest.raises(worker.EnsureTimeout, match="took too long"):
        worker.ensure("a", timeout=0.05)
    with pytest.raises(worker.NotAvailable, match="took too long"):
        worker.release("a")


def test_one_threads_wait_holds_up_no_other(worker: ModuleType, around: Surroundings) -> None:
    gate = threading.Event()

    def slow_for_one(message: Message) -> Message:
        if message["names"] == ["slow"]:
            assert gate.wait(20)
        return around.controller.willing(message)

    around.controller.answer = slow_for_one
    done: list[str] = []

    def ask(name: str) -> None:
        worker.ensure(name, timeout=20)
        done.append(name)

    slow = threading.Thread(target=ask, args=("slow",))
    slow.start()
    around.controller.next()
    quick = [threading.Thread(target=ask, args=(f"quick-{number}",)) for number in range(16)]
    for thread in quick:
        thread.start()
    for thread in quick:
        thread.join(20)
    assert sorted(done) == sorted(f"quick-{number}" for number in range(16))
    gate.set()
    slow.join(20)
    assert done[-1] == "slow"


def test_answers_meant_for_an_earlier_question_are_passed_over(
    worker: ModuleType, around: Surroundings
) -> None:
    around.controller.answer = lambda message: {**around.controller.willing(message), "id": message["id"]}
    worker.ensure("a")
    worker.ensure("b")
    assert [around.controller.next()["id"] for _ in range(2)] == [1, 2]


def test_idle_connections_do_not_pile_up(worker: ModuleType) -> None:
    from workerset import client

    threads = [threading.Thread(target=worker.ensure, args=(f"n{number}",)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert 1 <= len(client._idle) <= 8


def test_a_forked_child_opens_its_own_connection(around: Surroundings) -> None:
    around.run(
        """
        import os, workerset
        from workerset import client
        workerset.ensure("a")
        assert len(client._idle) == 1
        mine = client._idle[0]._socket.fileno()
        child = os.fork()
        if child == 0:
            assert client._idle == []
            workerset.ensure("b")
            workerset.ensure("a")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client._idle[0]._socket.fileno() == mine
        workerset.ensure("c")
        """
    )
    heard = [around.controller.next() for _ in range(3)]
    assert [one["names"] for one in heard] == [["a"], ["b"], ["c"]]
    assert [one["id"] for one in heard] == [1, 1, 2]


def test_a_question_has_a_limit(worker: ModuleType, around: Surroundings) -> None:
    with pytest.raises(ValueError, match="too many for one question"):
        worker.ensure([f"{number:0200}" for number in range(6000)])
    assert around.controller.is_quiet()


def test_no_descriptor_is_left_after_refusals(worker: ModuleType, around: Surroundings) -> None:
    around.controller.answer = lambda _message: around.controller.error("undeclared", "no")
    with pytest.raises(worker.Undeclared):
        worker.ensure("a")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(worker.Undeclared):
            worker.ensure("a")
    assert len(os.listdir("/proc/self/fd")) == before
