"""Where the API may listen, and what it is called there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import loopback


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("", "127.0.0.1", 0),
        ("127.0.0.1", "127.0.0.1", 0),
        ("127.0.0.1:8443", "127.0.0.1", 8443),
        ("localhost:8443", "127.0.0.1", 8443),
        ("localhost", "127.0.0.1", 0),
        (":8443", "127.0.0.1", 8443),
        ("127.5.5.5:1", "127.5.5.5", 1),
        ("[::1]", "::1", 0),
        ("[::1]:8443", "::1", 8443),
    ],
)
def test_addresses(text: str, host: str, port: int):
    found = loopback.parse(text)
    assert (found.host, found.port) == (host, port)
    assert loopback.parse(str(loopback.Address(host, port or 1))) == loopback.Address(host, port or 1)


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "8443",
        "::1",
        "[::]:1",
        "10.0.0.1:1",
        "example.com",
        "127.0.0.1:0",
        "127.0.0.1:99999",
        "a:b",
    ],
)
def test_what_is_not_loopback_is_refused(text: str):
    with pytest.raises(loopback.NotLoopback) as told:
        loopback.parse(text)
    assert "127.0.0.1" in told.value.fix


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str):
    try:
        assert loopback.parse(text).host in str(loopback.parse(text))
    except loopback.NotLoopback:
        pass


def test_a_project_has_a_port_of_its_own():
    assert loopback.port_of("/a") == loopback.port_of("/a")
    ports = [loopback.port_of("/a", attempt) for attempt in range(16)]
    assert len(set(ports)) == 16
    assert all(20_000 <= port < 32_000 for port in ports)


@given(st.text(max_size=40))
def test_only_names_of_loopback_pass_for_hosts(header: str):
    known = loopback.names("127.0.0.1")
    if loopback.host_of(header) in known:
        bare = header.strip().lower()
        assert any(bare == name or bare.startswith((f"{name}:", f"[{name}]")) for name in known)
