"""The projects of docs/examples, each run as it stands there."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.core import addresses
from controller.manifest import diagnostics, validate
from tests.e2e.project import Project
from tests.e2e.test_guide import says
from tests.fakes.redis import Redis

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FOLDERS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())

Publish = Callable[[str, str], None]


def begin(project: Project, name: str, change: Callable[[str], str] = str) -> None:
    shutil.copytree(EXAMPLES / name, project.root, dirs_exist_ok=True)
    manifest = project.root / "workerset.yaml"
    manifest.write_text(change(manifest.read_text()))
    project.ctl("up", "-d")


@pytest.mark.parametrize("name", FOLDERS)
def test_each_is_valid_under_strict_and_uses_all_its_programs(name: str) -> None:
    folder = EXAMPLES / name
    report = validate.validate(
        [str(folder / "workerset.yaml")], validate.Options(strict=True, root=str(folder))
    )
    assert report.ok, diagnostics.render(report.diagnostics)
    used = {document.object["spec"]["file"] for document in report.documents}
    assert used == {path.name for path in folder.glob("*.py")}
    assert name in (EXAMPLES / "README.md").read_text()


def test_configuration_from_a_file(project: Project) -> None:
    begin(project, "configuration")
    says(project, "app", "at first: {'mail': {'host': 'localhost', 'retries': '3'}}")
    project.write("settings.ini", "not a setting")
    says(project, "file-settings", "not taken: ")
    project.write("settings.ini", "[mail]\nhost = example.org\n")
    says(project, "app", "from now on: {'mail': {'host': 'example.org'}}")
    project.wait_state("redis-settings", "Lazy")


@contextmanager
def stand_in() -> Iterator[tuple[str, Publish]]:
    with Redis() as redis:

        def publish(field: str, value: str) -> None:
            redis.hset("settings", field, value)
            redis.publish("settings")

        yield redis.address, publish


@contextmanager
def real_redis() -> Iterator[tuple[str, Publish]]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    words = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert any("eady to accept connections" in line for line in server.stdout)

        def publish(field: str, value: str) -> None:
            for command in (["HSET", "settings", field, value], ["PUBLISH", "settings", "x"]):
                subprocess.run(["redis-cli", "-p", port, *command], check=True, stdout=subprocess.DEVNULL)

        try:
            yield f"127.0.0.1:{port}", publish
        finally:
            server.terminate()


NEEDS_REDIS = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="there is no redis-server on PATH"
)


@pytest.mark.parametrize("server", [stand_in, pytest.param(real_redis, marks=NEEDS_REDIS)])
def test_configuration_from_redis(project: Project, server: Callable[[], Any]) -> None:
    with server() as (address, publish):
        publish("host", "localhost")

        def change(text: str) -> str:
            return text.replace("127.0.0.1:6379", address).replace("SETTINGS: file", "SETTINGS: redis")

        begin(project, "configuration", change)
        says(project, "app", "at first: {'host': 'localhost'}")
        publish("retries", "5")
        says(project, "app", "from now on: {'host': 'localhost', 'retries': '5'}")
    project.wait_state("redis-settings", "Backoff")
    assert json.loads(project.ctl("vars", "get", "redis-settings", "-o", "json").stdout)["retries"] == "5"


def test_feature_flags(project: Project) -> None:
    begin(project, "feature-flags")
    says(project, "checkout", "percent see the new basket")
    project.write("flags.json", json.dumps({"new-basket": {"percent": 100}}))
    says(project, "checkout", "100 percent see the new basket")
    project.write("flags.json", json.dumps({"new-basket": {"percent": 0}}))
    says(project, "checkout", " 0 percent see the new basket")


def test_credentials(project: Project) -> None:
    begin(project, "credentials", lambda text: text.replace('EVERY: "1"', 'EVERY: "0.3"'))
    for ordinal in (0, 1):
        says(project, f"pool-{ordinal}", f"{ordinal}: new password after ")
    assert project.workerset("pool")["status"]["restarts"] == 0
    found = json.loads(project.ctl("vars", "get", "vault", "-o", "json").stdout)
    assert (found["user"], found["password"].keys()) == ("shop", {"$bytes"})


def test_console(project: Project) -> None:
    begin(project, "console")
    says(project, "shop", "pages in the cache: 12")
    told = project.ctl("describe", "ws", "console").stdout
    assert "ensured cache:warm by default/shop, mail:watch by default/shop" in told
    wrong = project.ctl("ensure", "cache:wram", code=5).stderr
    assert "no such command: cache:wram; there are cache:warm, mail:watch" in wrong
    project.ctl("ensure", "mail:watch")
    assert "unread" in project.ctl("vars", "get", "mail:watch").stdout


def test_http(project: Project) -> None:
    begin(project, "http", lambda text: text.replace("127.0.0.1:8080", "127.0.0.1:0"))
    url = project.workerset("web")["status"]["addresses"][0]
    at = addresses.parse(url.removeprefix("http://"))
    found = {path: ask(at.host, at.port, path) for path in ("/CHF", "/XAU")}
    assert (found["/CHF"][0], found["/CHF"][1]["rate"]) == (200, 0.95)
    assert (found["/XAU"][0], found["/XAU"][1]["rate"]) == (404, None)


def test_http_does_not_boot_without_what_it_needs(project: Project) -> None:
    shutil.copytree(EXAMPLES / "http", project.root, dirs_exist_ok=True)
    manifest = project.root / "workerset.yaml"
    manifest.write_text(manifest.read_text().replace("127.0.0.1:8080", "127.0.0.1:0"))
    project.write("rates.py", "raise LookupError('no rates today')")
    project.ctl("apply", "-f", "workerset.yaml")
    says(project, "web", "workerset.errors.BootFailure: ", "no rates today")


def ask(host: str, port: int, path: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(host, port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
