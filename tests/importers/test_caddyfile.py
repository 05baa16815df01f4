"""Single traits of Caddyfiles, where a golden file would not say why."""

from __future__ import annotations

from typing import Any

import pytest

from controller.importers import sources
from tests.importers.reading import lost, spec, translated


def test_caddyfile_snippets_may_stand_above_the_global_options() -> None:
    made = spec("caddyfile", "(a) {\ntls internal\n}\n{\nfrankenphp {\nworker b.php {\nbackground\n}\n}\n}\n")
    assert made == {"background": True, "file": "b.php"}


@pytest.mark.parametrize(
    ("worker", "wanted"),
    [
        ("worker a.php 2 {\nbackground\n}", {"file": "a.php", "num": 2}),
        ("worker a.php watch {\nbackground\n}", {"file": "a.php", "watch": True}),
        ('worker {\nbackground\nfile "my script.php"\nname m#x\n}', {"file": "my script.php", "name": "x"}),
        ("worker {\nbackground\nfile a.php\nwatch\nwatch b.php\n}", {"file": "a.php", "watch": ["b.php"]}),
        ("worker {\nbackground\nfile {$FILE:b.php}\n}", {"file": "b.php"}),
    ],
)
def test_caddyfile_background_workers(worker: str, wanted: dict[str, Any]) -> None:
    assert spec("caddyfile", f"{{\nfrankenphp {{\n{worker}\n}}\n}}\n") == {"background": True, **wanted}


def test_caddyfile_workers_of_a_site_are_in_its_scope_and_below_its_root() -> None:
    server = "php_server {\nroot site/public\nworker a.php {\nbackground\n}\n}\n"
    text = f"https://shop.example {{\nroot * site\n{server}}}\n"
    background = translated("caddyfile", text).sets[0]
    assert background.spec["scope"] == "shop.example"
    assert background.spec["file"] == "site/public/a.php"


def test_caddyfile_workers_that_serve_stay_with_frankenphp() -> None:
    found = translated("caddyfile", ":8080 {\nphp_server {\nworker index.php 4\n}\n}\n")
    assert [(draft.name, draft.spec) for draft in found.sets] == [
        ("frankenphp", {"command": "frankenphp run --config Caddyfile", "port": 8080})
    ]
    assert lost(found) == []


def test_caddyfile_imports_in_a_circle_are_refused() -> None:
    with pytest.raises(sources.NotOurs, match="import leads in a circle"):
        translated("caddyfile", "(a) {\nimport a\n}\nlocalhost {\nimport a\nphp_server\n}\n")


def test_caddyfile_files_start_below_the_root_of_their_server_only() -> None:
    """FrankenPHP joins what `php_server` itself names; the site's own `root` is for requests."""
    server = "php_server {\nworker bin/a.php {\nbackground\n}\n}\n"
    made = translated("caddyfile", f"shop.example {{\nroot * /srv/shop/public\n{server}}}\n").sets[0]
    assert made.spec["file"] == "bin/a.php"


@pytest.mark.parametrize("head", ["", "{\nfrankenphp\n}\n", "(a) {\nencode gzip\n}\n"])
def test_caddyfile_one_site_without_braces(head: str) -> None:
    text = f"{head}shop.example:8080\nroot public/\nphp_server {{\nworker a.php {{\nbackground\n}}\n}}\n"
    background, server = translated("caddyfile", text).sets
    assert background.spec["file"] == "a.php"
    assert server.spec == {"command": "frankenphp run --config Caddyfile", "port": 8080}


def test_caddyfile_sites_in_files_that_are_not_there_yet() -> None:
    found = translated("caddyfile", "{\nfrankenphp\n}\nimport sites/*.caddy\n")
    assert [draft.spec for draft in found.sets] == [{"command": "frankenphp run --config Caddyfile"}]
    assert [note.text for note in found.notes] == ["import: no file fits: sites/*.caddy"]


def test_caddyfile_without_frankenphp_is_one_program() -> None:
    with pytest.raises(sources.NotOurs, match="no frankenphp and no php_server") as raised:
        translated("caddyfile", ":80 {\nreverse_proxy localhost:3000\n}\n")
    assert raised.value.fix == "Caddy alone is one program: workerctl create caddy -- caddy run"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{$FRANKENPHP_WORKER_CONFIG}", "{$FRANKENPHP_WORKER_CONFIG}: what the variable holds is not known"),
        ("name {$NAME}", "name: what the variable holds is not known; write it out: {$NAME}"),
        ("env MODE x{$MODE}", "env: what the variable holds is not known; write it out: MODE x{$MODE}"),
        ("watch {$SRC}/**", "watch: what the variable holds is not known; write it out: {$SRC}/**"),
        ("num {$NUM}", "num: not a whole number: {$NUM}"),
    ],
)
def test_caddyfile_what_only_a_variable_knows_is_told(line: str, told: str) -> None:
    found = translated("caddyfile", f"{{\nfrankenphp {{\nworker a.php {{\nbackground\n{line}\n}}\n}}\n}}\n")
    [said] = lost(found)
    assert said.startswith(f"Caddyfile:5: {told}")
    assert found.sets[0].spec == {"background": True, "file": "a.php"}


def test_caddyfile_a_variable_that_only_passes_itself_on_is_inherited() -> None:
    worker = "worker a.php {\nbackground\nenv MODE {$MODE}\nenv LEVEL {$LEVEL:info}\n}"
    found = translated("caddyfile", f"{{\nfrankenphp {{\n{worker}\n}}\n}}\n")
    assert lost(found) == []
    assert found.sets[0].spec["env"] == {"LEVEL": "info"}


def test_caddyfile_paths_and_scopes_with_unknown_variables_are_told() -> None:
    text = "{$HOST} {\nphp_server {\nworker {$DIR}/a.php {\nbackground\nnum 1\n}\n}\n}\n"
    found = translated("caddyfile", text)
    assert [said.partition(";")[0] for said in lost(found)] == [
        "Caddyfile:3: file: what the variable holds is not known",
        "Caddyfile:3: scope: what the variable holds is not known",
    ]
