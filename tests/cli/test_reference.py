"""docs/cli.md says what the parsers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli import reference, registry

DOCS = Path(__file__).parents[2] / "docs"


def test_cli_md_is_current(request):
    made = reference.text()
    if request.config.getoption("--update-golden"):
        (DOCS / "cli.md").write_text(made, encoding="utf-8")
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == made, (
        "make it anew: python -m controller.cli.reference > docs/cli.md"
    )


@pytest.mark.parametrize("name", [name for name, verb in registry.VERBS.items() if verb.group])
def test_every_verb_has_a_section_with_examples_that_begin_with_it(name):
    section = reference.text().partition(f"### {name}\n")[2].partition("\n### ")[0]
    examples = section.partition("```sh\n")[2].partition("```")[0]
    assert "workerctl" in examples
    assert any(f" {name}" in line for line in examples.splitlines())


def test_exit_codes_of_verbs_are_in_the_table():
    table = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    for code in ("| 0 |", "| 1 |", "| 2 |", "| 130 |", "| 141 |", "| 143 |"):
        assert code in table
