"""php-fpm as a server that is no worker: settings from its ini, the scope of each request (S2.4)."""

from __future__ import annotations

import glob
import os
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from controller.runtime import interpreters
from tests.php.conftest import DEADLINE_SECONDS, Php

FPM = next(iter(sorted(glob.glob("/usr/sbin/php-fpm*"))), "")
pytestmark = pytest.mark.skipif(not FPM, reason="there is no php-fpm in /usr/sbin (apt-get install php-fpm)")

CODE = """<?php
frankenphp_ensure_background_worker('other');
echo json_encode([PHP_SAPI, frankenphp_get_vars('job'), isset($_SERVER['FRANKENPHP_WORKER_BACKGROUND'])]);
"""


def record(kind: int, body: bytes) -> bytes:
    """One record of FastCGI, of request 1."""
    return struct.pack(">BBHHBB", 1, kind, 1, len(body), 0, 0) + body


def pair(name: str, value: str) -> bytes:
    sizes = struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31)
    return sizes + name.encode() + value.encode()


def ask(path: Path, script: Path, **more: str) -> str:
    """The body of the answer to one request."""
    params = {"SCRIPT_FILENAME": str(script), "REQUEST_METHOD": "GET", **more}
    begin = record(1, struct.pack(">HB5x", 1, 0))
    words = record(4, b"".join(pair(*one) for one in params.items())) + record(4, b"")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(DEADLINE_SECONDS)
        connection.connect(str(path))
        connection.sendall(begin + words + record(5, b""))
        answer = connection.makefile("rb").read()
    assert answer[1] == 6, "the first record is of the output"
    output = answer[8 : 8 + struct.unpack(">H", answer[4:6])[0]]
    return output.decode().partition("\r\n\r\n")[2]


def test_a_request_of_php_fpm_asks_with_the_token_of_its_ini_in_its_own_scope(php: Php) -> None:
    php.running()
    php.publish({"a": 1})
    folder = php.folder
    (folder / "index.php").write_text(CODE)
    (folder / "ini").mkdir()
    (folder / "ini/workerset.ini").write_text(
        f'auto_prepend_file = "{interpreters.PREPENDED}"\n'
        f'workerset.socket = "{folder}/workers"\nworkerset.token = "of the ini"\n'
    )
    (folder / "fpm.conf").write_text(
        "[global]\nerror_log = /dev/stderr\ndaemonize = no\n"
        f"[www]\nlisten = {folder}/fpm\npm = static\npm.max_children = 1\n"
        + ("user = root\ngroup = root\n" if os.getuid() == 0 else "")
    )
    command = [FPM, *(["-R"] if os.getuid() == 0 else []), "-y", str(folder / "fpm.conf")]
    env = {"PATH": os.environ["PATH"], "PHP_INI_SCAN_DIR": f":{folder}/ini"}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            assert any("ready to handle" in line for line in server.stderr)
            requests: list[dict[str, str]] = [{}, {"WORKERSET_SCOPE": "shop"}, {"HTTP_WORKERSET_SCOPE": "no"}]
            said = {ask(folder / "fpm", folder / "index.php", **more) for more in requests}
        finally:
            server.terminate()
    assert said == {'["fpm-fcgi",{"a":1},false]'}
    assert php.server is not None
    asked = [(one["op"], one["scope"]) for one in php.server.asked]
    assert asked == [(op, scope) for scope in (None, "shop", None) for op in ("ensure", "resolve")]
    assert {one["token"] for one in php.server.asked} == {"of the ini"}
