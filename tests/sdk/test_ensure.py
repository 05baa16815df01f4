"""`ensure`, `ensure_vars` and `release` towards the controller (S3)."""

from __future__ import annotations

from types import ModuleType

import pytest

from controller.sdk.workerset import layout
from tests.fakes.worker_socket import Message
from tests.sdk.conftest import Surroundings

MALFORMED = [
    ([], ValueError, "the list is empty"),
    ("", ValueError, "must not be empty"),
    ("a\0b", ValueError, "NUL"),
    (["a", ""], ValueError, r"names\[1\]: must not be empty"),
    (["a", "b\0"], ValueError, r"names\[1\]: must not hold a NUL"),
    (["a", "b", "a"], ValueError, r"names\[2\]: duplicate"),
    (["a", 7], TypeError, r"names\[1\]: must contain only strings, not int"),
    ([["a"]], TypeError, r"names\[0\]: must contain only strings, not list"),
    ([b"a"], TypeError, "must contain only strings, not bytes"),
    (None, TypeError, "not NoneType"),
    ({"a": 1}, TypeError, "not dict"),
    (7, TypeError, "not int"),
]


@pytest.mark.parametrize(("names", "kind", "words"), MALFORMED)
def test_s3_1_a_malformed_batch_is_refused_before_anything_is_sent(
    worker: ModuleType, around: Surroundings, names: object, kind: type[Exception], words: str
) -> None:
    for call in (worker.ensure, worker.release):
        with pytest.raises(kind, match=words):
            call(names)
    assert around.controller.is_quiet()


@pytest.mark.parametrize("timeout", [0, -1, 0.0, float("nan")])
def test_s3_1_a_timeout_is_above_zero(worker: ModuleType, around: Surroundings, timeout: float) -> None:
    worker.ensure("known")
    around.controller.next()
    for names in ("known", "other", ["known"]):
        with pytest.raises(ValueError, match="above zero"):
            worker.ensure(names, timeout=timeout)
    with pytest.raises(ValueError, match="above zero"):
        worker.ensure_vars("other", timeout=timeout)
    assert around.controller.is_quiet()


@pytest.mark.parametrize("timeout", ["1", None, True])
def test_s3_1_a_timeout_is_a_number(worker: ModuleType, around: Surroundings, timeout: object) -> None:
    with pytest.raises(TypeError):
        worker.ensure("other", timeout=timeout)
    with pytest.raises(TypeError):
        worker.ensure("other", scope=b"shop")
    assert around.controller.is_quiet()


def test_s3_3_what_is_asked(worker: ModuleType, around: Surroundings) -> None:
    worker.ensure(["b", "a"], timeout=7.5)
    message = around.controller.next()
    assert 7.0 < message.pop("timeout") <= 7.5
    assert message == {
        "id": 1,
        "op": "ensure",
        "token": "v1.token",
        "run": "r1",
        "names": ["b", "a"],
        "scope": None,
        "wait": True,
        "bootstrap": False,
    }
    worker.ensure("c", wait=False, scope="other")
    message = around.controller.next()
    assert (message["id"], message["wait"], message["scope"]) == (2, False, "other")


def test_s2_4_the_tag_of_the_task_is_the_scope(worker: ModuleType, around: Surroundings) -> None:
    with worker.use_scope("blog"):
        worker.ensure("a")
        with worker.use_scope(""):
            worker.ensure("a")
        with worker.request("forum"):
            worker.ensure("a")
        worker.release("a")
    worker.ensure("a")
    with worker.use_scope("shop"):  # its own
        worker.ensure("a")
    assert [around.controller.next()["scope"] for _ in range(5)] == ["blog", "", "forum", "blog", None]
    assert around.controller.is_quiet()


def test_a_name_of_any_bytes_travels(worker: ModuleType, around: Surroundings) -> None:
    worker.ensure("caf\udce9")
    assert around.controller.next()["names"] == ["caf\udce9"]


