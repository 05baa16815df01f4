"""`init`: proposes what fits the folder, writes when told to, and over nothing."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell

FASTAPI = "from fastapi import FastAPI\n\napp: FastAPI = FastAPI()\n"
PROJECT = '[project]\nname = "shop"\ndependencies = ["{0}"]\n'


def test_a_procfile_is_proposed_and_nothing_written(shell: Shell) -> None:
    shell.write("Procfile", "web: python web.py\nworker: python worker.py\n")
    done = shell("init")
    assert done.code == 0
    assert done.out.startswith("# manifests/web.yaml\n# from Procfile:1\napiVersion: ")
    assert "---\n# manifests/worker.yaml\n" in done.out
    assert done.err == "from Procfile; write them: workerctl init --write\n"
    assert not (shell.folder / "manifests").exists()


def test_what_is_written_is_valid_and_never_over_a_file(shell: Shell) -> None:
    shell.write("Procfile", "web: python web.py\nworker: python worker.py\n")
    mine = shell.write("manifests/web.yaml", "mine\n")
    done = shell("init", "--write")
    assert (done.code, done.out) == (0, "manifests/worker.yaml written\n")
    assert "there already, left as it is: manifests/web.yaml\n" in done.err
    assert mine.read_text() == "mine\n"
    assert shell("validate", "-f", "manifests/worker.yaml").code == 0
    again = shell("init", "--write")
    assert (again.code, again.out) == (0, "")


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"manage.py": ""}, "command: python manage.py runserver --noreload 127.0.0.1:8000\n  port: 8000\n"),
        ({"pyproject.toml": PROJECT.format("fastapi>=1"), "main.py": FASTAPI},
         "command: uvicorn main:app --fd 3\n  listen: ['127.0.0.1:8000']\n"),
        ({"pyproject.toml": PROJECT.format("fastapi[all]"), "src/shop/__init__.py": "",
          "src/shop/api.py": FASTAPI},
         "command: uvicorn shop.api:app --fd 3\n  listen: ['127.0.0.1:8000']\n  working_dir: src\n"),
        ({"pyproject.toml": PROJECT.format("gunicorn"), "app.py": "site = Flask(__name__)\n"},
         "command: gunicorn app:site\n  listen: ['127.0.0.1:8000']\n"),
        ({"pyproject.toml": PROJECT.format("flask"), "app.py": "site = Flask(__name__)\n"},
         "command: flask --app app:site run --port 8000\n  port: 8000\n"),
        ({"pyproject.toml": '[project.scripts]\nserve = "shop:main"\n'}, "command: serve\n"),
        ({"package.json": '{"scripts": {"start": "x", "dev": "y"}}'}, "command: npm run dev\n"),
        ({"package.json": '{"scripts": {"start": "x"}}', "pnpm-lock.yaml": ""}, "command: pnpm run start\n"),
        ({"compose.yaml": "services: {web: {command: python a.py}}\n"}, "command: python a.py\n"),
        ({"Caddyfile": "localhost {\n\tphp_server\n}\n"}, "command: frankenphp run --config Caddyfile\n"),
    ],
)  # fmt: skip
def test_a_folder_of_each_kind(shell: Shell, files: dict[str, str], wanted: str) -> None:
    for name, text in files.items():
        shell.write(name, text)
    done = shell("init")
    assert done.code == 0, done.err
    assert wanted in done.out.replace(
        "[frankenphp, run, --config, Caddyfile]", "frankenphp run --config Caddyfile"
    )
    assert shell("init", "--write").code == 0
    assert shell("validate", "-f", "manifests").code == 0


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"package.json": "not json"},
        {"package.json": '{"scripts": []}'},
        {"package.json": "[]"},
        {"pyproject.toml": "not toml ["},
        {"pyproject.toml": '[project]\nname = "library"\n'},
        {"Caddyfile": "localhost {\n\trespond hello\n}\n"},
    ],
)
def test_a_folder_with_nothing_to_run(shell: Shell, files: dict[str, str]) -> None:
    for name, text in files.items():
        shell.write(name, text)
    done = shell("init")
    assert (done.code, done.out) == (1, "")
    assert "nothing here that could be run: ~/shop\n" in done.err


def test_a_program_is_named_not_run(shell: Shell) -> None:
    shell.write("ecosystem.config.js", "throw new Error('run')")
    done = shell("init")
    assert done.err.startswith("ecosystem.config.js is a program: workerctl import pm2 ecosystem.config.js\n")


def test_the_other_files_are_named(shell: Shell) -> None:
    shell.write("Procfile", "web: a\n")
    shell.write("compose.yaml", "services: {}\n")
    assert "left out: compose.yaml; for it: workerctl import compose compose.yaml\n" in shell("init").err


def test_a_broken_file_is_told(shell: Shell) -> None:
    shell.write("Procfile", "[Service]\n")
    done = shell("init")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Procfile:1: not a Procfile\n")


def test_another_folder(shell: Shell) -> None:
    shell.write("site/Procfile", "web: a\n")
    done = shell("init", "-C", "site", "-d", "deploy", "-o", "name")
    assert done.out == "site/deploy/web.yaml\n"
