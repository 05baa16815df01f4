"""A valid object as typed values (S1)."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core import parse, spec


def parsed(**declared: Any) -> spec.WorkerSetSpec:
    declared.setdefault("command", ["true"])
    return parse.parse_workerset({"metadata": {"name": "a"}, "spec": declared})


def test_s1_defaults() -> None:
    made = parsed()
    template = spec.Template(command=("true",))
    assert made == spec.WorkerSetSpec(template=template, kind=spec.SetKind.PLAIN)
    assert made.num == 1
    assert not made.is_catch_all


def test_s1_a_background_set_is_lazy_unless_it_says_num() -> None:
    assert parsed(background=True, name="j").num == 0
    assert parsed(background=True, name="j", num=2).num == 2


def test_s2_1_a_background_set_without_a_name_is_a_catch_all() -> None:
    assert parsed(background=True).is_catch_all
    assert not parsed(background=True, name="j").is_catch_all


def test_s1_8_an_unset_max_threads_stays_unset() -> None:
    assert parsed(num=4).declared_max_threads is None


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ({}, spec.SetKind.PLAIN),
        ({"background": False}, spec.SetKind.PLAIN),
        ({"background": True}, spec.SetKind.BACKGROUND),
        ({"listen": ["8000"]}, spec.SetKind.HTTP),
    ],
)
def test_s1_7_kinds(declared: dict[str, Any], kind: spec.SetKind) -> None:
    assert parsed(**declared).kind is kind


@pytest.mark.parametrize(
    ("declared", "gate"),
    [
        ({}, spec.Gate.STARTED),
        ({"listen": ["8000"]}, spec.Gate.LISTENING),
        ({"file": "a.php", "background": True}, spec.Gate.VARS),
        ({"file": "a.py"}, spec.Gate.STARTED),
        ({"file": "a.php", "ready_when": "handle"}, spec.Gate.HANDLE),
    ],
)
def test_s5_default_gates(declared: dict[str, Any], gate: spec.Gate) -> None:
    assert parsed(**declared).ready_when is gate


def test_every_value_arrives() -> None:
    made = parsed(
        command="python -c 'pass'",
        args=["x"],
        env={"A": "1"},
        env_files=[".env"],
        working_dir="app",
        umask="027",
        nice=5,
        resources={"files": 64},
        stop_signal="SIGINT",
        stop_grace="1m",
        min_ready="500ms",
        retry_after="0s",
        suspend=True,
        restart="never",
        scope="s",
        log={"max_size": "1Mi", "keep": 2},
        num=3.0,
        max_threads=4,
        max_consecutive_failures=-1,
    )
    assert made.template == spec.Template(
        command=("python", "-c", "pass"),
        args=("x",),
        env={"A": "1"},
        env_files=(".env",),
        working_dir="app",
        umask=0o27,
        nice=5,
        files_limit=64,
    )
    assert (made.stop_signal, made.stop_grace_seconds, made.min_ready_seconds) == (2, 60.0, 0.5)
    assert (made.retry_after_seconds, made.suspend, made.restart) == (0.0, True, spec.Restart.NEVER)
    assert made.log == spec.LogRules(max_size_bytes=1024**2, keep=2)
    assert (made.num, made.declared_max_threads, made.max_consecutive_failures) == (3, 4, -1)
    assert isinstance(made.num, int)