# ------------------------------------------------------------------ ready costs nothing (S3.9)


def test_s3_9_ready_and_ensured_once_asks_nobody(worker: ModuleType, around: Surroundings) -> None:
    worker.ensure(["a", "b"])
    around.controller.next()
    around.controller.go_away()
    worker.ensure("a")
    worker.ensure(["b", "a"])
    worker.ensure("b", wait=False)
    assert around.controller.is_quiet()


def test_s5_not_ready_any_more_asks_again(worker: ModuleType, around: Surroundings) -> None:
    worker.ensure("a")
    around.controller.header("a").words[layout.READY] = 0
    worker.ensure("a")
    around.controller.header("a").look_again()
    worker.ensure("a")
    around.controller.header("a").words[layout.READY] = 1
    worker.ensure("a")
    worker.ensure("a")
    assert around.controller.heard.qsize() == 3


def test_a_read_is_no_ensure(worker: ModuleType, around: Surroundings) -> None:
    with pytest.raises(worker.NotPublished):
        worker.get_vars("a")
    worker.ensure("a")
    assert [around.controller.next()["op"] for _ in range(2)] == ["resolve", "ensure"]


def test_s6_9_an_ensure_touches(worker: ModuleType, around: Surroundings) -> None:
    words = around.controller.header("a").words
    for ensure in (lambda: worker.ensure("a"), lambda: worker.ensure("a"), lambda: worker.ensure(["a"])):
        ensure()
        assert words[layout.TOUCHED] == 1
        words[layout.TOUCHED] = 0


# ------------------------------------------------------------------ errors (S3.6)

KINDS = {
    "undeclared": "Undeclared",
    "cap": "CapReached",
    "given_up": "GivenUp",
    "boot_failure": "BootFailure",
    "timeout": "EnsureTimeout",
    "cycle": "Cycle",
    "shutting_down": "ShuttingDown",
    "denied": "Denied",
    "not_published": "NotPublished",
    "unavailable": "NotAvailable",
    "something of tomorrow": "WorkersetError",
}


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_s3_6_each_refusal_has_a_type(worker: ModuleType, around: Surroundings, kind: str, name: str) -> None:
    around.controller.answer = lambda _message: around.controller.error(kind, "no, because", name="a")
    with pytest.raises(worker.WorkersetError, match="no, because") as caught:
        worker.ensure("a")
    assert type(caught.value) is getattr(worker, name)
    assert caught.value.name == "a"
    assert isinstance(caught.value, TimeoutError) == (name == "EnsureTimeout")


@pytest.mark.parametrize(("kind", "expected"), [("invalid", ValueError), ("type", TypeError)])
def test_s3_1_what_the_controller_finds_malformed(
    worker: ModuleType, around: Surroundings, kind: str, expected: type[Exception]
) -> None:
    around.controller.answer = lambda _message: around.controller.error(kind, "the prefix is reserved: m#a")
    with pytest.raises(expected, match="reserved"):
        worker.ensure("m#a")


def test_s3_6_an_error_carries_what_is_known(worker: ModuleType, around: Surroundings) -> None:
    died = {"type": "KeyError", "message": "'API_KEY'", "file": "bin/a.py", "line": 12}
    around.controller.answer = lambda _message: around.controller.error(
        "given_up", "given up", name="a", scope="shop", set="jobs", worker="jobs-0", entrypoint="bin/a.py",
        attempt=7, exitCode=1, error=died, missing="never published vars",
    )  # fmt: skip
    with pytest.raises(worker.GivenUp) as caught:
        worker.ensure("a")
    error = caught.value
    assert (error.name, error.scope, error.workerset, error.worker) == ("a", "shop", "jobs", "jobs-0")
    assert (error.entrypoint, error.attempt, error.exit_code, error.signal) == ("bin/a.py", 7, 1, None)
    assert (error.error, error.lines, error.missing) == (died, [], "never published vars")
    assert str(error) == "given up"


