"""Completion: what is offered in each place, with and without a controller; the bash script for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.cli import samples

NAMES = samples.table(samples.workerset(), samples.workerset("job"))


def offered(shell, *words, kind="zsh"):
    outcome = shell("__complete", kind, "--", *words)
    assert (outcome.code, outcome.err) == (0, "")
    return [line.partition("\t")[0] for line in outcome.out.splitlines()]


@pytest.fixture
def live(api):
    api.on("GET", samples.SETS, NAMES)
    api.on("GET", samples.PODS, samples.pod_table(samples.pod()))
    api.on(
        "GET", "/apis/workerset.dev/v1/namespaces/other/workersets", samples.table(samples.workerset("there"))
    )
    return api


def test_verbs(shell):
    assert offered(shell, "de") == ["delete", "describe"]
    assert "_controller" not in offered(shell, "")
    assert offered(shell, "--v") == ["--version"]
    assert shell("__complete", "zsh", "--", "desc").out.startswith("describe\teverything about")
    assert shell("__complete", "bash", "--", "desc").out == "describe\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["get", "w"], ["workersets", "ws"]),
        (["get", "ws", ""], ["web", "job"]),
        (["get", "ws", "web", ""], ["job"]),
        (["get", "ws/w"], ["ws/web"]),
        (["get", "-n", "other", "ws", ""], ["there"]),
        (["-n", "other", "get", "ws", ""], ["there"]),
        (["get", "ws", "-o", "js"], ["json", "jsonpath="]),
        (["get", "ws", "-o", "jsonp"], ["jsonpath=", ":nospace"]),
        (["get", "ws", "--output=y"], ["--output=yaml"]),
        (["get", "--no-h"], ["--no-headers"]),
        (["scale", "w"], ["web"]),
        (["restart", "pod/"], ["pod/web-0"]),
        (["rollout", "st"], ["status"]),
        (["rollout", "status", "j"], ["job"]),
        (["logs", "w"], ["web", "web-0"]),
        (["top", "sets", "j"], ["job"]),
        (["wait", "ws/web", "--for", "cond"], ["condition=Ready", "condition=Progressing=False"]),
        (["events", "--for", "ws/j"], ["ws/job"]),
        (["patch", "ws", "web", "--type", "j"], ["json"]),
        (["scale", "web", "--dry-run=s"], ["--dry-run=server"]),
        (["scale", "web", "--dry"], ["--dry-run"]),
        (["completion", "z"], ["zsh"]),
        (["apply", "-f", ""], [":files"]),
        (["-C", ""], [":folders"]),
        (["get", "ws", "-C", ""], [":folders"]),
        (["nope", ""], []),
        (["_controller", ""], []),
    ],
    ids=" ".join,
)
def test_places(shell, live, words, found):
    assert offered(shell, *words) == found


def test_bash_breaks_words_at_equals_signs(shell, live):
    assert offered(shell, "get", "ws", "--output", "=", "y", kind="bash") == ["yaml"]
    assert offered(shell, "get", "ws", "--output", "=", kind="bash")[:2] == ["wide", "json"]
    assert offered(shell, "wait", "ws/web", "--for", "=", "condition", "=", "R", kind="bash") == ["Ready"]


def test_quiet_without_a_controller(shell):
    assert offered(shell, "get", "ws", "") == []
    assert offered(shell, "scale", "") == []
    assert offered(shell, "-C", "/nonexistent", "get", "ws", "") == []
    assert offered(shell, "get") == ["get"]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_scripts_ask_the_hidden_verb(shell, name):
    script = shell("completion", name).out
    assert f"__complete {name} --" in script
    assert (
        shutil.which(name) is None
        or subprocess.run([name, "-n"], input=script, text=True, check=False).returncode == 0
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_live_names(shell, live):
    folder = shell.folder / "bin"
    folder.mkdir()
    program = folder / "workerctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m controller "$@"\n')
    program.chmod(0o755)
    typed = """
source <(workerctl completion bash)
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _workerctl; echo "${COMPREPLY[*]}"; }
try workerctl get ws w
try workerctl scale j
try workerctl get ws --output = ya
"""
    environ = {
        **os.environ,
        **shell.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": os.getcwd(),
    }
    environ["WORKERSET_DIR"] = str(shell.folder)
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, env=environ, check=True)
    assert (done.stdout, done.stderr) == ("web\njob\nyaml\n", "")
