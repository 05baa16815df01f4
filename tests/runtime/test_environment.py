"""S8.1 and S8.2 as tables: interpreter, argv, variables and where they come from; no process is started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller import ports
from controller.core import masking, spec
from controller.runtime import environment
from controller.sdk.workerset import contract

ME = environment.Identity("job-a", scope="shop", background=True, ordinal=2)
BASE = {"PATH": "/usr/bin:/bin", "HOME": "/home/me", "WORKERSET_TOKEN": "no", "WORKERSET_READY_FD": "3"}


def make(root: Path, *paths: str) -> None:
    for path in paths:
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            full.mkdir(exist_ok=True)
        else:
            full.write_text("#!/bin/sh\n")
            full.chmod(0o755 if "bin/" in path or path.endswith(".run") else 0o644)


def resolve(
    root: Path,
    template: spec.Template,
    base: Mapping[str, str] = BASE,
    files: Mapping[str, str] | None = None,
) -> environment.Launch:
    return environment.Resolver(str(root), base).resolve(template, ME, files or {})


@pytest.mark.parametrize(
    ("there", "template", "base", "program"),
    [
        ([], spec.Template(file="a.py"), {}, "python3"),
        ([".venv/bin/python"], spec.Template(file="a.py"), {}, "{root}/.venv/bin/python"),
        (
            [".venv/bin/python", "sub/.venv/bin/python"],
            spec.Template(file="a.py", working_dir="sub"),
            {},
            "{root}/sub/.venv/bin/python",
        ),
        (
            [".venv/bin/python", "sub/deep/"],
            spec.Template(file="a.py", working_dir="sub/deep"),
            {},
            "{root}/.venv/bin/python",
        ),
        (
            ["other/bin/python"],
            spec.Template(file="a.py"),
            {"VIRTUAL_ENV": "{root}/other"},
            "{root}/other/bin/python",
        ),
        (
            [".venv/bin/python", "other/bin/python"],
            spec.Template(file="a.py"),
            {"VIRTUAL_ENV": "{root}/other"},
            "{root}/.venv/bin/python",
        ),
        ([], spec.Template(file="a.py"), {"VIRTUAL_ENV": "{root}/gone"}, "python3"),
        ([".venv/bin/python"], spec.Template(file="a.py", interpreter="python3.12"), {}, "python3.12"),
        ([], spec.Template(file="a.py", interpreter="env/bin/python"), {}, "{root}/env/bin/python"),
        ([], spec.Template(file="a.mjs"), {}, "node"),
        ([], spec.Template(file="a.sh"), {}, "sh"),
        ([], spec.Template(file="a.rb"), {}, "ruby"),
    ],
)
def test_s8_1_the_interpreter_of_a_file(
    tmp_path: Path, there: list[str], template: spec.Template, base: dict[str, str], program: str
) -> None:
    make(tmp_path, *there, str(template.file))
    base = {name: value.format(root=tmp_path) for name, value in base.items()}
    launch = resolve(tmp_path, template, {**BASE, **base})
    assert launch.argv == (program.format(root=tmp_path), f"{tmp_path}/{template.file}", "job-a")


@pytest.mark.parametrize(
    ("template", "text", "program"),
    [
        (spec.Template(file="a.php"), "<?php", "php"),
        (spec.Template(file="a.php", interpreter="php8.3"), "<?php", "php8.3"),
        (spec.Template(file="a.php", interpreter="/opt/php/bin/php"), "<?php", "/opt/php/bin/php"),
        (spec.Template(file="console", interpreter="php"), "<?php", "php"),
        (spec.Template(file="console"), "#!/usr/bin/env php\n<?php", "php"),
        (spec.Template(file="console"), "#! /usr/bin/php8.2\n<?php", "php8.2"),
    ],
)
def test_s8_2_php_gets_its_functions_from_a_prepended_file(
    tmp_path: Path, template: spec.Template, text: str, program: str
) -> None:
    (tmp_path / str(template.file)).write_text(text)
    *before, option, file, name = resolve(tmp_path, template).argv
    assert (before, file, name) == ([program, "-d"], f"{tmp_path}/{template.file}", "job-a")
    setting, _, path = option.partition("=")
    assert setting == "auto_prepend_file"
    assert Path(path).read_text().startswith("<?php")


def test_what_only_looks_like_php_runs_by_itself(tmp_path: Path) -> None:
    make(tmp_path, "bin/phpunit")
    assert resolve(tmp_path, spec.Template(file="bin/phpunit")).argv == (f"{tmp_path}/bin/phpunit", "job-a")


def test_s8_2_argv_is_file_name_and_args(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.run")
    launch = resolve(tmp_path, spec.Template(file="a.py", args=("x", "$(WORKERSET_NAME)")))
    assert launch.argv == ("python3", f"{tmp_path}/a.py", "job-a", "x", "job-a")
    assert resolve(tmp_path, spec.Template(file="b.run")).argv == (f"{tmp_path}/b.run", "job-a")


def test_a_file_that_nobody_can_run_is_said_so(tmp_path: Path) -> None:
    make(tmp_path, "data.txt")
    with pytest.raises(ports.LaunchProblem, match="set `interpreter`"):
        resolve(tmp_path, spec.Template(file="data.txt"))
    with pytest.raises(ports.LaunchProblem, match="file not found: gone"):
        resolve(tmp_path, spec.Template(file="gone.py"))


def test_s8_1_the_environments_own_programs_come_first_on_path(tmp_path: Path) -> None:
    make(tmp_path, "sub/.venv/bin/python", "node_modules/.bin/vite")
    launch = resolve(tmp_path, spec.Template(command=("vite",), working_dir="sub"))
    path = launch.variables["PATH"]
    assert path.value == f"{tmp_path}/sub/.venv/bin:{tmp_path}/node_modules/.bin:/usr/bin:/bin"
    assert path.source == "base environment, after sub/.venv/bin and node_modules/.bin"
    assert launch.variables["VIRTUAL_ENV"].value == f"{tmp_path}/sub/.venv"


@pytest.mark.parametrize(
    ("env", "files", "value", "source"),
    [
        ({}, {}, "1", "workerset"),
        ({"PYTHONUNBUFFERED": ""}, {}, "", "env"),
        ({}, {"PYTHONUNBUFFERED": "0"}, "0", "env_files"),
        ({"PYTHONUNBUFFERED": "x"}, {"PYTHONUNBUFFERED": "0"}, "x", "env"),
    ],
)
def test_s8_1_output_is_unbuffered_unless_the_manifest_says_otherwise(
    tmp_path: Path, env: dict[str, str], files: dict[str, str], value: str, source: str
) -> None:
    launch = resolve(tmp_path, spec.Template(command=("true",), env=env), files=files)
    assert launch.variables["PYTHONUNBUFFERED"] == environment.Variable(value, source)


def test_s8_2_reserved_names_are_the_contracts_and_nothing_is_inherited(tmp_path: Path) -> None:
    launch = resolve(tmp_path, spec.Template(command=("true",)))
    found = {name: one.value for name, one in launch.variables.items() if name in contract.PRIVATE}
    assert found == {
        "WORKERSET_CONTRACT": contract.VERSION,
        "WORKERSET_NAME": "job-a",
        "WORKERSET_SCOPE": "shop",
        "WORKERSET_ORDINAL": "2",
        "WORKERSET_BACKGROUND": "1",
        "WORKERSET_HANDLE_FD": "3",
        "WORKERSET_PROJECT": contract.project_tag(str(tmp_path)),
        "FRANKENPHP_WORKER": "job-a",
        "FRANKENPHP_WORKER_NAME": "job-a",
        "FRANKENPHP_WORKER_BACKGROUND": "1",
    }


def test_s8_2_only_background_workers_are_told_so(tmp_path: Path) -> None:
    resolver = environment.Resolver(str(tmp_path), BASE)
    plain = environment.Identity("web")
    launch = resolver.resolve(spec.Template(command=("true",)), plain, {})
    assert "WORKERSET_BACKGROUND" not in launch.variables
    assert "FRANKENPHP_WORKER_BACKGROUND" not in launch.variables


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("$(HOME)/x", "/home/me/x"),
        ("$(HOME)$(HOME)", "/home/me/home/me"),
        ("$(NOPE)", "$(NOPE)"),
        ("$$(HOME)", "$(HOME)"),
        ("echo $$ $HOME $(date +%s)", "echo $$ $HOME $(date +%s)"),
        ("$(WORKERSET_ORDINAL)", "2"),
        ("$(", "$("),
    ],
)
def test_s1_6_variables_expand_in_command_and_args(tmp_path: Path, word: str, expected: str) -> None:
    assert resolve(tmp_path, spec.Template(command=("true", word))).argv == ("true", expected)


def test_an_argv_with_the_ordinal_is_not_shared_by_a_pool(tmp_path: Path) -> None:
    assert resolve(tmp_path, spec.Template(command=("a", "$(WORKERSET_ORDINAL)"))).by_ordinal
    assert not resolve(tmp_path, spec.Template(command=("a", "$(HOME)"))).by_ordinal


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("API_KEY", "abc", "********"),
        ("DB_PASSWORD", "abc", "********"),
        ("GITHUB_TOKEN", "abc", "********"),
        ("SECRET", "", ""),
        ("KEYBOARD", "de", "de"),
        ("MONKEY", "bar", "bar"),
        ("PWD", "/x", "/x"),
        ("MYSQL_PWD", "abc", "********"),
        ("DATABASE_URL", "postgres://me:hunter2@db/x", "postgres://me:********@db/x"),
        ("PROXY", "http://proxy:8080", "http://proxy:8080"),
    ],
)
def test_secrets_are_masked(name: str, value: str, shown: str) -> None:
    assert masking.masked(name, value) == shown


def test_s7_1_sockets_come_first_and_their_number_expands(tmp_path: Path) -> None:
    words = ("uvicorn", "--fd", "$(LISTEN_FD)", "$(LISTEN_FDS)", "$(WORKERSET_HANDLE_FD)")
    found = resolve(tmp_path, spec.Template(command=words, listen=("127.0.0.1:1", "unix:a")))
    assert found.argv == ("uvicorn", "--fd", "3", "2", "5")
    assert "LISTEN_FD" not in found.variables
    named = {one["name"] for one in environment.listing(found)}
    assert {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} <= named
    without = resolve(tmp_path, spec.Template(command=words))
    assert without.argv == ("uvicorn", "--fd", "$(LISTEN_FD)", "$(LISTEN_FDS)", "3")
    assert not any(one["name"].startswith("LISTEN_") for one in environment.listing(without))


def test_s1_a_port_is_exported_unless_env_says_otherwise(tmp_path: Path) -> None:
    found = resolve(tmp_path, spec.Template(command=("x", "$(PORT)"), port=8000))
    assert found.argv == ("x", "8000")
    assert found.variables["PORT"] == environment.Variable("8000", "port")
    other = resolve(tmp_path, spec.Template(command=("x", "$(PORT)"), port=8000, env={"PORT": "9"}))
    assert other.argv == ("x", "9")


def test_s8_1_the_listing_names_every_variable_with_its_source(tmp_path: Path) -> None:
    template = spec.Template(command=("true",), env={"A": "1", "API_KEY": "hidden"})
    listing = environment.listing(resolve(tmp_path, template, files={"B": "2"}))
    by_name = {one["name"]: one for one in listing}
    assert list(by_name) == sorted(by_name)
    assert by_name["A"] == {"name": "A", "value": "1", "source": "env"}
    assert by_name["B"]["source"] == "env_files"
    assert by_name["HOME"] == {"name": "HOME", "value": "/home/me", "source": "base environment"}
    assert by_name["API_KEY"]["value"] == "********"
    assert by_name["NOTIFY_SOCKET"]["source"] == "workerset"


def test_an_empty_command_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ports.LaunchProblem, match="the command is empty"):
        resolve(tmp_path, spec.Template(command=()))


def test_the_project_is_known_by_device_and_inode(tmp_path: Path) -> None:
    link = tmp_path.parent / f"{tmp_path.name}-link"
    os.symlink(tmp_path, link)
    assert contract.project_tag(str(link)) == contract.project_tag(str(tmp_path))


def contacts(path: str = "/run/vars/slot") -> environment.Contacts:
    return environment.Contacts("/run/workers.sock", "secret", lambda *_: path)


def test_s8_2_a_worker_is_told_where_to_ask_and_where_to_publish(tmp_path: Path) -> None:
    made = environment.Resolver(str(tmp_path), BASE, contacts())
    me = environment.Identity("job-a", "shop", background=True, namespace="default")
    found = made.resolve(spec.Template(command=("x",)), me, {}).variables
    assert found[contract.SOCKET].value == "/run/workers.sock"
    assert found[contract.VARS].value == "/run/vars/slot"
    plain = environment.Identity("web", namespace="default")
    assert contract.VARS not in made.resolve(spec.Template(command=("x",)), plain, {}).variables


def test_s2_4_each_worker_has_a_token_of_its_own_that_is_masked(tmp_path: Path) -> None:
    made = environment.Resolver(str(tmp_path), BASE, contacts())
    one = made.own_of(ports.WorkerRef("default", "jobs", "jobs-0"))[contract.TOKEN]
    other = made.own_of(ports.WorkerRef("default", "jobs", "jobs-1"))[contract.TOKEN]
    assert one != other
    shown = environment.listing(made.resolve(spec.Template(command=("x",)), ME, {}))
    values = {entry["name"]: entry["value"] for entry in shown}
    assert values[contract.TOKEN] == masking.MASK
    assert one not in "".join(values.values())
    assert values[contract.VARS] == "(the slot of its name)", "to look at it makes none"


@pytest.mark.parametrize(
    ("declared", "base", "rest"),
    [
        ({}, {}, ""),
        ({}, {"PYTHONPATH": "/base"}, ":/base"),
        ({"PYTHONPATH": "src"}, {"PYTHONPATH": "/base"}, ":src"),
    ],
)
def test_s8_2_the_library_comes_first_on_python_s_path(
    tmp_path: Path, declared: dict[str, str], base: dict[str, str], rest: str
) -> None:
    made = resolve(tmp_path, spec.Template(command=("x",), env=declared), {**BASE, **base})
    assert made.variables["PYTHONPATH"].value == environment.SDK + rest
    assert (Path(environment.SDK) / "workerset" / "__init__.py").exists()


def test_s6_no_shared_memory_is_a_reason_not_to_start(tmp_path: Path) -> None:
    def full(*_: str) -> str:
        raise OSError(28, "No space left on device")

    made = environment.Resolver(str(tmp_path), BASE, environment.Contacts("/run/s", "secret", full))
    me = environment.Identity("a", background=True, namespace="default")
    with pytest.raises(ports.LaunchProblem, match="cannot make its shared memory"):
        made.resolve(spec.Template(command=("x",)), me, {})
