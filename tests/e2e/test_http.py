"""HTTP sets with real servers (S7.1, S5): the worked examples of docs/http.md, the faults of `listen`."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import pytest

from controller.client import resources
from controller.core import parse
from controller.manifest import validate
from tests.e2e import web
from tests.e2e.project import Project, wait_gone

SERVERS = [name for name in web.manifests() if name not in ("web", "own")]
UVICORN = ["uvicorn", "asgi:app", "--fd", "3"]


@pytest.fixture
def project(project: Project) -> Iterator[Project]:
    """With the servers of this environment on its PATH; their warnings are not ours."""
    project.environ["PATH"] = f"{web.BIN}:{project.environ['PATH']}"
    del project.environ["PYTHONWARNINGS"]
    for file, text in web.examples().items():
        if not file.startswith("manifests/"):
            project.write(file, text)
    return project


def only(project: Project, name: str = "web") -> str:
    """The name of the one worker of a set."""
    (pod,) = project.workers(name)
    return str(pod["metadata"]["name"])


def waiting(project: Project, name: str, reason: str) -> str:
    """The message of the condition Waiting once it has this reason."""
    obj = project.wait(
        resources.WORKERSETS,
        name,
        lambda obj: any(
            one["type"] == "Waiting" and one["reason"] == reason
            for one in obj.get("status", {}).get("conditions", ())
        ),
    )
    message: str = next(one["message"] for one in obj["status"]["conditions"] if one["type"] == "Waiting")
    return message


@pytest.mark.parametrize("name", sorted(web.manifests()))
def test_every_manifest_of_the_page_is_valid(name: str) -> None:
    report = validate.validate_text(web.examples()[f"manifests/{name}.yaml"], strict=True)
    assert report.ok, report.diagnostics
    parse.parse_workerset(report.documents[0].object)


@pytest.mark.parametrize("name", SERVERS)
def test_s7_1_a_server_serves_on_the_socket_it_is_given(project: Project, name: str) -> None:
    web.write_example(project, name)
    project.apply()
    obj = project.wait_state(name, "Ready")
    assert obj["status"]["message"] == ""  # seen from outside, not by its age
    where = web.address(project, name)
    assert web.get(where) == b"hello\n"
    pid = project.pids(name)[0]
    os.killpg(pid, signal.SIGKILL)  # its children too: one that accepts and is ended then answers nobody
    assert web.get(where) == b"hello\n"
    assert project.wait_pid(only(project, name), other_than=pid)


def test_a_plain_set_binds_its_own_port(project: Project) -> None:
    port = web.free_port()
    web.write_example(project, "own", port)
    project.apply()
    project.wait_state("own", "Ready")
    assert b"asgi.py" in web.get(("127.0.0.1", port))


def test_s5_children_of_a_worker_count(project: Project) -> None:
    project.declare("web", command=[*UVICORN, "--workers", "2"], listen=["127.0.0.1:0"])
    project.apply()
    assert project.wait_state("web", "Ready")["status"]["message"] == ""
    assert web.get(web.address(project, "web")) == b"hello\n"


def test_s7_1_ipv6_and_unix_sockets_and_where_they_are_shown(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["[::1]:0"])
    project.declare("unix", command=UVICORN, listen=["unix:web.sock"])
    shown = project.ctl("up", "-d").stdout
    host, port = web.address(project, "web")
    assert f"http://[::1]:{port}" in shown
    assert "unix:web.sock" in shown
    assert f"http://[::1]:{port}" in project.ctl("status").stdout
    assert f"Addresses:   http://[::1]:{port}" in project.ctl("describe", "ws", "web").stdout
    assert f"http://[::1]:{port}" in project.ctl("get", "ws", "-o", "wide").stdout
    assert web.get((host, port)) == b"hello\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(web.DEADLINE_SECONDS)
        client.connect(str(project.root / "web.sock"))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.makefile("rb").read().endswith(b"hello\n")
    project.ctl("down")
    assert not (project.root / "web.sock").exists()


def test_s7_1_a_killed_controller_disturbs_no_request(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"])
    project.apply()
    project.wait_state("web", "Ready")
    where = web.address(project, "web")
    pids = project.pids("web")
    for _ in range(2):
        controller = project.pid_of("controller")
        os.kill(controller, signal.SIGKILL)
        wait_gone(controller)
        assert web.get(where) == b"hello\n"
        project.apply()
        project.wait_state("web", "Ready")
    assert (web.address(project, "web"), project.pids("web")) == (where, pids)


def test_s7_1_connections_wait_for_the_next_process(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"])
    project.apply()
    project.wait_state("web", "Ready")
    where = web.address(project, "web")
    with futures.ThreadPoolExecutor(16) as pool:
        for _ in range(3):
            pid = project.wait_pid(only(project))
            os.kill(pid, signal.SIGKILL)
            wait_gone(pid)
            answers = list(pool.map(lambda _: web.get(where), range(32)))
            assert answers == [b"hello\n"] * 32
            project.wait_pid(only(project), other_than=pid)


def test_s7_1_a_restart_refuses_nobody(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"])
    project.apply()
    project.wait_state("web", "Ready")
    where, pid = web.address(project, "web"), project.wait_pid(only(project))
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"], env={"COLOUR": "blue"})
    project.apply()
    wait_gone(pid)
    assert web.get(where) == b"hello\n"
    project.wait_state("web", "Ready")
    assert web.address(project, "web") == where


def test_s7_1_a_changed_list_leaves_others_alone(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0"])
    project.declare("other", command=UVICORN, listen=["127.0.0.1:0"])
    project.apply()
    project.wait_state("web", "Ready")
    project.wait_state("other", "Ready")
    other, pids = web.address(project, "other"), project.pids("other")
    first = web.address(project, "web")
    project.declare("web", command=UVICORN, listen=["127.0.0.1:0", "127.0.0.2:0"])
    project.apply()
    obj = project.wait_state("web", "Ready")
    assert len(obj["status"]["addresses"]) == 2
    assert web.address(project, "web") == first
    assert (web.address(project, "other"), project.pids("other")) == (other, pids)


def test_s7_1_sockets_that_went_with_the_shim_are_bound_again(project: Project) -> None:
    port = web.free_port()
    project.declare("web", command=UVICORN, listen=[port, "unix:web.sock"])
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid(only(project))
    os.kill(project.pid_of("shim"), signal.SIGKILL)
    wait_gone(pid)
    assert project.wait_pid(only(project), other_than=pid)
    project.wait_state("web", "Ready")
    assert web.get(("127.0.0.1", port)) == b"hello\n"


# ------------------------------------------------------------------------------------------- faults


def test_address_in_use_by_a_stranger(project: Project) -> None:
    with web.stranger(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project.declare("web", command=UVICORN, listen=[port])
        project.apply()
        message = waiting(project, "web", "AddressInUse")
        holder = f"(pid {os.getpid()}): end it, or listen on another address"
        assert message.startswith(f"127.0.0.1:{port} is in use by ")
        assert message.endswith(holder)
        assert project.pids("web") == []
        told = [one["message"] for one in project.events("web") if one["reason"] == "AddressInUse"]
        assert told == [message]
    project.wait_state("web", "Ready")
    assert web.get(("127.0.0.1", port)) == b"hello\n"


def test_address_in_use_by_another_set(project: Project) -> None:
    port = web.free_port()
    project.declare("web", command=UVICORN, listen=[port])
    project.apply()
    project.wait_state("web", "Ready")
    project.declare("new", command=UVICORN, listen=[f"0.0.0.0:{port}"])
    said = project.ctl("validate", "-f", "manifests/", code=None)
    assert said.returncode != 0
    assert f"new already uses the address 0.0.0.0:{port}" in said.stdout + said.stderr
    project.ctl("apply", "-f", "manifests/new.yaml")
    message = waiting(project, "new", "Conflict")
    assert message == f"address 127.0.0.1:{port} is held by: default/web"
    project.ctl("delete", "ws", "web")
    project.wait_state("new", "Ready")


def test_privileged_port(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
        pytest.skip("every port may be bound on this machine")
    command = project.command
    if os.geteuid() == 0:
        dropped = ["setpriv", "--bounding-set", "-net_bind_service", "--inh-caps", "-net_bind_service"]
        monkeypatch.setattr(project, "command", lambda *words: [*dropped, *command(*words)])
    project.declare("web", command=UVICORN, listen=["127.0.0.1:81"])
    project.apply()
    message = waiting(project, "web", "CannotListen")
    assert message.startswith("not allowed to bind 127.0.0.1:81, a port below 1024: use one above")
    assert [one["type"] for one in project.events("web") if one["reason"] == "CannotListen"] == ["Warning"]


def test_bad_address(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["127.0.0.1:http"])
    said = project.ctl("apply", "-f", "manifests/", code=None)
    assert said.returncode != 0
    assert "manifests/web.yaml:1:" in said.stderr
    assert "not an address to listen on, not a port: http" in said.stderr


def test_an_address_no_interface_has(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["192.0.2.1:8000"])
    project.apply()
    expected = "cannot bind 192.0.2.1:8000: no interface of this machine has that address"
    assert waiting(project, "web", "CannotListen") == expected


def test_socket_path_too_long_below_this_root(project: Project) -> None:
    folder = "d" * (107 - len("/web.sock"))
    (project.root / folder).mkdir()
    project.declare("web", command=UVICORN, listen=[f"unix:{folder}/web.sock"])
    project.apply()
    message = waiting(project, "web", "CannotListen")
    size = len(str(project.root / folder / "web.sock"))
    assert f"its full path has {size} bytes, at most 107" in message


def test_socket_in_a_missing_folder_until_it_is_made(project: Project) -> None:
    project.declare("web", command=UVICORN, listen=["unix:run/web.sock"])
    project.apply()
    message = waiting(project, "web", "CannotListen")
    assert message == f"cannot bind unix:run/web.sock, its folder does not exist: {project.root}/run"
    (project.root / "run").mkdir()
    project.wait_state("web", "Ready")


def test_a_stale_socket_is_replaced_and_one_in_use_is_not(project: Project) -> None:
    path = str(project.root / "web.sock")
    web.stranger(path).close()
    assert os.path.exists(path)
    project.declare("web", command=UVICORN, listen=["unix:web.sock"])
    project.apply()
    project.wait_state("web", "Ready")
    os.mkfifo(project.root / "pipe")
    with web.stranger(str(project.root / "taken.sock")):
        project.declare("taken", command=UVICORN, listen=["unix:taken.sock"])
        project.declare("pipe", command=UVICORN, listen=["unix:pipe"])
        project.apply()
        assert f"(pid {os.getpid()})" in waiting(project, "taken", "AddressInUse")
        assert "there is something that is no socket" in waiting(project, "pipe", "CannotListen")
    assert (project.root / "pipe").exists()


def test_a_server_that_never_listens_is_not_ready(project: Project) -> None:
    project.declare("web", command=["sleep", "1000"], listen=["127.0.0.1:0"])
    project.apply()
    project.wait(
        resources.WORKERSETS,
        "web",
        lambda obj: obj.get("status", {}).get("message") == "it does not listen yet",
    )
    said = project.ctl("up", "-d", "--wait-timeout", "3s", code=1)
    assert "web is not ready in time: Starting, it does not listen yet" in said.stdout + said.stderr


def test_s7_1_a_worker_that_binds_what_is_held_for_it_gets_a_hint(project: Project) -> None:
    port = web.free_port()
    project.declare("web", command=["uvicorn", "asgi:app", "--port", str(port)], listen=[port])
    project.apply()
    hint = f"{only(project)} tried to bind 127.0.0.1:{port}, which workerset holds for it: add --fd 3"
    project.wait(resources.WORKERSETS, "web", lambda obj: hint in obj.get("status", {}).get("message", ""))
    assert any(hint in one["message"] for one in project.events(only(project)))


def test_a_program_that_is_not_there_is_said_as_for_any_other_set(project: Project) -> None:
    project.write("tool", "#!/no/such/interpreter\n").chmod(0o755)
    for name, command in (("lost", "no-such-server"), ("odd", "./tool"), ("plain", "./asgi.py")):
        project.declare(name, command=[command], listen=["127.0.0.1:0"])
    project.apply()
    for name, expected in (
        ("lost", "command not found: no-such-server"),
        ("odd", "its first line asks for /no/such/interpreter, which does not exist"),
        ("plain", "not executable, chmod +x makes it so"),
    ):
        project.wait(
            resources.WORKERSETS,
            name,
            lambda obj, expected=expected: expected in obj.get("status", {}).get("message", ""),  # type: ignore[misc]
        )
