"""Which project a command means, and where its things are."""

from __future__ import annotations

import os
import stat
import tempfile

import pytest

from controller.client import errors, project


@pytest.fixture
def environ(tmp_path):
    with tempfile.TemporaryDirectory(prefix="ws-") as run:  # short: paths of sockets have a limit
        yield {
            "HOME": str(tmp_path / "home"),
            "XDG_RUNTIME_DIR": run,
            "XDG_STATE_HOME": str(tmp_path / "st"),
        }


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "home" / "shop" / "a" / "b").mkdir(parents=True)
    return tmp_path / "home"


def root_of(start, environ, explicit=None):
    return project.discover(str(start), explicit, environ).root


def test_explicit_folder_wins_over_variable_and_tree(tree, environ):
    (tree / "shop" / ".workerset").mkdir()
    (tree / "other").mkdir()
    assert root_of(tree / "shop", {**environ, "WORKERSET_DIR": str(tree)}, "../other") == str(tree / "other")
    assert root_of(tree / "shop", {**environ, "WORKERSET_DIR": str(tree / "other")}) == str(tree / "other")


def test_nearest_folder_upward(tree, environ):
    (tree / "shop" / ".workerset").mkdir()
    assert root_of(tree / "shop" / "a" / "b", environ) == str(tree / "shop")


def test_not_above_the_git_top_level(tree, environ):
    (tree / "shop" / ".workerset").mkdir()
    (tree / "shop" / "a" / ".git").mkdir()
    assert root_of(tree / "shop" / "a" / "b", environ) == str(tree / "shop" / "a" / "b")
    (tree / "shop" / "a" / ".workerset").mkdir()
    assert root_of(tree / "shop" / "a" / "b", environ) == str(tree / "shop" / "a")


def test_never_the_home_folder(tree, environ):
    (tree / ".workerset").mkdir()
    assert root_of(tree / "shop" / "a", environ) == str(tree / "shop" / "a")


def test_missing_folder_says_what_to_do(tree, environ):
    with pytest.raises(errors.ProjectError, match="no such folder") as caught:
        root_of(tree, environ, "nowhere")
    assert "-C" in caught.value.hint


def test_another_users_project_is_refused(tree, environ, monkeypatch):
    (tree / "shop" / ".workerset").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(errors.ProjectError, match="another user"):
        root_of(tree / "shop", environ, ".")


def test_prepare_makes_private_folders_and_records_them(tree, environ):
    made = project.prepare(project.discover(str(tree / "shop"), None, environ), environ)
    assert stat.S_IMODE(os.stat(made.run).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(made.folder).st_mode) == 0o700
    assert made.run.startswith(environ["XDG_RUNTIME_DIR"] + "/workerset/")
    assert (tree / "shop" / ".workerset" / ".gitignore").read_text() == "*\n"
    elsewhere = {"HOME": environ["HOME"], "XDG_RUNTIME_DIR": "/nonexistent"}
    assert project.discover(str(tree / "shop" / "a"), None, elsewhere).run == made.run


def test_a_lost_run_folder_is_made_again(tree, environ):
    made = project.prepare(project.discover(str(tree / "shop"), None, environ), environ)
    os.unlink(f"{made.run}/root")
    os.rmdir(made.run)
    again = project.prepare(project.discover(str(tree / "shop"), None, environ), environ)
    assert again.run == made.run
    assert os.path.isdir(again.run)


def test_lost_state_folder_still_finds_the_controller(tree, environ):
    made = project.prepare(project.discover(str(tree / "shop"), None, environ), environ)
    for name in os.listdir(made.folder):
        os.unlink(f"{made.folder}/{name}")
    os.rmdir(made.folder)
    assert project.discover(str(tree / "shop"), None, environ).api_socket == made.api_socket


