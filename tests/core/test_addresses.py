"""Addresses as text and as values (S1.6), and which of them exclude each other (S1.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import addresses


@pytest.mark.parametrize(
    ("given_", "canonical", "family"),
    [
        (8000, "127.0.0.1:8000", "tcp4"),
        ("8000", "127.0.0.1:8000", "tcp4"),
        (":8000", "127.0.0.1:8000", "tcp4"),
        ("localhost:8000", "127.0.0.1:8000", "tcp4"),
        ("0.0.0.0:80", "0.0.0.0:80", "tcp4"),
        ("127.0.0.1:0", "127.0.0.1:0", "tcp4"),
        ("127.0.0.1:08000", "127.0.0.1:8000", "tcp4"),
        ("[::1]:8000", "[::1]:8000", "tcp6"),
        ("[0:0:0:0:0:0:0:1]:8000", "[::1]:8000", "tcp6"),
        ("[::]:8000", "[::]:8000", "tcp6"),
        ("unix:run/web.sock", "unix:run/web.sock", "unix"),
        ("unix:./run/../web.sock", "unix:web.sock", "unix"),
        ("unix:/run/web.sock", "unix:/run/web.sock", "unix"),
    ],
)
def test_s1_6_what_can_be_written(given_: object, canonical: str, family: str) -> None:
    found = addresses.parse(given_)
    assert (str(found), found.family) == (canonical, family)
    assert addresses.parse(canonical) == found
    assert addresses.canonical(given_) == canonical


@pytest.mark.parametrize(
    "given_",
    [
        *("", "web", "example.org:80", "127.0.0.1", "127.0.0.1:", "1.2.3:80", "::1:80", "[::1]", "[::1]80"),
        *(
            "[::1:80",
            "[1.2.3.4]:80",
            "127.0.0.1:-1",
            "127.0.0.1:65536",
            "127.0.0.1:８",
            "*:80",
            "http://a:80",
        ),
        *("run/web.sock", "unix:", "unix:@a", "unix:run/", "unix:" + "x" * 108, "unix:" + "ä" * 54),
    ],
)
def test_s1_6_what_is_no_address_says_what_to_write(given_: str) -> None:
    with pytest.raises(addresses.BadAddress) as caught:
        addresses.parse(given_)
    assert caught.value.message
    assert caught.value.fix.startswith("write ")
    assert addresses.canonical(given_) == given_


def test_the_longest_path_fits_exactly() -> None:
    assert addresses.parse("unix:" + "x" * addresses.LONGEST_PATH)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "0.0.0.0:80", True),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("0.0.0.0:80", "[::]:80", False),
        ("[::]:80", "[::1]:80", True),
        ("unix:a", "unix:./a", True),
        ("unix:a", "unix:b", False),
    ],
)
def test_s1_2_overlap(first: str, second: str, expected: bool) -> None:
    one, two = addresses.parse(first), addresses.parse(second)
    assert addresses.overlap(one, two) is addresses.overlap(two, one) is expected


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    try:
        found = addresses.parse(text)
    except addresses.BadAddress:
        return
    assert addresses.parse(str(found)) == found


def test_urls() -> None:
    assert addresses.url("127.0.0.1:8000") == "http://127.0.0.1:8000"
    assert addresses.url("unix:run/web.sock") == "unix:run/web.sock"
