"""Who gets in at the TCP port and who does not; ports, files and certificates that come and go."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from controller.access import certificates
from controller.core import loopback
from tests.e2e.kubectl.cluster import Cluster
from tests.e2e.project import wait_exists

SETS = "/apis/workerset.dev/v1/namespaces/default/workersets"
YEARS = 365 * 86400


# ------------------------------------------------------------------------------------------ tokens


def test_no_token_gets_nothing(door: Cluster):
    for path in ("/version", "/healthz", "/api", SETS, "/workerset/v1/project", "/nothing"):
        answer = door.ask(path, token=None)
        assert (answer.code, answer.json()["reason"]) == (401, "Unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["wrong", "wst_" + "0" * 64, "a b", "ü"])
def test_a_wrong_token_gets_nothing(door: Cluster, token: str):
    answer = door.ask(SETS, token=token.encode().decode("latin-1"))
    assert answer.code == 401
    assert "workerctl kubeconfig" in answer.json()["message"]


def test_kubectl_is_told_to_log_in(door: Cluster):
    done = door.with_token("wrong").kubectl("get", "ws", code=1)
    assert "You must be logged in" in done.stderr


def test_other_ways_to_authenticate_do_not_count(door: Cluster):
    answer = door.ask("/version", token=None, authorization="Basic YTpi")
    assert answer.code == 401
    assert door.ask(f"/version?access_token={door.token}", token=None).code == 401


def test_a_token_for_reading_reads_and_nothing_else(door: Cluster):
    made = json.loads(door.project.ctl("token", "create", "viewer", "--read-only", "-o", "json").stdout)
    token = made["token"]
    viewer = door.with_token(token)
    assert door.ask(SETS, token=token).code == 200
    assert door.ask("/openapi/v3", token=token).code == 200
    assert "web-0" in viewer.out("get", "pods")
    before = door.ask(f"{SETS}/web").json()["metadata"]["resourceVersion"]
    for method, path in (
        ("POST", SETS),
        ("PUT", f"{SETS}/web"),
        ("PATCH", f"{SETS}/web"),
        ("PATCH", f"{SETS}/web/scale"),
        ("PATCH", f"{SETS}/web/status"),
        ("DELETE", f"{SETS}/web"),
        ("DELETE", "/api/v1/namespaces/default/pods/web-0"),
        ("POST", "/api/v1/namespaces"),
        ("GET", "/workerset/v1/token/default"),
        ("GET", "/workerset/v1/tokens"),
        ("POST", "/workerset/v1/tokens"),
        ("POST", "/workerset/v1/shutdown"),
    ):
        answer = door.ask(path, method=method, token=token, body=b"{}", content_type="application/json")
        assert (answer.code, answer.json()["reason"]) == (403, "Forbidden"), (method, path)
    assert door.ask(f"{SETS}/web").json()["metadata"]["resourceVersion"] == before
    denied = viewer.kubectl("scale", "ws/web", "--replicas=1", code=1)
    assert "Forbidden" in denied.stderr
    assert "reading only" in denied.stderr
    assert viewer.kubectl("auth", "can-i", "delete", "ws", code=1).stdout.startswith("no")
    assert viewer.out("auth", "can-i", "list", "ws").startswith("yes")
    assert viewer.kubectl("logs", "web-0").returncode == 0
    for words in (["exec", "web-0", "--", "true"], ["attach", "web-0"], ["cp", "web-0:/etc/hostname", "x"]):
        assert "reading only" in viewer.kubectl(*words, code=1).stderr
    assert "workerset:token:viewer" in viewer.out("auth", "whoami")


def test_a_revoked_token_gets_nothing(door: Cluster):
    token = door.project.ctl("token", "create", "guest").stdout.strip()
    assert door.ask("/version", token=token).code == 200
    assert "guest" in door.project.ctl("token", "list").stdout
    door.project.ctl("token", "revoke", "guest")
    assert door.ask("/version", token=token).code == 401
    assert "not found" in door.project.ctl("token", "revoke", "guest", code=1).stderr


def test_tokens_are_kept_as_digests(door: Cluster):
    for name in ("store.db", "store.db-wal", "controller.log"):
        path = door.project.state / name
        assert not path.exists() or door.token.encode() not in path.read_bytes()


@pytest.mark.parametrize("name", ["A", "-a", "a" * 64, "a b", "a/b"])
def test_a_token_has_a_sensible_name(door: Cluster, name: str):
    done = door.project.ctl("token", "create", "--read-only", "--", name, code=1)
    assert "a token's name" in done.stderr


def test_a_name_is_given_once(door: Cluster):
    door.project.ctl("token", "create", "twice")
    assert "already exists" in door.project.ctl("token", "create", "twice", code=1).stderr


@pytest.mark.parametrize("access", ["none", "wrong", "read-only", "origin"])
def test_no_websocket_opens_for_those(door: Cluster, access: str):
    """A handshake is refused like any other request, before anything of the worker is touched."""
    made = door.project.ctl("token", "create", f"ws-{access}", "--read-only").stdout.strip()
    token = {"none": "", "wrong": "wst_1", "read-only": made, "origin": door.token}[access]
    handshake = {"upgrade": "websocket", "connection": "Upgrade", "sec_websocket_version": "13"}
    handshake |= {"sec_websocket_key": "MDEyMzQ1Njc4OTAxMjM0NQ=="}
    if access == "origin":
        handshake["origin"] = "https://evil.example"
    path = "/api/v1/namespaces/default/pods/web-0/exec?command=true&stdout=true"
    answer = door.ask(path, token=token or None, **handshake)
    assert answer.code == (401 if access in ("none", "wrong") else 403)
    assert answer.json()["kind"] == "Status"


# ------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.2", "[::1", "a:b:c"])
def test_another_host_is_refused(door: Cluster, host: str):
    answer = door.ask("/version", host=host)
    assert answer.code in (400, 403)
    if answer.code == 403:
        assert "known as" in answer.json()["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9999"])
def test_names_of_this_machine_are_taken(door: Cluster, host: str):
    assert door.ask("/version", host=host).code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:{port}", "null", "https://127.0.0.1:1"]
)
def test_another_origin_is_refused(door: Cluster, origin: str):
    answer = door.ask("/version", origin=origin.format(port=door.port))
    assert answer.code == 403
    assert "other sites" in answer.json()["message"]


def test_its_own_origin_is_taken(door: Cluster):
    assert door.ask("/version", origin=f"https://127.0.0.1:{door.port}").code == 200


def test_a_page_cannot_ask_by_a_second_header(door: Cluster):
    link = http.client.HTTPSConnection("127.0.0.1", door.port, timeout=10, context=door.tls())
    link.putrequest("GET", "/version")
    link.putheader("Host", "evil.example")
    link.putheader("Authorization", f"Bearer {door.token}")
    link.endheaders()
    assert link.getresponse().status in (400, 403)
    link.close()


# ------------------------------------------------------------------------------------------ the port


def test_plain_http_is_answered_with_a_sentence(door: Cluster):
    link = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    link.request("GET", "/version")
    answer = link.getresponse()
    assert answer.status == 400
    assert "https://" in json.loads(answer.read())["message"]
    link.close()
    done = door.kubectl("get", "ws", "-s", door.url.replace("https", "http"), code=1)
    assert "this port speaks TLS" in done.stderr


def test_noise_and_silence_disturb_nobody(door: Cluster):
    silent = socket.create_connection(("127.0.0.1", door.port))
    for noise in (b"\x16", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 70000, b"SSH-2.0-x\r\n"):
        with socket.create_connection(("127.0.0.1", door.port)) as link:
            link.sendall(noise)
    assert door.ask("/healthz").body == b"ok"
    silent.close()


def test_bodies_that_break_off_or_are_too_large_change_nothing(door: Cluster):
    def sent(length: int, body: bytes) -> bytes:
        head = (
            f"POST {SETS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {door.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        raw = socket.create_connection(("127.0.0.1", door.port), timeout=10)
        with door.tls().wrap_socket(raw, server_hostname="localhost") as link:
            link.sendall(head.encode() + body)
            return link.recv(65536) if length > 1000 else b""

    before = door.project.own_log()
    sent(1000, b'{"metadata":{"name":"half"}')
    assert b" 413 " in sent(4 << 20, b'{"metadata":{"name":"half"}')
    assert door.ask(f"{SETS}/half").code == 404
    assert door.project.own_log() == before


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_all_of_a_body_that_is_too_large_is_told_so(door: Cluster, chunked: bool):
    """It reads the answer when it has sent all, and finds it there: nothing resets the connection."""
    body = b" " * (32 << 20)
    link = http.client.HTTPSConnection("127.0.0.1", door.port, timeout=30, context=door.tls())
    headers = {"Authorization": f"Bearer {door.token}", "Content-Type": "application/json"}
    link.request("POST", SETS, iter([body]) if chunked else body, headers, encode_chunked=chunked)
    answer = link.getresponse()
    assert (answer.status, json.loads(answer.read())["reason"]) == (413, "RequestEntityTooLarge")
    link.close()


def test_a_client_must_trust_the_authority(door: Cluster):
    context = ssl.create_default_context()
    link = http.client.HTTPSConnection("127.0.0.1", door.port, timeout=10, context=context)
    with pytest.raises(ssl.SSLCertVerificationError):
        link.request("GET", "/version")
    link.close()


def test_old_tls_is_refused(door: Cluster):
    context = door.tls()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert door.tls().minimum_version >= ssl.TLSVersion.TLSv1_2
    link = http.client.HTTPSConnection("127.0.0.1", door.port, timeout=10, context=context)
    link.request("GET", "/version", headers={"Authorization": f"Bearer {door.token}"})
    assert link.getresponse().status == 200
    link.close()


def test_it_listens_on_loopback_only(door: Cluster):
    for address in ("0.0.0.0", "10.0.0.1:8443", "example.com", "127.0.0.1:70000", "::1", "127.0.0.1:http"):
        done = door.project.ctl("kubeconfig", "--listen", address, code=1)
        assert "127.0.0.1" in done.stderr
    assert door.ask("/version").code == 200


def test_private_files_are_private(door: Cluster):
    folder = door.project.folder
    for path in (folder / "kubeconfig", folder / "kubeconfig.token", *(folder / "tls").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((folder / "tls").stat().st_mode) == 0o700
    assert "token:" not in (folder / "kubeconfig").read_text()


# ------------------------------------------------------------------------------------------ a life


def test_the_socket_alone_is_served_until_somebody_asks(own: Cluster):
    assert not own.kubeconfig.exists()
    assert not (own.project.state / "tls").exists()
    line = own.project.ctl("kubeconfig").stdout
    assert line == f"export KUBECONFIG={own.kubeconfig}\n"
    assert "web" in own.out("get", "ws")


def test_port_and_token_outlive_the_controller(own: Cluster):
    own.project.ctl("kubeconfig")
    port, token = own.port, own.token
    assert port in {loopback.port_of(str(own.project.root), attempt) for attempt in range(16)}
    os.kill(own.project.pid_of("controller"), signal.SIGKILL)
    own.until_it_answers()
    assert "web" in own.out("get", "ws")
    own.project.ctl("down")
    own.project.ctl("up", "-d")
    own.project.ctl("kubeconfig")
    assert (own.port, own.token) == (port, token)


def test_remove_closes_the_port_and_takes_all_back(own: Cluster):
    own.project.ctl("kubeconfig")
    port, token = own.port, own.token
    config = Path(own.project.environ["HOME"]) / ".kube" / "config"
    own.project.ctl("kubeconfig", "--remove")
    assert not own.kubeconfig.exists()
    assert not config.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    own.project.ctl("kubeconfig")
    assert own.port == port
    assert own.token != token
    assert own.ask("/version", token=token).code == 401


def test_merge_adds_a_context_and_changes_nothing_else(own: Cluster):
    home = Path(own.project.environ["HOME"])
    path = home / ".kube" / "config"
    path.parent.mkdir()
    before = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "prod", "cluster": {"server": "https://prod.example"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
        "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "me"}}],
        "current-context": "prod",
    }
    path.write_text(yaml.safe_dump(before))
    for _ in range(2):
        own.project.ctl("kubeconfig", "--merge")
        found = yaml.safe_load(path.read_text())
        assert found["current-context"] == "prod"
        assert [one["name"] for one in found["contexts"]] == ["prod", "workerset-shop"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    asked = own.kubectl("--context", "workerset-shop", "get", "ws", KUBECONFIG=str(path))
    assert "web" in asked.stdout
    own.project.ctl("kubeconfig", "--remove")
    assert yaml.safe_load(path.read_text()) == before


@pytest.mark.parametrize("text", ["[1]", "clusters: 7", "a: b: c", "users: [1]"])
def test_merge_leaves_a_file_alone_that_it_does_not_understand(own: Cluster, text: str):
    path = Path(own.project.environ["HOME"]) / ".kube" / "config"
    path.parent.mkdir()
    path.write_text(text)
    assert str(path) in own.project.ctl("kubeconfig", "--merge", code=1).stderr
    assert path.read_text() == text
    assert os.listdir(path.parent) == ["config"]


def test_merge_waits_for_nobody_who_holds_the_lock(own: Cluster):
    path = Path(own.project.environ["HOME"]) / ".kube" / "config"
    path.parent.mkdir()
    (path.parent / "config.lock").touch()
    assert "config.lock" in own.project.ctl("kubeconfig", "--merge", code=1).stderr
    assert not path.exists()


def test_a_port_that_is_taken_is_told_and_nothing_else_breaks(own: Cluster):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = own.project.ctl("kubeconfig", "--listen", f"127.0.0.1:{port}", code=1)
        assert "another program listens there; end it, or choose another port" in done.stderr
        assert str(port) in done.stderr
        assert not own.kubeconfig.exists()
        own.project.ctl("kubeconfig")
        assert own.port != port
        assert (
            "another program" in own.project.ctl("kubeconfig", "--listen", f"127.0.0.1:{port}", code=1).stderr
        )
        assert own.ask("/version").code == 200


def test_a_port_taken_meanwhile_is_a_condition_and_the_socket_goes_on(own: Cluster):
    own.project.ctl("kubeconfig")
    port = own.port
    own.project.ctl("down")
    with socket.create_server(("127.0.0.1", port)):
        own.project.ctl("up", "-d")
        assert str(port) in own.project.wait_troubles("GatewayOpen")["GatewayOpen"]
        assert "another program" in own.project.ctl("kubeconfig", code=1).stderr
    own.project.ctl("kubeconfig")
    assert own.port == port
    assert "GatewayOpen" not in own.project.troubles()


def test_certificates_that_ended_are_made_again(own: Cluster):
    names = loopback.names("127.0.0.1")
    certificates.ensure(str(own.project.state / "tls"), names, time.time() - 20 * YEARS)
    own.project.ctl("kubeconfig")
    assert own.ask("/version").code == 200
    assert "web" in own.out("get", "ws")


@pytest.mark.parametrize(
    "lost", [["server.crt"], ["server.key"], ["ca.crt"], ["ca.key"], ["ca.crt", "ca.key"]]
)
def test_lost_files_are_made_again_and_clients_told(own: Cluster, lost: list[str]):
    own.project.ctl("kubeconfig")
    for name in lost:
        (own.project.state / "tls" / name).unlink()
    told = own.project.ctl("kubeconfig").stderr
    assert ("certificate authority was made" in told) == any(name.startswith("ca.") for name in lost)
    assert own.ask("/version").code == 200
    assert "web" in own.out("get", "ws")


def test_a_lost_folder_is_noticed_at_once(own: Cluster):
    own.project.ctl("kubeconfig")
    folder = own.project.state / "tls"
    before = (folder / "ca.crt").read_bytes()
    folder.rename(own.project.state / "elsewhere")
    wait_exists(folder / "server.crt")
    own.until_it_answers()
    assert (folder / "ca.crt").read_bytes() != before
    assert "CertificateRenewed" in own.out("get", "events")


def test_damaged_files_count_as_lost(own: Cluster):
    own.project.ctl("kubeconfig")
    for name in ("server.crt", "ca.key"):
        (own.project.state / "tls" / name).write_bytes(b"damaged")
    own.project.ctl("kubeconfig")
    assert own.ask("/version").code == 200


def test_the_plugin_acts_on_the_project_of_the_kubeconfig(own: Cluster, tmp_path: Path):
    own.project.ctl("kubeconfig")
    before = own.project.wait_pid("web-0")
    done = subprocess.run(
        [own.binary, "ws", "restart", "web"], cwd=tmp_path, env=own.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert own.project.wait_pid("web-0", before)
