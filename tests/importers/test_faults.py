"""Importers given the wrong kind of file, a broken one, an empty one, and one with unknown keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.importers import formats, sources
from controller.manifest import check
from tests.fakes.import_files import ImportFiles
from tests.importers.reading import NAMES, lost, translated

FILES = Path(__file__).parent / "files"
SAMPLES = {
    "procfile": FILES / "procfile" / "Procfile",
    "compose": FILES / "compose" / "compose.yaml",
    "supervisord": FILES / "supervisord" / "supervisord.conf",
    "pm2": FILES / "pm2" / "process.json",
    "systemd": FILES / "systemd" / "shop.service",
    "circus": FILES / "circus" / "circus.ini",
    "caddyfile": FILES / "caddyfile" / "Caddyfile",
}
BROKEN = {
    "compose": ("services:\n  web:\n   command: [a\n  b: c\n", "compose.yaml:3"),
    "supervisord": ("[program:web]\ncommand=a\nnonsense\n", "supervisord.conf:3"),
    "pm2": ('{"apps": [{"script": "a.js"}', "process.json:1"),
    "systemd": ("[Service]\nExecStart=/bin/a\nnonsense\n", "web.service:3"),
    "circus": ("cmd = a\n[watcher:web]\n", "circus.ini:1"),
    "caddyfile": ("{\n\tfrankenphp {\n\t\tworker a.php\n}\n", "Caddyfile:1"),
}
UNKNOWN = {
    "compose": "services: {web: {command: a, frobnicate: 1}}\n",
    "supervisord": "[program:web]\ncommand=a\nfrobnicate=1\n",
    "pm2": '{"apps": [{"script": "a.js", "frobnicate": 1}]}',
    "systemd": "[Service]\nExecStart=/bin/a\nFrobnicate=1\n",
    "circus": "[watcher:web]\ncmd = a\nfrobnicate = 1\n",
    "caddyfile": "{\nfrankenphp {\nworker a.php {\nbackground\nfrobnicate 1\n}\n}\n}\n",
}


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n"])
def test_an_empty_file_is_said_to_be_empty(form: str, text: str) -> None:
    with pytest.raises(sources.NotOurs, match="the file is empty"):
        formats.documents(form, (sources.Source(NAMES[form], text),), ImportFiles())


@pytest.mark.parametrize("form", NAMES)
def test_a_file_with_comments_only_has_nothing_in_it(form: str) -> None:
    with pytest.raises(sources.NotOurs):
        formats.documents(form, (sources.Source(NAMES[form], "# nothing yet\n"),), ImportFiles())


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize("other", SAMPLES)
def test_the_wrong_kind_of_file_is_refused_and_named(form: str, other: str) -> None:
    if form == other:
        return
    text = SAMPLES[other].read_text(encoding="utf-8")
    source = sources.Source(SAMPLES[other].name, text)
    with pytest.raises(sources.NotOurs) as raised:
        formats.documents(form, (source,), ImportFiles())
    assert raised.value.fix == f"it looks like another kind: workerctl import {other} {source.name}"


@pytest.mark.parametrize("form", BROKEN)
def test_a_broken_file_is_told_with_its_line(form: str) -> None:
    text, place = BROKEN[form]
    with pytest.raises(sources.NotOurs) as raised:
        translated(form, text)
    assert str(raised.value).startswith(f"{place}: ")


@pytest.mark.parametrize("form", UNKNOWN)
def test_unknown_keys_are_lost_with_their_line_and_the_rest_is_kept(form: str) -> None:
    found = translated(form, UNKNOWN[form])
    line = 1 + UNKNOWN[form].lower().partition("frobnicate")[0].count("\n")
    assert [said.partition(":")[0] for said in lost(found)] == [NAMES[form]]
    assert f":{line}: " in lost(found)[0]
    assert "unknown key of" in lost(found)[0]
    assert len(found.sets) == 1


PIECES = st.sampled_from([
    "web", ":", " ", "\n", "\t", "=", "#", ";", "'", '"', "\\", "`", "{", "}", "[", "]", ",", "- ", "é",
    "[program:x]\n", "[watcher:x]\n", "[Service]\n", "ExecStart=", "command=", "cmd=", "numprocs=3\n",
    "services:\n", "  web:\n", "    command: ", "&a ", "*a", "<<: *a\n", '{"apps": [', '{"script": "a"}',
    "(a) {\n", "import a\n", "frankenphp {\n", "worker a.php\n", "background\n", "php_server", "<<X\n", "X\n",
    "$PORT", "${A:-b}", "$$", "%(process_num)02d", "%(x)s", "%i",
])  # fmt: skip


@pytest.mark.parametrize("form", NAMES)
@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_refused_or_makes_valid_documents(form: str, text: str) -> None:
    try:
        _, made = formats.documents(form, (sources.Source(NAMES[form], text),), ImportFiles())
    except sources.NotOurs:
        return
    checker = check.Checker()
    for _, document in made:
        assert checker.check(document).problems == ()


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        ("caddyfile", "".join(f"(s{n}) {{\nimport s{n + 1}\nimport s{n + 1}\n}}\n" for n in range(18))
         + "(s18) {\nx\n}\nlocalhost {\nphp_server\nimport s0\n}\n", "imports expand to more than"),
        ("caddyfile", "a {\n" * 100, "nested deeper than 60"),
        ("compose", "a0: &a0 [x]\n"
         + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 8))
         + "services: {a: {command: *a7}}\n", "aliases expand to more than"),
        ("compose", "services: {a: &a {b: *a}}\n", "to themselves"),
        ("pm2", "[" * 200, "nested deeper than 60"),
    ],
    ids=["snippets", "braces", "aliases", "itself", "brackets"],
)  # fmt: skip
def test_what_expands_without_bounds_is_refused(form: str, text: str, message: str) -> None:
    with pytest.raises(sources.NotOurs, match=message):
        translated(form, text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("caddyfile", "{\nfrankenphp {\nworker a.php {\nbackground\nwatch " + "{a,b}" * 40 + "\n}\n}\n}\n"),
        ("compose", "services: {a: {command: a, environment: {A: '" + "${A:-" * 500 + "}" * 500 + "'}}}\n"),
        ("supervisord", "[program:a]\ncommand=a 1%(process_num)02d\nnumprocs=900000000\n"),
        ("pm2", '{"script": "a", "instances": 900000000}'),
        ("systemd", "[Service]\nExecStart=/bin/a \\x00X\n"),
    ],
)
def test_what_is_too_much_is_lost_with_a_note(form: str, text: str) -> None:
    found, _ = formats.documents(form, (sources.Source(NAMES[form], text),), ImportFiles())
    assert lost(found) != []


@pytest.mark.parametrize("form", SAMPLES)
@given(data=st.data())
def test_a_sample_that_is_cut_off_or_damaged_is_refused_or_makes_valid_documents(
    form: str, data: st.DataObject
) -> None:
    lines = SAMPLES[form].read_text(encoding="utf-8").splitlines(keepends=True)
    start = data.draw(st.integers(0, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    damage = data.draw(st.sampled_from(["", "\t", '"', "'", "{\n", "}\n", "[", "\\\n", "$", "%(", "é\n"]))
    text = "".join([*lines[:start], damage, *lines[end:]])
    try:
        _, made = formats.documents(form, (sources.Source(NAMES[form], text),), ImportFiles())
    except sources.NotOurs:
        return
    checker = check.Checker()
    for _, document in made:
        assert checker.check(document).problems == ()
