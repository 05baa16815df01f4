"""Single traits of each format, where a golden file would not say why."""

from __future__ import annotations

from typing import Any

import pytest

from controller.importers import formats, sources
from tests.fakes.import_files import ImportFiles
from tests.importers.reading import lost, spec, translated


def compose(service: str, files: dict[str, str] | None = None) -> dict[str, Any]:
    return spec("compose", f"services:\n  web:\n    command: a\n    {service}\n", ImportFiles(files))


# ----------------------------------------------------------------------------------------- procfile


def test_procfile_ports_go_up_by_a_hundred() -> None:
    found = translated("procfile", "web: a -p $PORT\napi: b -p $PORT\nworker: c\n")
    assert [draft.spec.get("port") for draft in found.sets] == [5000, 5100, None]


def test_procfile_web_may_read_its_port() -> None:
    assert spec("procfile", "web: python app.py\n")["env"] == {"PORT": "5000"}


def test_procfile_windows_line_ends_and_no_line_end_at_all() -> None:
    found = translated("procfile", "web: a\r\nworker: b")
    assert [draft.spec["command"] for draft in found.sets] == ["a", "b"]


# ------------------------------------------------------------------------------------------ compose


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "one"), ("$A", "one"), ("${B:-two}", "two"), ("${E:-two}", "two"), ("${E-two}", ""),
        ("${B-}", ""), ("${A:+yes}", "yes"), ("${B:+yes}", ""), ("${B:-${C:-three}}", "three"), ("$$A", "$A"),
        ("${A}x$A", "onexone"), ("100%", "100%"), ("a$", "a$"),
    ],
)  # fmt: skip
def test_compose_variables(text: str, value: str) -> None:
    assert compose(f"environment: {{X: '{text}'}}", {".env": "A=one\nE=\n"})["env"] == {"X": value}


def test_compose_a_variable_nobody_sets_is_lost_in_env_and_asked_for_in_a_command() -> None:
    text = "services: {web: {command: 'serve $X', environment: {A: 'b$X', X: $X}}}\n"
    found = translated("compose", text)
    assert found.sets[0].spec["command"] == "serve $(X)"
    assert "env" not in found.sets[0].spec
    assert lost(found) == ["compose.yaml:1: environment.A: X is not set in .env"]


@pytest.mark.parametrize("restart", ["no", "always", "unless-stopped", "on-failure", "on-failure:3"])
def test_compose_restart(restart: str) -> None:
    wanted = {"no": "never", "on-failure": "on_failure"}.get(restart.partition(":")[0], "always")
    assert compose(f'restart: "{restart}"')["restart"] == wanted


@pytest.mark.parametrize(
    ("test", "probe"),
    [
        ("[CMD, curl, -f, 'http://localhost:80/up']", {"http": "/up", "port": 80}),
        ("curl --fail http://127.0.0.1:8000/ || exit 1", {"http": "/", "port": 8000}),
        ("wget -q --spider http://localhost:8000/a?b=c", {"http": "/a?b=c", "port": 8000}),
        ("curl -f http://other:8000/", {"exec": ["sh", "-c", "curl -f http://other:8000/"]}),
        ("curl -f http://localhost:8000/ | grep ok",
         {"exec": ["sh", "-c", "curl -f http://localhost:8000/ | grep ok"]}),
        ("[CMD, pg_isready]", {"exec": ["pg_isready"]}),
        ("[CMD-SHELL, 'a && b']", {"exec": ["sh", "-c", "a && b"]}),
        ("[NONE]", None),
    ],
)  # fmt: skip
def test_compose_health_checks(test: str, probe: dict[str, Any] | None) -> None:
    written = test if test.startswith("[") else f"'{test}'"
    assert compose(f"healthcheck: {{test: {written}}}").get("readiness_probe") == probe


def test_compose_a_disabled_health_check() -> None:
    assert "readiness_probe" not in compose("healthcheck: {disable: true, test: a}")


