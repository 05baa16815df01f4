"""`get_vars`, `generation`, `wait_vars`, requests and scopes (S6)."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from controller.sdk.workerset import layout
from tests.fakes.worker_socket import SEED, Message
from tests.sdk.conftest import Surroundings

Publish = Callable[..., int]


@pytest.fixture
def publish(worker: ModuleType, around: Surroundings) -> Publish:
    """As the worker of that name would."""

    def as_worker(name: str, value: dict[Any, Any], scope: str = "") -> int:
        from workerset import memory

        generation: int = memory.Slot(str(around.controller.header(name, scope).path)).publish(value)
        return generation

    return as_worker


def test_s6_5_unchanged_is_the_very_same_object(
    worker: ModuleType, around: Surroundings, publish: Publish
) -> None:
    publish("redis", {"host": "one", "ports": [1, 2]})
    first = worker.get_vars("redis")
    assert first == {"host": "one", "ports": [1, 2]}
    around.controller.go_away()
    assert all(worker.get_vars("redis") is first for _ in range(100))
    publish("redis", {"host": "one", "ports": [1, 2]})
    assert worker.get_vars("redis") is first
    publish("redis", {"host": "two"})
    assert worker.get_vars("redis") == {"host": "two"}
    assert around.controller.heard.qsize() == 1


def test_s6_5_it_cannot_be_changed(worker: ModuleType, publish: Publish) -> None:
    publish("redis", {"ports": [1]})
    with pytest.raises(TypeError):
        worker.get_vars("redis")["ports"].append(2)


def test_s6_5_generations_count(worker: ModuleType, publish: Publish) -> None:
    assert worker.generation("redis") == 0
    publish("redis", {"n": 1})
    first = worker.generation("redis")
    assert first > SEED
    publish("redis", {"n": 2})
    assert worker.generation("redis") == first + 1


@pytest.mark.parametrize("name", [None, 7, b"redis", ["redis"]])
def test_s6_4_a_name_is_a_str(worker: ModuleType, around: Surroundings, name: object) -> None:
    for call in (worker.get_vars, worker.generation, worker.wait_vars):
        with pytest.raises(TypeError, match="a str is needed"):
            call(name)
    assert around.controller.is_quiet()


def test_s6_4_a_read_starts_nothing(worker: ModuleType, around: Surroundings, publish: Publish) -> None:
    publish("redis", {"n": 1})
    worker.get_vars("redis")
    assert around.controller.next()["op"] == "resolve"


def test_s6_4_undeclared_is_said(worker: ModuleType, around: Surroundings) -> None:
    around.controller.answer = lambda _message: around.controller.error("undeclared", "declared here: a, b")
    with pytest.raises(worker.Undeclared, match="declared here"):
        worker.get_vars("redis")


@pytest.mark.parametrize(
    ("ensured", "words"), [(False, "was never started"), (True, "not published anything")]
)
def test_s6_4_no_memory_yet_is_said(
    worker: ModuleType, around: Surroundings, ensured: bool, words: str
) -> None:
    def resolved(message: Message) -> Message:
        instance = around.controller.instance(message["name"], message)
        return {"ok": True, "instance": {**instance, "vars": None, "ensured": ensured}}

    around.controller.answer = resolved
    with pytest.raises(worker.NotPublished, match=words):
        worker.get_vars("redis")
    around.controller.answer = lambda message: {
        "ok": True,
        "instance": {**around.controller.instance("x", message), "name": "redis", "vars": "/nowhere/slot"},
    }
    with pytest.raises(worker.NotPublished):
        worker.get_vars("redis")


def test_s5_never_published_after_an_ensure_names_the_gate(worker: ModuleType) -> None:
    with pytest.raises(worker.NotPublished, match="never published vars: call ensure_vars"):
        worker.get_vars("redis")
    worker.ensure("redis")
    with pytest.raises(worker.NotPublished, match="ready_when: started, which does not wait for them"):
        worker.get_vars("redis")


def test_an_epoch_has_the_controller_asked_again(
    worker: ModuleType, around: Surroundings, publish: Publish
) -> None:
    publish("redis", {"n": 1})
    first = worker.get_vars("redis")
    around.controller.header("redis").look_again()
    assert worker.get_vars("redis") is first
    assert around.controller.heard.qsize() == 2
    around.controller.header("redis").look_again()
    around.controller.answer = lambda _message: around.controller.error("undeclared", "not any more")
    with pytest.raises(worker.Undeclared):
        worker.get_vars("redis")


def test_s6_9_a_read_touches_once_a_sweep(worker: ModuleType, around: Surroundings, publish: Publish) -> None:
    publish("redis", {"n": 1})
    first = worker.get_vars("redis")
    words = around.controller.header("redis").words
    for _ in range(3):
        assert words[layout.TOUCHED] == 1
        words[layout.TOUCHED] = 0
        words[layout.SWEPT] += 1
        assert worker.get_vars("redis") is first


def test_a_ready_word_that_changes_keeps_the_object(
    worker: ModuleType, around: Surroundings, publish: Publish
) -> None:
    publish("redis", {"n": 1})
    first = worker.get_vars("redis")
    around.controller.header("redis").words[layout.READY] = 0
    assert worker.get_vars("redis") is first


def test_damage_is_told_and_healed(worker: ModuleType, around: Surroundings, publish: Publish) -> None:
    generation = publish("redis", {"n": 1})
    path = around.controller.header("redis").path
    path.with_name(f"{path.name}.{generation}").write_bytes(b"rubbish")
    with pytest.raises(worker.Damaged, match="damaged"):
        worker.get_vars("redis")
    publish("redis", {"n": 1})
    assert worker.get_vars("redis") == {"n": 1}


# ------------------------------------------------------------------ requests (S6.6)


def test_s6_6_a_request_reads_one_snapshot(worker: ModuleType, publish: Publish) -> None:
    publish("redis", {"n": 1})
    with worker.request():
        first = worker.get_vars("redis")
        generation = worker.generation("redis")
        publish("redis", {"n": 2})
        assert worker.get_vars("redis") is first
        assert worker.get_vars("redis", scope="shop") is first
        assert worker.generation("redis") == generation
        with worker.request():
            assert worker.get_vars("redis") is first
    assert worker.get_vars("redis") == {"n": 2}
    with worker.request():
        assert worker.get_vars("redis") == {"n": 2}


def test_s6_6_each_name_and_scope_is_pinned_by_its_first_read(worker: ModuleType, publish: Publish) -> None:
    publish("redis", {"n": 1}, "blog")
    publish("redis", {"n": 10})
    with worker.request("blog"):
        assert worker.get_vars("redis") == {"n": 1}
        publish("redis", {"n": 2}, "blog")
        publish("redis", {"n": 20})
        with worker.use_scope("shop"):
            assert worker.get_vars("redis") == {"n": 20}
            publish("redis", {"n": 30})
            assert worker.get_vars("redis", scope="blog") == {"n": 1}
        with worker.use_scope("shop"):
            assert worker.get_vars("redis") == {"n": 20}
        assert worker.get_vars("redis") == {"n": 1}


def test_s6_6_the_first_read_may_be_a_joined_requests(worker: ModuleType, publish: Publish) -> None:
    publish("redis", {"n": 1})
    with worker.request():
        with worker.request("shop"), worker.use_scope("shop"):
            first = worker.get_vars("redis")
        publish("redis", {"n": 2})
        assert worker.get_vars("redis") is first


def test_s6_6_what_is_not_there_yet_may_come(worker: ModuleType, publish: Publish) -> None:
    with worker.request():
        with pytest.raises(worker.NotPublished):
            worker.get_vars("redis")
        publish("redis", {"n": 1})
        assert worker.get_vars("redis") == {"n": 1}


def test_s6_6_a_wait_inside_sees_what_is_new_and_pins_nothing(worker: ModuleType, publish: Publish) -> None:
    first = publish("redis", {"n": 1})
    with worker.request():
        assert worker.get_vars("redis") == {"n": 1}
        publish("redis", {"n": 2})
        assert worker.wait_vars("redis", after=first, timeout=20).vars == {"n": 2}
        assert worker.get_vars("redis") == {"n": 1}


def test_a_request_that_ends_in_another_context_harms_nobody(worker: ModuleType) -> None:
    request = worker.request()
    contextvars.copy_context().run(request.__enter__)
    request.__exit__(None, None, None)


def test_s2_4_scopes_are_apart(worker: ModuleType, publish: Publish) -> None:
    publish("redis", {"of": "blog"}, "blog")
    publish("redis", {"of": "own"})
    with worker.use_scope("blog"):
        assert worker.get_vars("redis") == {"of": "blog"}
    assert worker.get_vars("redis") == {"of": "own"}
    assert worker.get_vars("redis", scope="blog") == {"of": "blog"}
    with pytest.raises(TypeError):
        worker.use_scope(None)


# ------------------------------------------------------------------ waiting (S6.8)


def test_s6_8_a_waiter_wakes_on_what_is_newer(worker: ModuleType, publish: Publish) -> None:
    first = publish("redis", {"n": 1})
    assert worker.wait_vars("redis", after=0) == (first, {"n": 1})
    found: list[Any] = []
    waiter = threading.Thread(target=lambda: found.append(worker.wait_vars("redis", after=first, timeout=20)))
    waiter.start()
    second = publish("redis", {"n": 2})
    waiter.join(20)
    assert found == [(second, {"n": 2})]
    assert found[0].generation == second


def test_s6_8_a_wait_ends_in_time(worker: ModuleType, publish: Publish) -> None:
    generation = publish("redis", {"n": 1})
    for after in (None, generation):
        for timeout in (0, 0.02):
            with pytest.raises(worker.VarsTimeout, match="nothing newer than generation"):
                worker.wait_vars("redis", after=after, timeout=timeout)
    with pytest.raises(ValueError, match="above zero"):
        worker.wait_vars("redis", timeout=-1)
    with pytest.raises(TypeError, match="a generation is needed"):
        worker.wait_vars("redis", after="1")


def test_s6_8_a_waiter_looks_again_when_the_name_moves(
    worker: ModuleType, around: Surroundings, publish: Publish
) -> None:
    from workerset import memory

    first = publish("redis", {"n": 1})
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            worker.wait_vars("redis", after=first, timeout=20)
        except worker.Undeclared as error:
            failed.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    around.controller.next()
    around.controller.answer = lambda _message: around.controller.error("undeclared", "gone")
    around.controller.header("redis").look_again()
    memory.Slot(str(around.controller.header("redis").path)).wake()
    waiter.join(20)
    assert len(failed) == 1


# ------------------------------------------------------------------ publishing (S6.1)


def test_s6_1_the_first_publish_of_a_run_is_said(worker: ModuleType, around: Surroundings) -> None:
    worker.set_vars({"n": 1})
    assert around.said() == b"WORKERSET_VARS=1"
    worker.set_vars({"n": 2})
    assert around.is_silent()


def test_s6_1_what_cannot_be_published_leaves_the_old_one(worker: ModuleType, around: Surroundings) -> None:
    from workerset import memory

    worker.set_vars({"n": 1})
    with pytest.raises(ValueError, match="vars"):
        worker.set_vars({"n": object()})
    with pytest.raises(TypeError):
        worker.set_vars(["n"])
    assert memory.Slot(around.environ["WORKERSET_VARS"]).read()[1] == {"n": 1}


def test_s6_1_only_background_workers_publish(worker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKERSET_VARS")
    monkeypatch.delenv("WORKERSET_BACKGROUND")
    with pytest.raises(worker.NotAvailable, match="only background workers publish"):
        worker.set_vars({})
