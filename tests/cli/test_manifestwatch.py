"""Manifests that are applied as they are saved: what is broken changes nothing, what goes goes later."""

from __future__ import annotations

import io
import queue
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.cli import context as contexts
from controller.cli import manifests, manifestwatch
from tests.cli.conftest import Shell
from tests.cli.sets import APPLY, MANIFEST, applied, workerset
from tests.fakes.api_server import ApiServer, Request, json_lines

GOES_ON = "the last good state goes on until this is mended"


class Watched:
    """Two manifests in a folder, followed; what it says, and what it sent to be applied."""

    def __init__(self, shell: Shell, api: ApiServer) -> None:
        self.api, self.folder = api, shell.folder / "m"
        self.notes: list[str] = []
        self.troubles: list[str] = []
        self._told: queue.Queue[dict[str, Any] | None] = queue.Queue()
        shell.write("m/web.yaml", MANIFEST % "web")
        shell.write("m/job.yaml", MANIFEST % "job")
        api.on("POST", manifestwatch.PATH, lambda _: json_lines_of(self._told))
        api.on("POST", APPLY, unchanged)
        streams = (io.StringIO(), io.StringIO(), io.StringIO())
        self.context = contexts.Context(*streams, shell.environ, str(shell.folder))
        wanted = manifests.Wanted(["m"], True, None)
        items, _ = manifests.read(self.context, wanted)
        self.watch = manifestwatch.ManifestWatch(self.context, wanted, "default", items, self)

    def note(self, said: str) -> None:
        self.notes.append(said)

    def trouble(self, text: str) -> None:
        self.troubles.append(text)

    def saved(self, **told: Any) -> None:
        """Something was told of the files."""
        self._told.put(told or {"changes": [{"path": "m/web.yaml", "how": "modified"}]})
        self.watch.take()

    def end(self) -> None:
        self._told.put(None)
        self.watch.close()
        self.context.close()

    @property
    def sent(self) -> list[tuple[list[str], bool]]:
        """The names of what was sent each time, and whether the rest was to be deleted."""
        bodies = [request.json() for request in self.api.asked("POST", APPLY)]
        return [
            ([item["object"]["metadata"]["name"] for item in body["items"]], body["prune"]) for body in bodies
        ]


def json_lines_of(told: queue.Queue[dict[str, Any] | None]) -> Iterator[bytes]:
    while (one := told.get()) is not None:
        yield from json_lines(one)


def unchanged(request: Request) -> dict[str, Any]:
    names = [item["object"]["metadata"]["name"] for item in request.json()["items"]]
    return {"items": [applied("unchanged", workerset(name)) for name in names]}


@pytest.fixture
def watched(shell: Shell, api: ApiServer) -> Iterator[Watched]:
    made = Watched(shell, api)
    yield made
    made.end()


def test_what_is_saved_is_applied_and_nothing_is_deleted(watched: Watched) -> None:
    watched.saved()
    assert watched.sent == [(["job", "web"], False)]
    assert (watched.notes, watched.troubles) == ([], [])


def test_what_was_saved_before_the_following_began_is_applied_too(watched: Watched) -> None:
    watched.saved(started=True)
    assert len(watched.sent) == 1


def half_saved(folder: Path) -> None:
    (folder / "web.yaml").write_text((MANIFEST % "web")[:-20] + "\n  env: {A: [")


def without_text(folder: Path) -> None:
    (folder / "web.yaml").write_bytes(b"\xff\x00")


def unreadable(folder: Path) -> None:
    """For root too: reading it is an error of input."""
    (folder / "web.yaml").unlink()
    (folder / "web.yaml").symlink_to("/proc/self/mem")


def of_another_shape(folder: Path) -> None:
    (folder / "web.yaml").write_text((MANIFEST % "web").replace("spec:", "spce:"))


def a_link_to_itself(folder: Path) -> None:
    (folder / "web.yaml").unlink()
    (folder / "web.yaml").symlink_to("web.yaml")


def a_link_in_a_circle(folder: Path) -> None:
    (folder / "again").symlink_to(folder)