def test_compose_times_of_a_check_are_known_or_told() -> None:
    """A program is asked for variables when it starts, a number is not."""
    check = "healthcheck: {test: 'a $WHO', interval: '$EVERY', timeout: '${LIMIT:-7s}', retries: $TIMES}"
    found = translated("compose", f"services:\n  web:\n    command: a\n    {check}\n")
    assert found.sets[0].spec["readiness_probe"] == {"exec": ["sh", "-c", "a ${WHO}"], "timeout": "7s"}
    assert lost(found) == [
        "compose.yaml:4: EVERY is not set in .env, and has no default: $EVERY",
        "compose.yaml:4: TIMES is not set in .env, and has no default: $TIMES",
    ]


def test_compose_extends_in_a_circle_is_refused() -> None:
    text = "services: {a: {extends: b}, b: {extends: a}}\n"
    with pytest.raises(sources.NotOurs, match="extends leads in a circle"):
        translated("compose", text)


def test_compose_include_is_followed_and_in_a_circle_refused() -> None:
    other = {"more/b.yaml": "services: {b: {command: b}}\n"}
    found = translated("compose", "include: [more/b.yaml]\nservices: {a: {command: a}}\n", ImportFiles(other))
    assert [draft.name for draft in found.sets] == ["b", "a"]
    circle = {"compose.yaml": "include: [compose.yaml]\n"}
    with pytest.raises(sources.NotOurs, match="circle"):
        translated("compose", circle["compose.yaml"], ImportFiles(circle))


def test_compose_services_of_one_port_keep_the_first() -> None:
    text = 'services:\n  a: {command: a, ports: ["80:8000"]}\n  b: {command: b, ports: ["81:8000"]}\n'
    found, made = formats.documents("compose", (sources.Source("compose.yaml", text),), ImportFiles())
    assert [document["spec"].get("port") for _, document in made] == [8000, None]
    assert any("already uses the address" in said for said in lost(found))


def test_compose_names_that_come_out_alike_are_told_apart() -> None:
    text = "services: {a_b: {command: a}, a-b: {command: b, depends_on: [a_b]}}\n"
    _, made = formats.documents("compose", (sources.Source("compose.yaml", text),), ImportFiles())
    assert [document["metadata"]["name"] for _, document in made] == ["a-b", "a-b-2"]


def test_compose_options_of_an_images_program_are_no_command() -> None:
    found = translated("compose", "services: {db: {image: mysql, command: [--sql-mode=X]}}\n")
    assert "command" not in found.sets[0].spec
    assert lost(found) == [
        "compose.yaml:1: db: its program is that of an image: install it, and write a command"
    ]


def test_a_script_asks_for_variables_as_the_shell_does() -> None:
    found = translated("compose", "services: {a: {command: [sh, -c, 'a \"$X\" $$Y $$(date)']}}\n")
    assert found.sets[0].spec["command"] == ["sh", "-c", 'a "${X}" $Y $$(date)']
    made = spec("supervisord", "[program:a]\ncommand=bash -c 'a %(ENV_X)s'\n")
    assert made["command"] == ["bash", "-c", "a ${X}"]


@pytest.mark.parametrize(
    ("user", "name", "is_lost"), [("me", "me", False), ("1:1", "1", False), ("1:2", "1", True)]
)
def test_compose_a_group_of_its_own_is_lost(user: str, name: str, is_lost: bool) -> None:
    found = translated("compose", f"services: {{a: {{command: a, user: '{user}'}}}}\n")
    assert (found.sets[0].spec["user"], bool(lost(found))) == (name, is_lost)


def test_compose_options_are_those_of_the_dockerfiles_entrypoint() -> None:
    files = ImportFiles({"Dockerfile": 'FROM a\nENTRYPOINT ["serve"]\nCMD ["--never"]\n'})
    assert (
        spec("compose", "services: {web: {build: ., command: --fast}}\n", files)["command"] == "serve --fast"
    )


# ---------------------------------------------------------------------------------------------- pm2


@pytest.mark.parametrize(("instances", "num"), [("max", 4), ("0", 4), ("-1", 3), ("-9", 1), ("2", 2)])
def test_pm2_instances(instances: str, num: int) -> None:
    made = spec("pm2", f'{{"script": "a.js", "exec_mode": "fork", "instances": "{instances}"}}')
    assert made["num"] == num


