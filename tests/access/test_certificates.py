"""Certificates as files: private, good for a while, made again when they are not."""

from __future__ import annotations

import ssl
import stat
import sys
from pathlib import Path

import pytest

from controller.access import certificates
from controller.core import loopback

NAMES = loopback.names("127.0.0.1")
NOW = 1_800_000_000.0
DAY = 86400.0


def made(folder: Path, wall: float = NOW, names: tuple[str, ...] = NAMES) -> certificates.Certificates:
    return certificates.ensure(str(folder / "tls"), names, wall)


def test_they_are_made_once_and_kept_private(tmp_path: Path):
    first = made(tmp_path)
    assert (first.new_authority, first.new_server) == (True, True)
    files = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert {path.name for path in files} == {"ca.crt", "ca.key", "server.crt", "server.key"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    again = made(tmp_path, NOW + 300 * DAY)
    assert (again.new_authority, again.new_server) == (False, False)
    assert {path: path.read_bytes() for path in files} == files


def test_a_server_certificate_is_renewed_before_it_ends_and_the_authority_stays(tmp_path: Path):
    first = made(tmp_path)
    assert first.renew_at == NOW + (certificates.SERVER_DAYS - 30) * DAY
    authority = Path(first.authority).read_bytes()
    renewed = made(tmp_path, first.renew_at)
    assert (renewed.new_authority, renewed.new_server) == (False, True)
    assert Path(first.authority).read_bytes() == authority
    assert renewed.renew_at > first.renew_at


def test_an_authority_that_ends_is_replaced_with_all_it_signed(tmp_path: Path):
    made(tmp_path)
    later = made(tmp_path, NOW + certificates.AUTHORITY_DAYS * DAY)
    assert (later.new_authority, later.new_server) == (True, True)


def test_a_clock_that_jumps_back_does_not_leave_them_unusable(tmp_path: Path):
    made(tmp_path)
    before = made(tmp_path, NOW - 10 * DAY)
    assert (before.new_authority, before.new_server) == (True, True)


@pytest.mark.parametrize("content", [None, b"", b"damaged", b"\xff"])
@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt", "server.key"])
def test_what_is_lost_or_damaged_is_made_again(tmp_path: Path, name: str, content: bytes | None):
    made(tmp_path)
    path = tmp_path / "tls" / name
    path.unlink() if content is None else path.write_bytes(content)
    found = made(tmp_path)
    assert found.new_server
    assert found.new_authority == name.startswith("ca.")
    assert (made(tmp_path).new_authority, made(tmp_path).new_server) == (False, False)


def test_a_key_of_another_pair_and_a_certificate_of_another_authority_do_not_count(tmp_path: Path):
    for folder in ("a", "b"):
        made(tmp_path / folder)
    ours, theirs = tmp_path / "a" / "tls", tmp_path / "b" / "tls"
    for name in ("server.crt", "server.key"):
        (ours / name).write_bytes((theirs / name).read_bytes())
    found = made(tmp_path / "a")
    assert (found.new_authority, found.new_server) == (False, True)
    (ours / "ca.key").write_bytes((theirs / "ca.key").read_bytes())
    assert made(tmp_path / "a").new_authority


def test_another_name_needs_another_certificate(tmp_path: Path):
    made(tmp_path)
    found = made(tmp_path, names=loopback.names("127.0.0.9"))
    assert (found.new_authority, found.new_server) == (False, True)


def test_python_takes_them_with_its_strictest_checks(tmp_path: Path):
    found = made(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(found.server, found.server_key)
    client = ssl.create_default_context(cafile=found.authority)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert client.get_ca_certs()


def test_without_the_package_it_is_said_how_to_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    with pytest.raises(certificates.Missing, match=r"workerset\[kubectl\]"):
        made(tmp_path)
    assert not (tmp_path / "tls").exists()


def test_a_link_in_place_of_a_new_file_is_not_followed(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca.key.new").symlink_to(victim)
    with pytest.raises(OSError, match=r"ymbolic|Too many"):
        made(tmp_path)
    assert victim.read_text() == "mine"