def test_s3_6_what_to_do_is_a_part_of_the_sentence(worker: ModuleType, around: Surroundings) -> None:
    told = around.controller.error("given_up", "a was given up")
    told["error"]["advice"] = "see why: workerctl logs a-0"
    around.controller.answer = lambda _message: told
    with pytest.raises(worker.GivenUp, match=r"^a was given up; see why: workerctl logs a-0$"):
        worker.ensure("a")


# ------------------------------------------------------------------ bootstrap (S3.5)


def test_s3_5_an_http_worker_is_booting_until_it_serves(
    worker: ModuleType, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKERSET_BACKGROUND")
    monkeypatch.setenv("LISTEN_FDS", "1")
    worker.ensure("a")
    with worker.request():
        worker.ensure("b")
    worker.ensure("c")
    assert [around.controller.next()["bootstrap"] for _ in range(3)] == [True, False, False]


def test_s3_5_a_server_that_hides_its_sockets_is_booting_too(around: Surroundings) -> None:
    environ = {"LISTEN_FDS": "1", "WORKERSET_BACKGROUND": ""}
    around.run("import os, workerset; del os.environ['LISTEN_FDS']; workerset.ensure('a')", **environ)
    assert around.controller.next()["bootstrap"] is True


def test_s3_5_a_plain_worker_is_tolerant(
    worker: ModuleType, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKERSET_BACKGROUND")
    worker.ensure("a")
    assert around.controller.next()["bootstrap"] is False


# ------------------------------------------------------------------ ensure_vars, release


def test_ensure_vars_returns_what_is_published(worker: ModuleType, around: Surroundings) -> None:
    publish(worker, around, "a", {"host": "one"})
    assert worker.ensure_vars("a") == {"host": "one"}
    assert around.controller.next()["published"] is True


def test_s3_6_ensure_vars_says_what_is_missing(worker: ModuleType, around: Surroundings) -> None:
    around.controller.answer = lambda _message: around.controller.error(
        "timeout", "a is ready, but never published vars within 1s", missing="never published vars"
    )
    with pytest.raises(worker.EnsureTimeout, match="never published vars") as caught:
        worker.ensure_vars("a", timeout=1)
    assert caught.value.missing == "never published vars"


def test_ensure_vars_of_a_name_that_is_ready_by_another_gate_asks(
    worker: ModuleType, around: Surroundings
) -> None:
    """The last run's vars are there, and the current run is ready: only the controller knows more."""
    publish(worker, around, "a", {"n": 1})
    worker.ensure("a")
    assert worker.ensure_vars("a") == {"n": 1}
    assert [around.controller.next().get("published") for _ in range(2)] == [None, True]


def test_ensure_vars_of_a_gate_that_waits_for_them_costs_no_second_question(
    worker: ModuleType, around: Surroundings
) -> None:
    def gated(message: Message) -> Message:
        return {"ok": True, "instances": [around.controller.instance("a", message, gate="vars")]}

    around.controller.answer = gated
    publish(worker, around, "a", {"n": 1})
    first = worker.ensure_vars("a")
    assert worker.ensure_vars("a") is first
    assert around.controller.heard.qsize() == 1


def test_release_tells_what_was_ensured_and_forgets(worker: ModuleType, around: Surroundings) -> None:
    worker.ensure("a")
    around.controller.answer = lambda message: (
        {"ok": True, "released": ["a"]} if message["op"] == "release" else around.controller.willing(message)
    )
    assert worker.release(["a", "b"]) == ["a"]
    worker.ensure("a")
    assert [around.controller.next()["op"] for _ in range(3)] == ["ensure", "release", "ensure"]


def publish(worker: ModuleType, around: Surroundings, name: str, value: dict[str, object]) -> int:
    """As the worker of that name would."""
    from workerset import memory

    generation: int = memory.Slot(str(around.controller.header(name).path)).publish(value)
    return generation
