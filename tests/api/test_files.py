"""Following files for a client, as `dev` follows manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from controller.core import watching
from tests.api.driver import Api

PATH = "/workerset/v1/files"


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    yield made
    made.close()


def test_changes_come_as_lines(api: Api) -> None:
    api.files.there = ("manifests/web.yaml", "README.md")
    body = {"root": "/project", "patterns": ["/manifests/**/*.yaml"], "files": [".env"]}
    stream = api.stream(PATH, method="POST", body=body)
    assert json.loads(stream.line()) == {"started": True}
    wanted = api.files.wanted[0]
    asked = ("manifests/a/b.yaml", ".env", "README.md")
    assert [wanted.takes(path, ignored=False) for path in asked] == [True, True, False]
    assert isinstance(wanted, watching.Interest)
    api.run(api.files.tell("manifests/web.yaml", how="deleted"))
    assert json.loads(stream.line()) == {"changes": [{"path": "manifests/web.yaml", "how": "deleted"}]}
    api.run(api.files.tell(trouble="no inotify watches are left"))
    assert json.loads(stream.line()) == {"trouble": "no inotify watches are left"}
    stream.hang_up()


def test_what_cannot_be_followed_is_said(api: Api) -> None:
    api.files.broken = PermissionError(13, "Permission denied")
    stream = api.stream(PATH, method="POST", body={"root": "/project"})
    assert json.loads(stream.line()) == {"trouble": "files cannot be followed: Permission denied"}


@pytest.mark.parametrize(
    "body", [{}, {"root": "src"}, {"root": 1}, {"root": "/", "files": "a"}, {"root": "/", "patterns": [1]}]
)
def test_a_question_that_makes_no_sense_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.send("POST", PATH, body).code == 400
