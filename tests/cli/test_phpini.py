"""`php-ini`: lines that PHP reads as they were meant."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from controller.runtime import interpreters

TOKEN = "v1.ZGVmYXVsdAAA.0123456789abcdef0123456789abcdef"


@pytest.fixture
def said(api):
    api.on("GET", "/workerset/v1/token/default", {"token": TOKEN})
    return api


def test_what_a_server_needs(shell, said):
    outcome = shell("php-ini")
    prepended, socket, token = outcome.out.splitlines()
    assert prepended == f'auto_prepend_file = "{interpreters.PREPENDED}"'
    assert socket.startswith('workerset.socket = "/')
    assert socket.endswith('/workers.sock"')
    assert token == f'workerset.token = "{TOKEN}"'


def test_the_scope_and_the_namespace(shell, api):
    api.on("GET", "/workerset/v1/token/blue", {"token": TOKEN})
    assert (
        shell("-n", "blue", "php-ini", "--scope", "shop").out.splitlines()[-1] == 'workerset.scope = "shop"'
    )


def test_what_php_ini_cannot_say_is_refused(shell, said):
    outcome = shell("php-ini", "--scope", 'a"b')
    assert outcome.code != 0
    assert "workerset.scope" in outcome.err


@pytest.mark.skipif(shutil.which("php") is None, reason="there is no php on PATH (apt-get install php-cli)")
@pytest.mark.parametrize("scope", ["shop", "a;b = c # d", "$x", "yes", "grün", "it's", "\\"])
def test_php_reads_what_was_meant(shell, said, tmp_path, scope):
    outcome = shell("php-ini", "--scope", scope)
    ini = tmp_path / "workerset.ini"
    ini.write_text(outcome.out)
    shown = "echo get_cfg_var('workerset.scope'), '|', get_cfg_var('workerset.token');"
    php = subprocess.run(
        ["php", "-n", "-c", str(ini), "-r", shown], capture_output=True, text=True, timeout=20
    )
    assert php.stdout == f"{scope}|{TOKEN}"