@pytest.mark.parametrize(
    "break_it", [half_saved, without_text, unreadable, of_another_shape, a_link_to_itself, a_link_in_a_circle]
)
def test_what_is_broken_changes_nothing_until_it_is_mended(
    watched: Watched, break_it: Callable[[Path], None]
) -> None:
    break_it(watched.folder)
    watched.saved()
    watched.saved()
    (trouble,) = watched.troubles
    assert trouble.startswith("m/")
    assert trouble.endswith(GOES_ON)
    assert watched.sent == []
    assert watched.watch.left_ms is None
    for path in (watched.folder / "again", watched.folder / "web.yaml"):
        path.unlink(missing_ok=True)
    (watched.folder / "web.yaml").write_text(MANIFEST % "web")
    watched.saved()
    assert watched.troubles[1:] == [""]
    assert watched.sent == [(["job", "web"], False)]


def test_a_folder_in_its_place_holds_no_manifest(watched: Watched) -> None:
    (watched.folder / "web.yaml").unlink()
    (watched.folder / "web.yaml").mkdir()
    watched.saved()
    assert watched.sent == [(["job"], False)]
    assert watched.watch.left_ms is not None


def test_what_is_deleted_goes_two_seconds_later(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    assert manifestwatch.PRUNE_SECONDS == 2
    monkeypatch.setattr(manifestwatch, "PRUNE_SECONDS", 0)
    (watched.folder / "job.yaml").unlink()
    watched.saved()
    assert watched.sent == [(["web"], False)]
    watched.watch.due()
    assert watched.sent[1:] == [(["web"], True)]
    assert watched.watch.left_ms is None


def test_what_comes_back_in_time_is_not_deleted(watched: Watched) -> None:
    path = watched.folder / "job.yaml"
    path.rename(watched.folder.parent / "elsewhere.yaml")
    watched.saved()
    assert watched.watch.left_ms
    watched.watch.due()
    (watched.folder.parent / "elsewhere.yaml").rename(watched.folder / "20-job.yaml")
    watched.saved()
    assert watched.watch.left_ms is None
    assert [prune for _, prune in watched.sent] == [False, False]


def test_while_a_folder_is_away_nothing_is_deleted(shell: Shell, api: ApiServer) -> None:
    shell.write("m/more/third.yaml", MANIFEST % "third")
    watched = Watched(shell, api)
    shutil.move(watched.folder / "more", shell.folder / "away")
    watched.saved()
    assert watched.notes == ["m/more is not there any more: what it declared goes on"]
    assert watched.watch.left_ms is None
    watched.end()


def test_what_the_controller_refuses_is_shown_with_its_place(watched: Watched) -> None:
    refused = applied(
        "failed", workerset("web"), status={"message": "the namespace is being deleted", "code": 403}
    )
    watched.api.on("POST", APPLY, {"items": [applied("unchanged", workerset("job")), refused]})
    watched.saved()
    (trouble,) = watched.troubles
    assert trouble.startswith("m/web.yaml:1: ")
    assert "the namespace is being deleted" in trouble


def test_changes_and_troubles_of_following_are_told(watched: Watched) -> None:
    items = [applied("unchanged", workerset("job")), applied("configured", workerset("web"))]
    watched.api.on("POST", APPLY, {"items": items})
    watched.saved(trouble="no inotify watches are left")
    watched.saved()
    assert watched.notes == ["no inotify watches are left", "web configured by m/web.yaml"]


def test_warnings_are_told_once_and_in_one_line(watched: Watched) -> None:
    text = (MANIFEST % "web").replace("]}", "], watch: [scr/*]}")
    (watched.folder / "web.yaml").write_text(text)
    watched.saved()
    watched.saved()
    (told,) = watched.notes
    assert told.startswith("m/web.yaml:4:")
    assert "warning: spec.watch[0]: watch: no file matches scr/*" in told
    assert watched.troubles == []
    (watched.folder / "web.yaml").write_text(MANIFEST % "web")
    watched.saved()
    (watched.folder / "web.yaml").write_text(text)
    watched.saved()
    assert watched.notes == [told, told]


def test_env_files_are_followed_from_when_a_manifest_names_them(watched: Watched) -> None:
    (watched.folder / "web.yaml").write_text((MANIFEST % "web").replace("]}", "], env_files: [.env]}"))
    watched.saved()
    asked = [request.json() for request in watched.api.asked("POST", manifestwatch.PATH)]
    assert [one["files"] for one in asked] == [[], [".env"]]
    assert asked[0]["patterns"] == ["/m/**/*.yaml", "/m/**/*.yml", "/m/**/*.json"]
