"""`create NAME -- COMMAND`: one manifest, checked before it is printed."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Shell


def test_a_plain_set(shell: Shell) -> None:
    done = shell(
        "create",
        "web",
        "--num",
        "2",
        "--port",
        "8000",
        "--env",
        "MODE=no",
        "--",
        "gunicorn",
        "app:app",
        "-w",
        "1",
    )
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata:\n  name: web\nspec:\n"
        "  command: gunicorn app:app -w 1\n  num: 2\n  port: 8000\n  env:\n    MODE: 'no'\n"
    )


def test_words_are_kept_as_they_are(shell: Shell) -> None:
    out = shell("create", "job", "-o", "json", "--", "python", "-c", "print('a b'); $(x)", "--num").out
    assert json.loads(out)["spec"] == {"command": ["python", "-c", "print('a b'); $(x)", "--num"]}


def test_a_background_set(shell: Shell) -> None:
    done = shell(
        "create", "mailer", "--background", "--name", "mail", "--file", "bin/mail.py", "--env-file", ".env",
        "--env-file", "b.env", "--max-threads", "3", "--scope", "shop", "-n", "team",
    )  # fmt: skip
    made = shell("validate", "-f", "-", stdin=done.out)
    assert made.code == 0, made.out
    assert "  namespace: team\n" in done.out
    assert "  env_files: [.env, b.env]\n" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("create", "web"), "spec: nothing to run"),
        (("create", "A_b", "--", "a"), "metadata.name: not a name: A_b"),
        (("create", "web", "--", "a | b"), "spec.command: no shell runs this command"),
        (("create", "web", "--listen", "nowhere", "--", "a"), "spec.listen[0]: not an address to listen on"),
        (("create", "web", "--num", "x", "--", "a"), "workerctl create: argument --num"),
        (("create", "web", "--env", "novalue", "--", "a"), "a variable is KEY=VALUE, not: novalue"),
        (("create", "web", "a"), "workerctl create: unrecognized arguments: a"),
        (("create",), "workerctl create: the following arguments are required"),
    ],
)
def test_what_would_not_be_valid_is_not_printed(shell: Shell, words: tuple[str, ...], message: str) -> None:
    done = shell(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(message)
