"""The controller's side of shared memory: seeds, boots, lost folders, damage, leftovers, privacy."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import ports
from controller.sdk.workerset import contract, layout, memory
from controller.shim import readyword
from controller.vars import seeds
from tests.vars.forked import Child
from tests.vars.place import NAME, Place

OTHER_BOOT = "11111111-2222-3333-4444-555555555555"

# ------------------------------------------------------------------------------------------ seeds


def test_s6_5_a_new_slot_begins_above_the_clock_and_the_mark(place: Place) -> None:
    assert place.worker().words[layout.GENERATION] == 1_600_000_000_000_001
    assert place.mark > 1_600_000_000_000_001


def test_s6_5_generations_grow_though_the_clock_goes_back_and_everything_is_lost(place: Place) -> None:
    last = 0
    for _ in range(4):
        generation = place.publish(NAME, {"n": last})
        assert generation > last
        last = generation
        shutil.rmtree(place.folder)
        place.wall -= 1e6
        place.vars = place.controller()


def test_s6_5_generations_grow_over_a_removal(place: Place) -> None:
    worker = place.worker()
    for number in range(20):
        last = worker.publish({"n": number})
    place.vars.remove(NAME)
    place.wall = 1.0
    assert place.publish(NAME, {"n": 0}) > last
    place.vars.remove(NAME)
    place.vars = place.controller()
    assert place.publish(NAME, {"n": 0}) > last + 1


def test_s6_5_the_mark_is_above_all_there_is_and_seldom_stored(place: Place) -> None:
    for number in range(50):
        name = ports.VarsName("default", "", f"w{number}")
        place.wall += 3600
        for _ in range(3):
            assert place.publish(name, {"n": place.wall + _}) < place.mark
    assert len(place.marked) < 3


def test_s6_5_a_slot_that_has_published_more_than_was_promised_raises_the_mark(place: Place) -> None:
    worker = place.worker()
    worker.words[layout.GENERATION] += seeds.ROOM
    last = worker.publish({"a": 1})
    place.vars.remove(NAME)
    assert place.mark > last
    assert place.publish(NAME, {"a": 1}) > last


# ------------------------------------------------------------------------------------------ restarts


def test_s6_7_vars_outlive_the_controller(place: Place) -> None:
    reader = place.worker()
    generation = place.publish(NAME, {"a": 1})
    place.vars.set_ready(NAME, True)
    place.vars = place.controller()
    assert list(place.vars.known()) == [NAME]
    found = place.vars.read(NAME)
    assert found is not None
    assert (found.generation, found.value) == (generation, {"a": 1})
    place.path()
    assert reader.read() == (generation, {"a": 1})
    assert reader.ready


def test_what_another_boot_left_is_dropped_and_generations_go_on(place: Place) -> None:
    last = place.publish(NAME, {"a": 1})
    place.vars = place.controller(OTHER_BOOT)
    assert place.vars.known() == []
    assert place.files() == []
    assert place.vars.read(NAME) is None
    assert place.publish(NAME, {"a": 1}) > last


def test_a_header_of_another_boot_that_turns_up_later_is_dropped(place: Place) -> None:
    last = place.publish(NAME, {"a": 1})
    other = Place(place.folder.parent)
    other.mark, other.vars = place.mark, other.controller(OTHER_BOOT)
    other.vars = place.controller(OTHER_BOOT)
    shutil.copytree(place.folder, place.folder.parent / "kept")
    assert other.vars.known() == []
    shutil.rmtree(place.folder)
    os.rename(place.folder.parent / "kept", place.folder)
    path = other.vars.slot(NAME)
    assert other.vars.read(NAME) is None
    assert memory.Slot(path).publish({"a": 1}) > last
    assert len(place.files()) == 3


# ------------------------------------------------------------------------------------------ losses


def test_a_deleted_folder_is_made_again_by_the_next_call(place: Place) -> None:
    worker = place.worker()
    last = worker.publish({"a": 1})
    for call in (
        lambda: place.vars.set_ready(NAME, True),
        lambda: place.vars.touch(NAME),
        lambda: place.vars.look_again([NAME]),
        lambda: place.vars.slot(NAME),
    ):
        shutil.rmtree(place.folder)
        call()
        assert place.vars.read(NAME) is None
        generation = worker.publish({"a": 1})
        assert generation > last
        last = generation
        found = place.vars.read(NAME)
        assert found is not None
        assert found.value == {"a": 1}
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


def test_all_slots_of_a_deleted_folder_are_made_again_at_once(place: Place) -> None:
    names = [ports.VarsName("default", "", f"w{number}") for number in range(20)]
    workers = [place.worker(name) for name in names]
    before = [worker.publish({"n": 1}) for worker in workers]
    marked = len(place.marked)
    shutil.rmtree(place.folder)
    place.vars.touch(names[3])
    assert [worker.publish({"n": 1}) > last for worker, last in zip(workers, before, strict=True)] == [
        True
    ] * 20
    assert len(place.marked) <= marked + 1
    assert list(place.vars.known()) == sorted(names)


def test_a_publish_waits_until_a_deleted_folder_is_put_back(place: Place) -> None:
    worker = place.worker()
    last = worker.publish({"a": 1})
    shutil.rmtree(place.folder)
    child = Child(lambda: 0 if worker.publish({"a": 2}) > last else 1)
    place.path()
    assert child.end() == 0
    found = place.vars.read(NAME)
    assert found is not None
    assert found.value == {"a": 2}


def test_a_deleted_run_time_folder_is_made_private(tmp_path: Path) -> None:
    place = Place(tmp_path / "gone" / "run")
    place.path()
    for folder in (place.folder, place.folder.parent, place.folder.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: os.truncate(path, 100), "it has 100 of 8192 bytes"),
        (lambda path: os.truncate(path, 0), "it has 0 of 8192 bytes"),
        (lambda path: path.write_bytes(b"\xff" * 8192), "it does not begin with the mark of one"),
        (lambda path: path.write_bytes(layout.MAGIC + bytes(8184)), "its words are no generations"),
        (lambda path: path.write_bytes(layout.MAGIC + b"\xff" * 8184), "its words are no generations"),
    ],
)
def test_a_damaged_header_is_told_and_made_anew(place: Place, change: object, why: str) -> None:
    last = place.publish(NAME, {"a": 1})
    path = Path(place.path())
    assert callable(change)
    change(path)
    for controller in (place.vars, place.controller()):
        text = f"damaged, {why}: {path}|damaged, the next ensure of its name makes it anew, {why}: {path}"
        with pytest.raises(ValueError, match=text):
            controller.read(NAME)
        assert controller.generation(NAME) == 0
        assert list(controller.known()) == [NAME]
    assert place.path() == str(path)
    assert place.vars.read(NAME) is None
    assert place.publish(NAME, {"a": 1}) > last
    assert len(place.files()) == 3


def test_a_damaged_slot_can_be_removed(place: Place) -> None:
    last = place.publish(NAME, {"a": 1})
    os.truncate(place.path(), 8)
    place.vars.remove(NAME)
    assert place.vars.known() == []
    assert place.publish(NAME, {"a": 1}) > last


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_damaged_payload_is_told(place: Place, size: int) -> None:
    place.publish(NAME, {"a": "text"})
    os.truncate(place.payload(), size)
    with pytest.raises(ValueError, match=rf"damaged, .*: the next publish heals it: {place.payload()}$"):
        place.vars.read(NAME)
    place.payload().unlink()
    with pytest.raises(ValueError, match=rf"damaged, it is missing: .*: {place.payload()}$"):
        place.vars.read(NAME)


# ------------------------------------------------------------------------------------------ leftovers


def test_a_new_controller_removes_what_killed_writers_left(place: Place) -> None:
    last = place.publish(NAME, {"a": 1})
    kept = place.files()
    slot = Path(place.path()).name
    gone = "0123456789abcdef" * 2
    for left in (f"{slot}.new", f"{slot}.{last - 2}", f"{slot}.{last - 77}", f"{gone}.99", f"{gone}.new"):
        (place.folder / left).write_bytes(b"half")
    (place.folder / "not-ours.99").write_bytes(b"")
    place.controller().known()
    assert place.files() == sorted([*kept, "not-ours.99"])


def test_a_publish_in_progress_is_left_alone(place: Place) -> None:
    place.publish(NAME, {"a": 1})
    begun = Path(layout.private_file(place.path()))
    begun.write_bytes(b"half")
    lock = os.open(place.path(), os.O_RDWR)
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        place.controller().known()
        assert begun.exists()
    finally:
        os.close(lock)
    place.controller().known()
    assert not begun.exists()


def test_a_removed_slot_leaves_nothing(place: Place) -> None:
    worker = place.worker()
    for number in range(4):
        worker.publish({"n": number})
    place.vars.set_ready(NAME, True)
    epoch = worker.epoch
    place.vars.remove(NAME)
    assert place.files() == []
    assert not worker.ready
    assert worker.epoch != epoch


# ------------------------------------------------------------------------------------------ privacy


def test_nothing_is_readable_by_others_whatever_the_umask(place: Place) -> None:
    before = os.umask(0)
    try:
        place.publish(NAME, {"secret": 1})
        place.publish(NAME, {"secret": 2})
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.folder.iterdir()} == {0o600}


def test_a_folder_that_was_opened_up_is_closed_again(place: Place) -> None:
    place.folder.mkdir(mode=0o755)
    place.folder.chmod(0o755)
    place.path()
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are not."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_cannot_read_or_write(public: Path) -> None:
    place = Place(public)
    place.publish(NAME, {"secret": 1})
    assert len(place.files()) == 3
    paths = [f"vars/{name}" for name in place.files()]
    above = os.open(public, os.O_RDONLY)

    def intrude() -> int:
        """How much could be seen, from a folder that can be entered."""
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        got = 0
        for path in ("vars", *paths):
            for how in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY):
                try:
                    os.open(path, how, dir_fd=above)
                    got += 1
                except (PermissionError, IsADirectoryError):
                    pass
        return got

    assert Child(intrude).end() == 0
    place.folder.chmod(0o755)
    assert Child(intrude).end() == 1, "the names alone"
    os.close(above)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(public: Path) -> None:
    place = Place(public)
    place.folder.mkdir(mode=0o700)
    os.chown(place.folder, 65534, 65534)
    with pytest.raises(PermissionError, match="is user 65534's, remove it"):
        place.path()


def test_a_place_that_is_no_folder_is_refused(place: Place) -> None:
    place.folder.symlink_to(place.folder.parent)
    with pytest.raises(NotADirectoryError, match="is no folder, remove it"):
        place.path()


# ------------------------------------------------------------------------------------------ the shim


def test_s5_the_shim_clears_the_ready_word(place: Place) -> None:
    worker = place.worker()
    generation = worker.publish({"a": 1})
    place.vars.set_ready(NAME, True)
    readyword.clear({contract.VARS: worker.path})
    assert not worker.ready
    assert worker.read() == (generation, {"a": 1})


@pytest.mark.parametrize("path", ["", "/nowhere/at/all", "/", "/proc/self/mem", "\0"])
def test_the_shim_survives_any_path(path: str) -> None:
    readyword.clear({contract.VARS: path})
    readyword.clear({})


# ------------------------------------------------------------------ other users (S8.4)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to another user")
OTHER = 65534


def test_s8_4_what_is_lent_is_readable_and_so_is_what_is_published_later(place: Place) -> None:
    worker = place.worker()
    worker.publish({"a": 1})
    assert stat.S_IMODE(place.payload().stat().st_mode) == 0o600
    path = place.vars.lend(NAME, "/proc/self/fd/5")
    assert path == f"/proc/self/fd/5/{os.path.basename(place.path())}"
    worker.publish({"a": 2})
    for file in (Path(place.path()), place.payload()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


@as_root
def test_s8_4_a_slot_moves_to_the_folder_of_who_publishes_in_it(place: Place) -> None:
    before = place.worker()
    first = before.publish({"a": 1})
    theirs = place.vars.slot_of(NAME, OTHER)
    assert theirs == f"{place.folder}/{OTHER}/{os.path.basename(theirs)}" == place.path()
    assert {os.stat(file).st_uid for file in (theirs, place.payload(), f"{theirs}.name")} == {OTHER}
    assert before.epoch != before.seen_epoch, "whoever has it mapped asks again"
    found = place.vars.read(NAME)
    assert found is not None
    assert (found.generation, found.value) == (first, {"a": 1})
    assert place.controller().known() == [NAME], "a controller that starts finds it there"
    os.unlink(theirs)
    assert place.worker().publish({"a": 2}) > first
    assert os.stat(theirs).st_uid == OTHER, "what is lost is made anew, for the same user"
    place.vars.remove(NAME)
    assert os.listdir(place.folder / str(OTHER)) == []


@as_root
@pytest.mark.parametrize("left", ["link", "pipe"])
def test_s8_4_no_link_of_another_user_is_followed(place: Place, tmp_path: Path, left: str) -> None:
    theirs = Path(place.vars.slot_of(NAME, OTHER))
    target = tmp_path / "target"
    target.write_bytes(b"untouched")
    target.chmod(0o600)
    for path in (theirs, Path(f"{theirs}.made"), Path(f"{theirs}.name")):
        path.unlink(missing_ok=True)
        path.symlink_to(target) if left == "link" else os.mkfifo(path)
    place.vars.set_ready(NAME, True)
    assert place.controller().known() == []
    place.vars.lend(NAME, "/proc/self/fd/5")
    assert place.controller().known() == [NAME], "made anew"
    assert target.read_bytes() == b"untouched"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