def test_long_runtime_folder_falls_back_to_the_temp_dir(tree, environ, tmp_path):
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    found = project.discover(str(tree / "shop"), None, {**environ, "XDG_RUNTIME_DIR": str(deep)})
    assert found.run.startswith(f"/tmp/workerset-{os.getuid()}/")
    assert len(found.api_socket) < 108


def test_wherever_the_runtime_folder_is_every_socket_in_it_can_be_bound(tree, environ):
    found = set()
    for length in range(1, 90):
        with tempfile.TemporaryDirectory(prefix="w" * length) as base:
            paths = project.discover(str(tree / "shop"), None, {**environ, "XDG_RUNTIME_DIR": base}).paths()
        sockets = (paths.api_socket, f"{paths.shim_socket}.tmp", paths.worker_socket, paths.others_socket)
        assert max(map(len, (*sockets, paths.probe_socket("default", "web-0")))) <= 107
        found.add(paths.run.startswith(base))
    assert found == {True, False}


def bare(environ):
    return {name: value for name, value in environ.items() if name != "XDG_RUNTIME_DIR"}


def mounted(monkeypatch, tmp_path, kind):
    """A folder that stands for /dev/shm."""
    memory = tmp_path / "shm"
    memory.mkdir()
    table = tmp_path / "mounts"
    table.write_text(f"proc /proc proc rw 0 0\n{kind} {memory} {kind} rw,nosuid 0 0\n")
    real = open
    monkeypatch.setattr(project, "_MEMORY", str(memory))
    opener = lambda path, *rest, **how: real(table if path == "/proc/self/mounts" else path, *rest, **how)  # noqa: E731
    monkeypatch.setattr(project, "open", opener, raising=False)
    return memory


def test_without_a_runtime_dir_it_is_in_memory_and_private(tree, environ, monkeypatch, tmp_path):
    memory = mounted(monkeypatch, tmp_path, "tmpfs")
    made = project.prepare(project.discover(str(tree / "shop"), None, bare(environ)), bare(environ))
    assert os.path.dirname(made.run) == f"{memory}/workerset-{os.getuid()}"
    assert {stat.S_IMODE(os.stat(one).st_mode) for one in (made.run, os.path.dirname(made.run))} == {0o700}
    gone = {**environ, "XDG_RUNTIME_DIR": "/nonexistent"}
    assert project.discover(str(tree), None, gone).run.startswith(f"{memory}/")


def test_what_is_recorded_is_kept_while_it_exists(tree, environ, monkeypatch, tmp_path):
    made = project.prepare(project.discover(str(tree / "shop"), None, environ), environ)
    mounted(monkeypatch, tmp_path, "tmpfs")
    assert project.discover(str(tree / "shop"), None, bare(environ)).run == made.run


@pytest.mark.parametrize("kind", ["ext4", "taken", "read-only"])
def test_no_memory_that_is_ours_falls_back_to_the_temp_dir(tree, environ, monkeypatch, tmp_path, kind):
    memory = mounted(monkeypatch, tmp_path, "ext4" if kind == "ext4" else "tmpfs")
    if kind == "taken":
        (memory / f"workerset-{os.getuid()}").symlink_to(tmp_path)
    if kind == "read-only":
        monkeypatch.setattr(os, "access", lambda path, _mode: path != str(memory))
    found = project.discover(str(tree / "shop"), None, {**bare(environ), "TMPDIR": str(tmp_path / "t")})
    assert found.run.startswith((f"{tmp_path}/t/workerset-", f"/tmp/workerset-{os.getuid()}/"))


def test_unsuitable_file_system_moves_the_state_and_says_so(tree, environ):
    made = project.prepare(project.discover(str(tree / "shop"), None, environ), environ, "nfs4")
    assert made.state.startswith(environ["XDG_STATE_HOME"] + "/workerset/")
    assert "is on nfs4" in made.moved
    assert made.state in made.moved
    again = project.discover(str(tree / "shop" / "a"), None, environ)
    assert (again.state, again.run) == (made.state, made.run)