@pytest.mark.parametrize(
    ("app", "command"),
    [
        ('"script": "a.py"', "python3 a.py"),
        ('"script": "a.unknown"', "./a.unknown"),
        ('"script": "npm", "args": "run \\"a b\\""', ["npm", "run", "a b"]),
        ('"script": "./a", "node_args": ["--x"]', "node --x ./a"),
        ('"script": "npm start"', "npm start"),
        ('"script": "npm run start", "args": "start"', "npm run start"),
        ('"script": "python3 -m http.server", "interpreter": "none"', "python3 -m http.server"),
        ('"script": "yarn", "args": "dev", "node_args": "--max-old-space-size=4096"', "yarn dev"),
        ('"script": "a.js", "interpreter": "none"', "./a.js"),
    ],
)
def test_pm2_programs(app: str, command: object) -> None:
    assert spec("pm2", f'[{{"name": "a", {app}}}]')["command"] == command


@pytest.mark.parametrize(
    ("watch", "wanted"),
    [
        ('"watch": true', True),
        ('"watch": "."', True),
        ('"watch": ["src", "./"]', True),
        ('"watch": "src"', ["src/**"]),
        ('"watch": ["src", "*.json"]', ["src/**", "*.json"]),
        ('"watch": false', None),
        ('"watch": []', None),
        ('"watch": null', None),
    ],
)
def test_pm2_what_is_watched(watch: str, wanted: object) -> None:
    assert spec("pm2", f'{{"script": "a.js", {watch}}}').get("watch") == wanted


@pytest.mark.parametrize(
    ("watch", "is_lost"), [("", False), ('"watch": false, ', False), ('"watch": true, ', True)]
)
def test_pm2_what_is_not_watched_need_not_be_ignored(watch: str, is_lost: bool) -> None:
    found = translated("pm2", f'{{"script": "a.js", {watch}"ignore_watch": ["fixtures"]}}')
    assert bool(lost(found)) is is_lost


def test_pm2_cmd_is_another_name_of_script() -> None:
    assert spec("pm2", '[{"name": "a", "cmd": "a.py", "args": "b"}]')["command"] == "python3 a.py b"
    assert lost(translated("pm2", '[{"name": "a"}, {"name": "b"}]')) == [
        "process.json:1: script: a has none",
        "process.json:1: script: b has none",
    ]


def test_pm2_options_of_node_for_a_program_of_path() -> None:
    text = '{"script": "yarn", "args": "dev", "node_args": "--max-old-space-size=4096 --inspect"}'
    assert spec("pm2", text)["env"] == {"NODE_OPTIONS": "--max-old-space-size=4096 --inspect"}


def test_pm2_an_environment_that_was_asked_for() -> None:
    text = '{"script": "a.js", "env": {"A": 1, "B": 2}, "env_live": {"A": 3}}'
    assert spec("pm2", text, ImportFiles(variant="live"))["env"] == {"A": "3", "B": "2"}


def test_pm2_absolute_paths_of_the_project_become_relative() -> None:
    text = """{"apps": [
        {"name": "a", "script": "/srv/project/src/a.js", "cwd": "/srv/project"},
        {"name": "b", "script": "/srv/project/src/b.js", "cwd": "/srv/project/src"},
        {"name": "c", "script": "/srv/other/c.js", "cwd": "/srv/other"}]}"""
    source = sources.Source("process.json", text)
    _, made = formats.documents("pm2", (source,), ImportFiles())
    specs = [document["spec"] for _, document in made]
    assert [one["command"] for one in specs] == ["node src/a.js", "node b.js", "node /srv/other/c.js"]
    assert [one.get("working_dir") for one in specs] == [None, "src", "/srv/other"]


def test_pm2_what_is_inherited_anyway_is_not_written_down() -> None:
    text = '{"script": "a.js", "env": {"HOME": "/home/me", "LANG": "de", "A": "1"}}'
    assert spec("pm2", text)["env"] == {"LANG": "de", "A": "1"}
