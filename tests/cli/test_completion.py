"""Completion: what is offered in each place, with and without a controller; the scripts in real shells."""

from __future__ import annotations

import os
import pty
import select
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
    assert offered(shell, "de") == ["dev", "delete", "describe"]
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
        (["schema", "--into", ""], [":folders"]),
        (["validate", "--ignore-filename", ""], [":files"]),
        (["validate", "-o", "s"], ["sarif"]),
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


@pytest.fixture
def environ(shell, live):
    """For a real shell: a `workerctl` on PATH, in the project of the scripted controller."""
    folder = shell.folder / "bin"
    folder.mkdir()
    program = folder / "workerctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m controller "$@"\n')
    program.chmod(0o755)
    return {
        **os.environ,
        **shell.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": os.getcwd(),
        "WORKERSET_DIR": str(shell.folder),
        "HOME": str(shell.folder),
        "TERM": "vt100",
    }


def needs(name):
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"needs {name}")


@needs("bash")
def test_bash_completes_live_names(environ):
    typed = """
source <(workerctl completion bash)
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _workerctl; echo "${COMPREPLY[*]}"; }
try workerctl get ws w
try workerctl scale j
try workerctl get ws --output = ya
"""
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, env=environ, check=True)
    assert (done.stdout, done.stderr) == ("web\njob\nyaml\n", "")


@needs("fish")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("workerctl get ws w", ["web"]),
        ("workerctl get ws ", ["web", "job"]),
        ("workerctl get ws/w", ["ws/web"]),
        ("workerctl scale j", ["job"]),
        ("workerctl get ws -o ya", ["yaml"]),
        ("workerctl get ws --output=ya", ["--output=yaml"]),
        ("workerctl -n other get ws ", ["there"]),
        ("workerctl desc", ["describe\teverything about one set or worker, its events included"]),
        ("workerset scale j", ["job"]),
        ("workerctl apply -f m", ["my.yaml"]),
    ],
)
def test_fish_completes_live_names(environ, shell, line, found):
    shell.write("my.yaml", "")
    program = shell.folder / "bin" / "workerset"
    program.symlink_to("workerctl")
    typed = f"workerctl completion fish | source; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", typed],
        capture_output=True,
        text=True,
        env=environ,
        cwd=shell.folder,
        check=True,
    )
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == sorted(found)


class Zsh:
    """An interactive zsh on a terminal of its own, whose command line can be read."""

    def __init__(self, environ, cwd, load):
        self._controlling, terminal = pty.openpty()
        self._process = subprocess.Popen(
            ["zsh", "-f", "-i"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environ,
            cwd=cwd,
            start_new_session=True,
        )
        os.close(terminal)
        self._heard = b""
        self.type("PS1=; unsetopt beep; setopt no_list_beep\n")
        self.type(f"autoload -U compinit; {load}\n")
        self.type("show() { print -r -- '<''<'$BUFFER'>''>'; BUFFER= }; zle -N show; bindkey '^X^P' show\n")
        self.type("print -r -- 'now ''ready'\n")
        self.until(b"now ready")

    def type(self, text):
        os.write(self._controlling, text.encode())

    def until(self, end):
        """What was printed up to and with `end`."""
        while end not in self._heard:
            ready, _, _ = select.select([self._controlling], [], [], 20)
            assert ready, f"not printed: {end!r}, but {self._heard!r}"
            self._heard += os.read(self._controlling, 65536)
        before, _, self._heard = self._heard.partition(end)
        return (before + end).decode()

    def complete(self, line):
        """The command line after <TAB>."""
        self.type(line + "\t\x18\x10")
        return self.until(b">>").rpartition("<<")[2].removesuffix(">>")

    def close(self):
        os.close(self._controlling)  # a hang-up ends it
        self._process.wait(20)


@needs("zsh")
@pytest.mark.parametrize(
    "load",
    [
        "compinit -u -D; source <(workerctl completion zsh)",
        "mkdir f; workerctl completion zsh > f/_workerctl; fpath=($PWD/f $fpath); compinit -u -D",
    ],
    ids=["source", "fpath"],
)
def test_zsh_completes_live_names(environ, shell, load):
    shell.write("my.yaml", "")
    zsh = Zsh(environ, shell.folder, load)
    try:
        assert zsh.complete("workerctl get ws w") == "workerctl get ws web "
        assert zsh.complete("workerctl get ws/w") == "workerctl get ws/web "
        assert zsh.complete("workerctl scale j") == "workerctl scale job "
        assert zsh.complete("workerctl get ws -o ya") == "workerctl get ws -o yaml "
        assert zsh.complete("workerctl get ws --output=ya") == "workerctl get ws --output=yaml "
        assert zsh.complete("workerctl get ws -o jsonp") == "workerctl get ws -o jsonpath="
        assert zsh.complete("workerctl -n other get ws ") == "workerctl -n other get ws there "
        assert zsh.complete("workerctl desc") == "workerctl describe "
        assert zsh.complete("workerctl apply -f m") == "workerctl apply -f my.yaml "
        assert zsh.complete("workerctl scale nothing") == "workerctl scale nothing"
        zsh.type("workerctl get ws \t")
        zsh.until(b"web")  # several: listed
    finally:
        zsh.close()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ensure", ""], ["ada", "bob", "flags"]),
        (["ensure", "ada", "b"], ["bob"]),
        (["ensure", "--scope", "mail", ""], ["ada", "bob"]),
        (["ensure", "--scope", ""], ["mail"]),
        (["release", ""], ["ada"]),
        (["vars", ""], ["get", "list"]),
        (["vars", "get", "f"], ["flags"]),
        (["vars", "list", ""], []),
    ],
)
def test_names_of_background_workers(shell, api, words, found):
    box = {"background": True, "scope": "mail", "instances": ["ada", "bob"]}
    asked = {"instances": [{"name": "ada", "ensuredBy": ["workerctl"]}, {"name": "bob"}]}
    sets = [
        {"metadata": {"name": "box"}, "spec": box, "status": asked},
        {"metadata": {"name": "flags"}, "spec": {"background": True, "name": "flags"}},
        {"metadata": {"name": "web"}, "spec": {"command": ["web"]}},
    ]
    api.on("GET", samples.SETS, {"items": sets})
    assert offered(shell, *words) == found
