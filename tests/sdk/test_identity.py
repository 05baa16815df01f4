"""Who this process is, and what the library does where no controller is (S8.2)."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.sdk.conftest import Surroundings


def test_s8_2_a_worker_knows_itself(worker: ModuleType) -> None:
    assert worker.available() is True
    assert worker.name() == "mailer"
    assert worker.scope() == "shop"
    assert worker.is_background() is True


def test_s8_2_a_name_of_any_bytes(worker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERSET_NAME", "caf\udce9")
    assert worker.name().encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_s8_2_outside_it_can_be_told(outside: ModuleType) -> None:
    assert outside.available() is False
    assert outside.is_background() is False


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("name", ()),
        ("scope", ()),
        ("handle", ()),
        ("ticks", (1.0,)),
        ("ready", ()),
        ("status", ("busy",)),
        ("ensure", ("mailer",)),
        ("ensure_vars", ("mailer",)),
        ("release", ("mailer",)),
        ("set_vars", ({},)),
        ("get_vars", ("mailer",)),
        ("wait_vars", ("mailer",)),
        ("generation", ("mailer",)),
    ],
)
def test_s8_2_outside_every_call_says_so(outside: ModuleType, call: str, arguments: tuple[object]) -> None:
    with pytest.raises(outside.NotAvailable, match="was not started by workerset"):
        getattr(outside, call)(*arguments)


def test_outside_a_request_and_a_scope_are_harmless(outside: ModuleType) -> None:
    with outside.request(), outside.use_scope("shop"):
        assert outside.available() is False


def test_s5_ready_and_status_are_said_to_the_shim(worker: ModuleType, around: Surroundings) -> None:
    worker.ready()
    assert around.said() == b"READY=1"
    worker.status("  sending\nmail, 3 left ")
    assert around.said() == b"STATUS=sending mail, 3 left"
    with pytest.raises(TypeError):
        worker.status(3)


def test_a_worker_that_nobody_hears_is_told(worker: ModuleType, around: Surroundings) -> None:
    around.notify.close()
    (around.folder / "notify").unlink()
    with pytest.raises(worker.NotAvailable, match="nobody hears this worker"):
        worker.ready()
