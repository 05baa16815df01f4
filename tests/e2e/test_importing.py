"""What was imported runs as it stands."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.e2e.project import Project

PROCFILE = f"""\
web: cd site && GREETING=hello {sys.executable} -m http.server $PORT
worker: {sys.executable} -u -c 'import os; print(os.environ["GREETING"])' && sleep 1000
"""
ECOSYSTEM = """\
module.exports = {
  apps: [{ name: 'ticker', script: 'tick.js', instances: 2, exec_mode: 'fork', env: { A: 1 } }],
};
"""

SAY = "import os, sys; print('it says', os.environ['GREETING'], *sys.argv[1:]); sys.stdout.flush()"
SAYS = "it says hello there"
COMPOSE = """\
x-env: &env
  GREETING: ${WORD:-hello}
services:
  greeter:
    build: .
    environment: {<<: *env, LEVEL: "1"}
    command: >
      python3 say.py
      there
    depends_on: {first: {condition: service_completed_successfully}}
    restart: unless-stopped
  first: {build: ., command: ["true"], restart: "no"}
"""
SUPERVISORD = """\
[program:greeter]
command = python3 say.py   ; a comment
    there
environment = GREETING="hello",LEVEL='1'
"""
UNIT = """\
[Service]
Environment="GREETING=hello" LEVEL=1
ExecStartPre=-/bin/false
ExecStart=/usr/bin/env python3 say.py \\
    there
Restart=always

[Install]
WantedBy=multi-user.target
"""
CIRCUS = """\
[watcher:greeter]
cmd = python3 say.py
args = $(circus.env.WHERE)
copy_env = 1

[env:gr*]
GREETING = hello
WHERE = there
"""
CADDYFILE = """\
{
	frankenphp {
		worker {
			file say.php
			name greeter
			num 1
			background
			env GREETING hello
		}
	}
}
localhost {
	php_server
}
"""
PHP = """<?php
echo 'it says ', getenv('GREETING'), " there\n";
frankenphp_set_vars(['a' => 1]);
$read = [frankenphp_get_worker_handle()]; $none = [];
stream_select($read, $none, $none, null);
"""


def test_a_procfile_runs_as_imported(project: Project) -> None:
    project.write("site/index.html", "hello\n")
    project.write("Procfile", PROCFILE)
    project.write(".env", "GREETING=from the file\n")
    project.ctl("import", "procfile", "Procfile", "-d", "manifests")
    project.ctl("up", "-d")
    project.wait_state("web", "Ready")
    project.wait_state("worker", "Ready")
    assert "from the file" in project.ctl("logs", "worker").stdout


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_a_process_file_of_pm2_runs_as_imported(project: Project) -> None:
    project.write("tick.js", "console.log(`tick ${process.env.A}`); setInterval(() => {}, 1000);\n")
    project.write("ecosystem.config.js", ECOSYSTEM)
    project.ctl("import", "pm2", "-d", "manifests")
    project.ctl("up", "-d")
    project.wait_state("ticker", "Ready")
    assert project.ctl("logs", "ticker").stdout.count("tick 1") == 2


@pytest.mark.parametrize(
    ("form", "name", "text"),
    [
        ("compose", "compose.yaml", COMPOSE),
        ("supervisord", "supervisord.conf", SUPERVISORD),
        ("systemd", "greeter.service", UNIT),
        ("circus", "circus.ini", CIRCUS),
        pytest.param(
            *("caddyfile", "Caddyfile", CADDYFILE),
            marks=pytest.mark.skipif(not shutil.which("php"), reason="there is no php"),
        ),
    ],
)
def test_what_is_imported_is_valid_and_runs(project: Project, form: str, name: str, text: str) -> None:
    project.write("say.py", f"{SAY}\nimport time; time.sleep(1000)\n")
    project.write("say.php", PHP)
    project.write("node_modules/.bin/frankenphp", "#!/bin/sh\nexec sleep 1000\n").chmod(0o755)
    project.write(name, text)
    project.ctl("import", form, name, "-d", "manifests")
    project.ctl("validate", "--strict", "manifests")
    project.ctl("up", "-d")
    project.wait_state("greeter", "Ready")
    assert SAYS in project.ctl("logs", "greeter").stdout


def test_what_init_writes_for_a_project_runs(project: Project) -> None:
    project.write("supervisord.conf", "[program:date]\ncommand=sh -c 'echo \"it; is\"; sleep 1000'\n")
    project.ctl("init", "--write")
    project.ctl("up", "-d")
    project.wait_state("date", "Ready")
    assert "it; is" in project.ctl("logs", "date").stdout
