"""`import`: what is printed, what is written, and what the exit code tells."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from controller.cli import importing
from controller.importers import formats
from tests.cli.conftest import Shell

FILES = Path(__file__).parents[1] / "importers" / "files"
PROCFILE = "web: gunicorn app:app -b :$PORT\nworker: QUEUE=high python worker.py\n"


def test_all_carried_over_is_exit_code_0(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    done = shell("import", "procfile", "Procfile")
    assert done.code == 0
    assert done.err == "2 sets from Procfile, all carried over\n"
    assert done.out == (
        "# from Procfile:1\napiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata:\n  name: web\nspec:\n"
        "  command: gunicorn app:app -b :$(PORT)\n  port: 5000\n"
        "---\n# from Procfile:2\n"
        "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata:\n  name: worker\nspec:\n"
        "  command: python worker.py\n  env:\n    QUEUE: high\n"
    )


def test_what_is_lost_is_exit_code_1_and_a_comment(shell: Shell) -> None:
    shell.write("supervisord.conf", "[program:web]\ncommand=a\npriority=5\nautorestart=true\n")
    done = shell("import", "supervisord")
    assert done.code == 1
    assert "# no equivalent:\n#   line 3: priority: sets start together" in done.out
    assert done.err.startswith(
        "1 set from supervisord.conf; 1 thing without an equivalent:\n  supervisord.conf:3: "
    )


def test_what_is_printed_can_be_validated(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    printed = shell("import", "procfile").out
    done = shell("validate", "--strict", "-f", "-", stdin=printed)
    assert (done.code, done.out) == (0, "2 documents in 1 file: 2 valid, 0 invalid\n")


def test_standard_input(shell: Shell) -> None:
    done = shell("import", "procfile", "-", stdin=PROCFILE)
    assert done.code == 0
    assert "# from stdin:1\n" in done.out


def test_standard_input_twice_makes_no_sense(shell: Shell) -> None:
    done = shell("import", "procfile", "-", "-", stdin=PROCFILE)
    assert (done.code, done.out) == (2, "")


def test_a_file_for_each_set_in_a_folder(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    done = shell("import", "procfile", "-d", "deploy/manifests")
    assert done.out == "deploy/manifests/web.yaml written\ndeploy/manifests/worker.yaml written\n"
    assert shell("validate", "-f", "deploy/manifests").code == 0


def test_nothing_is_overwritten_unless_forced(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    mine = shell.write("manifests/worker.yaml", "mine\n")
    done = shell("import", "procfile", "--output-dir", "manifests")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "nothing was written: there already: manifests/worker.yaml\n"
        "--force overwrites, or name another folder\n"
    )
    assert mine.read_text() == "mine\n"
    assert not (shell.folder / "manifests" / "web.yaml").exists()
    assert shell("import", "procfile", "-d", "manifests", "--force").code == 0
    assert "python worker.py" in mine.read_text()


def test_a_folder_that_cannot_be_made(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    shell.write("file", "")
    done = shell("import", "procfile", "-d", "file/below")
    assert done.code == 2
    assert done.err.startswith("cannot write ")


def test_json(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    made = json.loads(shell("import", "procfile", "-o", "json").out)
    assert [item["metadata"]["name"] for item in made["items"]] == ["web", "worker"]


def test_a_namespace(shell: Shell) -> None:
    shell.write("Procfile", PROCFILE)
    assert shell("import", "procfile", "-n", "shop").out.count("namespace: shop") == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Procfile: the file is empty"),
        (b"\xff\xfea\x00", "Procfile:1: this file is UTF-16"),
        (b"web: \xe9\n", "Procfile:1: not UTF-8: the byte 0xe9"),
        (b"\x7fELF\0\0", "Procfile:1: a binary file, not a manifest"),
        (b"[Service]\nExecStart=/bin/a\n", "Procfile:1: not a Procfile"),
    ],
)
def test_what_cannot_be_imported_is_exit_code_2(shell: Shell, data: bytes, message: str) -> None:
    (shell.folder / "Procfile").write_bytes(data)
    done = shell("import", "procfile")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == f"nothing was written: {message}"


def test_files_that_are_not_there_and_folders(shell: Shell) -> None:
    assert shell("import", "procfile", "gone").err.startswith(
        "nothing was written: gone: cannot be read: no such file or directory"
    )
    said = shell("import", "compose", ".").err
    assert said.startswith("nothing was written: .: cannot be read: is a directory")
    done = shell("import", "circus")
    assert (done.code, done.err) == (2, "no circus.ini in ~/shop\nname the file\n")


def test_another_kind_is_named(shell: Shell) -> None:
    shell.write("compose.yaml", "services: {web: {command: a}}\n")
    done = shell("import", "procfile", "compose.yaml")
    assert done.err.splitlines()[1] == "it looks like another kind: workerctl import compose compose.yaml"


def test_files_that_a_file_names_are_read_beside_it(shell: Shell) -> None:
    shutil.copytree(FILES / "supervisord", shell.folder / "deploy")
    done = shell("import", "supervisord", "deploy/supervisord.conf")
    assert "# from deploy/conf.d/queue.conf:1" in done.out
    assert "working_dir: deploy/web" in done.out


def test_a_file_that_is_named_and_cannot_be_read_is_told(shell: Shell) -> None:
    shell.write("supervisord.conf", "[include]\nfiles = a.conf\n")
    (shell.folder / "a.conf").write_bytes(b"\xff\xfe")
    assert shell("import", "supervisord").err.startswith("nothing was written: a.conf:1: this file is UTF-16")


def test_paths_start_at_the_project_root(shell: Shell) -> None:
    shell.write("backend/Procfile", "web: cd app && python web.py\n")
    assert "working_dir: backend/app\n" in shell("import", "procfile", "backend/Procfile").out
    assert "working_dir: backend/app\n" in shell("import", "procfile", cwd=shell.folder / "backend").out


def test_the_list_of_formats_is_that_of_the_importers() -> None:
    assert set(importing.NAMES) == set(formats.FORMATS)


def test_completion(shell: Shell) -> None:
    assert shell("__complete", "zsh", "--", "import", "ca").out == "caddyfile\n"
    assert shell("__complete", "zsh", "--", "import", "compose", "").out == ":files\n"
    assert shell("__complete", "zsh", "--", "import", "compose", "-d", "").out == ":folders\n"


# ------------------------------------------------------------------------------------------ JavaScript


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_pm2_javascript_is_evaluated_and_that_is_said(shell: Shell) -> None:
    shell.write(
        "ecosystem.config.js",
        "console.log('noise');\nconst n = 1 + 1;\n"
        "module.exports = {apps: [{name: 'web', script: 'a.js', instances: n,"
        " exec_mode: 'fork', env: {A: process.env.HOME}, env_live: {A: 'live'}}]};\n",
    )
    done = shell("import", "pm2", "--env", "live")
    assert (done.code, done.err.splitlines()[0]) == (0, "evaluating ecosystem.config.js with node")
    assert "  num: 2\n" in done.out
    assert "    A: live\n" in done.out


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
@pytest.mark.parametrize("text", ["throw new Error('x')", "module.exports = {", "process.exit(0)"])
def test_pm2_javascript_that_fails(shell: Shell, text: str) -> None:
    shell.write("ecosystem.config.js", text)
    done = shell("import", "pm2")
    assert (done.code, done.out) == (2, "")
    assert "node could not evaluate ecosystem.config.js" in done.err


def test_pm2_json_that_bears_the_name_of_a_script(shell: Shell) -> None:
    shell.write("ecosystem.config.js", '{"apps": [{"name": "web", "script": "web.js"}]}')
    done = shell("import", "pm2", "--no-exec")
    assert (done.code, done.err) == (0, "1 set from ecosystem.config.js, all carried over\n")


def test_a_file_without_programs_is_exit_code_2(shell: Shell) -> None:
    shell.write("supervisord.conf", "[supervisord]\nnodaemon=true\n")
    done = shell("import", "supervisord")
    assert (done.code, done.out) == (2, "")
    assert done.err == "nothing was written: nothing in supervisord.conf is a program to run\n"


def test_pm2_javascript_is_refused_with_no_exec(shell: Shell) -> None:
    shell.write("ecosystem.config.js", "module.exports = {apps: []}")
    done = shell("import", "pm2", "--no-exec")
    assert done.code == 2
    assert done.err.startswith("ecosystem.config.js is a program, and --no-exec evaluates none\n")


def test_pm2_javascript_without_node(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(shell.folder))
    shell.environ["PATH"] = str(shell.folder)
    shell.write("ecosystem.config.js", "module.exports = {apps: []}")
    done = shell("import", "pm2")
    assert done.code == 2
    assert "there is no node to evaluate it\n" in done.err
