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


def test_what_init_writes_for_a_project_runs(project: Project) -> None:
    project.write("supervisord.conf", "[program:date]\ncommand=sh -c 'echo \"it; is\"; sleep 1000'\n")
    project.ctl("init", "--write")
    project.ctl("up", "-d")
    project.wait_state("date", "Ready")
    assert "it; is" in project.ctl("logs", "date").stdout
