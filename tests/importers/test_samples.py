"""A file of each kind with every trait that real ones have: what is made of it, as golden files.

The golden files hold drafts, before what this version does not support yet is left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cli import context as contexts
from controller.cli import importfiles, manifesttext
from controller.importers import drafts, formats, sources
from controller.manifest import validate

FILES = Path(__file__).parent / "files"
GOLDEN = Path(__file__).parents[1] / "golden" / "importers"
GIVEN = {
    "procfile": ["Procfile"],
    "compose": ["compose.yaml", "compose.override.yaml"],
    "supervisord": ["supervisord.conf"],
    "pm2": ["ecosystem.config.js", "process.json", "pm2.yaml"],
    "systemd": ["shop.service", "shop.socket", "queue@mail.service", "backup@.service"],
    "circus": ["circus.ini"],
    "caddyfile": ["Caddyfile"],
}


class Folder(importfiles.Beside):
    """A folder of samples, on a machine with four processors."""

    def __init__(self, context: contexts.Context) -> None:
        super().__init__(context)
        self.root = self.base = ""
        self.processors = 4
        self.environ = {"HOME": "/home/me"}


def given(form: str) -> tuple[tuple[sources.Source, ...], Folder]:
    folder = FILES / form
    context = contexts.Context(None, None, Silent(), {"PATH": os.environ["PATH"]}, str(folder))  # type: ignore[arg-type]
    context.stdout = Silent()  # type: ignore[assignment]
    read = [
        importfiles.evaluated(context, str(folder / name), may_run=True)
        if name.endswith(".js")
        else importfiles.read(name, str(folder / name))
        for name in GIVEN[form]
        if not name.endswith(".js") or shutil.which("node")
    ]
    named = [sources.Source(os.path.basename(one.name), one.text, one.has_lines) for one in read]
    return tuple(named), Folder(context)


class Silent:
    def write(self, _text: str) -> None:
        pass

    def flush(self) -> None:
        pass


def shown(found: drafts.Drafts) -> str:
    parts = [
        manifesttext.text({"name": one.name, "labels": one.labels, "spec": one.spec}, one)
        for one in found.sets
    ]
    return manifesttext.head(found) + "---\n".join(parts)


@pytest.mark.parametrize("form", GIVEN)
def test_every_trait_is_carried_over_or_told(form: str, golden: Callable[[Path, str], None]) -> None:
    if form == "pm2" and not shutil.which("node"):
        pytest.skip("node is not installed")
    texts, files = given(form)
    golden(GOLDEN / f"{form}.txt", shown(formats.FORMATS[form].translate(texts, files)))


@pytest.mark.parametrize("form", GIVEN)
def test_what_is_written_is_valid(form: str) -> None:
    _, made = formats.documents(form, *given(form))
    text = "---\n".join(manifesttext.text(document, draft) for draft, document in made)
    report = validate.validate_text(text, strict=True)
    assert report.diagnostics == ()
    assert len(report.documents) == len(made) > 0
    read = [dict(document.object) for document in report.documents]
    assert read == [document for _, document in made]


@pytest.mark.parametrize("form", GIVEN)
def test_other_readers_of_yaml_see_the_same(form: str) -> None:
    """kubectl and PyYAML take plain scalars for numbers where they can (S1.6)."""
    _, made = formats.documents(form, *given(form))
    for draft, document in made:
        other: Any = yaml.safe_load(manifesttext.text(document, draft))
        assert other == document


@pytest.mark.parametrize("form", GIVEN)
def test_no_key_of_the_tables_is_unknown(form: str) -> None:
    """Every key is carried over, lost with a reason, or not needed."""
    for rules in formats.FORMATS[form].rules.values():
        for key, rule in rules.items():
            assert rule.becomes, key
            assert not (rule.is_lost and rule.apply), key
