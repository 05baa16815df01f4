"""`schema`: printed, found, written."""

from __future__ import annotations

import json

import yaml

from controller.manifest import source
from tests.cli.conftest import Shell


def test_it_is_printed_as_it_is_written(shell: Shell) -> None:
    outcome = shell("schema")
    assert (outcome.code, outcome.err, outcome.out) == (0, "", source.text())
    assert json.loads(outcome.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert yaml.safe_load(shell("schema", "-o", "yaml").out) == source.load()


def test_where_it_is(shell: Shell) -> None:
    with open(shell("schema", "--path").out.rstrip("\n"), encoding="utf-8") as file:
        assert file.read() == source.text()


def test_it_is_written_under_the_names_that_other_tools_expect(shell: Shell) -> None:
    outcome = shell("schema", "--into", "a/schemas")
    assert outcome.out.splitlines() == [
        "a/schemas/workerset.v1.json",
        "a/schemas/workerset-workerset-v1.json",
        "a/schemas/workerset.dev/workerset_v1.json",
    ]
    assert outcome.err.rstrip().endswith("# yaml-language-server: $schema=a/schemas/workerset.v1.json")
    for name in outcome.out.splitlines():
        assert json.loads((shell.folder / name).read_text(encoding="utf-8")) == source.load()
    assert shell("schema", "--into", "a/schemas").code == 0


def test_where_it_cannot_be_written(shell: Shell) -> None:
    shell.write("taken", "")
    outcome = shell("schema", "--into", "taken")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("cannot write ")
    assert shell("schema", "--into", "x", "--path").code == 2
    assert shell("schema", "-o", "xml").code == 2
