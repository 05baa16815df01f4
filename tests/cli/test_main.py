"""The front door: verbs, usage errors, what users see of errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from controller.cli import errors, main, registry
from tests.fakes.api_server import status


def test_help_lists_every_public_verb_in_its_group(shell, golden):
    outcome = shell("--help")
    assert outcome.code == 0
    golden("help.txt", outcome.out)
    for name, verb in registry.VERBS.items():
        assert (f"\n  {name} " in outcome.out) == bool(verb.group)


def test_no_verb_is_help(shell):
    assert shell().out == shell("-h").out == shell("help").out


def test_unknown_verb_suggests(shell):
    outcome = shell("stauts")
    assert (outcome.code, outcome.err) == (2, 'unknown verb "stauts"\ndid you mean: workerctl status\n')


@pytest.mark.parametrize("words", [["--bogus"], ["-C"], ["version", "--bogus"], ["version", "-o", "xml"]])
def test_usage_errors_exit_2_and_say_where_help_is(shell, words):
    outcome = shell(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "--help" in outcome.err.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ["-C", "sub", "version"],
        ["-Csub", "version"],
        ["version", "-C", "sub"],
        ["--directory=sub", "version"],
    ],
)
def test_directory_before_or_after_the_verb(shell, words):
    (shell.folder / "sub").mkdir()
    assert "none runs for ~/shop/sub" in shell(*words).out


def test_server_error_in_kubectls_words(shell, api):
    api.on("GET", "/version", status(404, "NotFound", 'workersets.workerset.dev "x" not found'))
    outcome = shell("version")
    assert (outcome.code, outcome.err) == (
        1,
        'error from server (NotFound): workersets.workerset.dev "x" not found\n',
    )


def test_invalid_lists_every_field():
    causes = [
        {"field": "spec.num", "message": "must be at least 0"},
        {"field": "spec.file", "message": "missing"},
    ]
    body = {
        "reason": "Invalid",
        "message": "x",
        "details": {"kind": "WorkerSet", "name": "web", "causes": causes},
    }
    assert errors.describe_status(body) == (
        'the WorkerSet "web" is invalid:\n* spec.num: must be at least 0\n* spec.file: missing'
    )


def _fake_verb(monkeypatch, error):
    def run(args, context):
        raise error

    module = types.ModuleType("fake")
    module.add_arguments = lambda parser: None
    module.run = run
    monkeypatch.setitem(sys.modules, "controller.cli.fake", module)
    monkeypatch.setitem(registry.VERBS, "fake", registry.Verb("fake", "fails", registry.LOOK))


def test_unexpected_error_is_one_line_and_a_trace_in_a_file(shell, monkeypatch):
    _fake_verb(monkeypatch, ZeroDivisionError("oops"))
    outcome = shell("fake")
    first, second = outcome.err.splitlines()
    assert outcome.code == 1
    assert first == "internal error: ZeroDivisionError: oops"
    assert second.startswith("please report it with ")
    with open(second.split()[-1], encoding="utf-8") as file:
        assert "Traceback" in file.read()


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141), (errors.CliError("x", code=7), 7)],
)
def test_exit_codes(shell, monkeypatch, error, code):
    _fake_verb(monkeypatch, error)
    assert shell("fake").code == code


def test_closed_pipe_is_quiet():
    command = f"{sys.executable} -m controller --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 141)


def test_hot_path_stays_light():
    """The start-up budget: what `get` piped imports before its verb."""
    heavy = "rich yaml asyncio dataclasses typing inspect subprocess tempfile http urllib jsonschema logging"
    probe = (
        "import sys; from controller.cli import main, context, common; from controller.client import http;"
        f"print(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_existing_verb_has_help_with_examples(shell):
    for name, verb in registry.VERBS.items():
        if not verb.group:
            continue
        try:
            module = __import__(verb.module, fromlist=["run"])
        except ModuleNotFoundError as missing:
            if missing.name != verb.module:
                raise
            continue
        parser = main.build_parser(name, module)
        assert module.EXAMPLES.strip(), name
        assert "examples:" in parser.format_help()
