"""port-forward over WebSockets: SPDY frames as kubectl sends them, and plain channels; real ports."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api.streams import spdy
from tests.api.driver import PODS, Api
from tests.api.talking import Talk
from tests.api.test_streams import V4, put_pod

TUNNEL = "SPDY/3.1+portforward.k8s.io"
FORWARD = f"{PODS}/web-0/portforward"


@pytest.fixture
def running(api: Api) -> Api:
    put_pod(api, {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "Running")
    return api


@pytest.fixture
def echo(running: Api) -> Iterator[int]:
    """A port that sends back what it gets, in capitals, and ends when its client does."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece.upper())
            await writer.drain()
        writer.close()

    server = running.run(asyncio.start_server(answer, "127.0.0.1", 0))
    yield server.sockets[0].getsockname()[1]
    server.close()


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Client:
    """kubectl's side: two streams a connection."""

    def __init__(self, api: Api) -> None:
        self.talk = Talk(api, FORWARD, TUNNEL)
        assert self.talk.subprotocol == TUNNEL
        self._writer, self._reader = spdy.Writer(), spdy.Reader()
        self._frames: list[spdy.Frame] = []

    def connect(self, first: int, port: int, *, number: str = "0") -> None:
        for stream, kind in ((first, "error"), (first + 2, "data")):
            headers = {"streamType": kind, "port": str(port), "requestID": number}
            self.talk.say(self._writer.open(stream, headers))
            assert self.frame() == spdy.Frame(spdy.SYN_REPLY, stream)

    def frame(self) -> spdy.Frame:
        while not self._frames:
            self._frames += self._reader.feed(self.talk.hear())
        return self._frames.pop(0)

    def received(self, stream: int) -> bytes:
        """All data of a stream up to its end; what comes on others meanwhile must be nothing."""
        found = b""
        while True:
            frame = self.frame()
            if frame.stream == stream:
                found += frame.data
                if frame.fin:
                    return found
            else:
                assert frame.data == b""


def test_kubectl_carries_bytes_both_ways(running: Api, echo: int) -> None:
    client = Client(running)
    client.connect(1, echo)
    block = b"abc" * 100_000
    client.talk.say(spdy.data(3, block[:1000]))
    client.talk.say(spdy.data(3, block[1000:], fin=True))
    assert client.received(3) == block.upper()
    client.talk.hang_up()


def test_data_that_comes_before_the_connection_stands_is_kept(running: Api, echo: int) -> None:
    client = Client(running)
    writer = client._writer
    opening = b"".join(
        writer.open(stream, {"streamtype": kind, "port": str(echo), "requestid": "0"})
        for stream, kind in ((1, "error"), (3, "data"))
    )
    client.talk.say(opening + spdy.data(3, b"early", fin=True))
    assert [client.frame().stream for _ in range(2)] == [1, 3]
    assert client.received(3) == b"EARLY"
    client.talk.hang_up()


def test_connections_are_apart(running: Api, echo: int) -> None:
    client = Client(running)
    for number in range(3):
        client.connect(1 + 4 * number, echo, number=str(number))
    for number in range(3):
        client.talk.say(spdy.data(3 + 4 * number, b"n%d" % number))
    told = {frame.stream: frame.data for frame in (client.frame() for _ in range(3))}
    assert told == {3: b"N0", 7: b"N1", 11: b"N2"}
    client.talk.hang_up()


def test_a_port_nobody_answers_on_is_told_on_the_error_stream(running: Api) -> None:
    client = Client(running)
    port = closed_port()
    client.connect(1, port)
    assert f"nothing answers on port {port}" in client.received(1).decode()
    client.talk.hang_up()


def test_pings_are_answered_and_strange_streams_reset(running: Api) -> None:
    client = Client(running)
    client.talk.say(spdy.ping(1))
    assert client.frame() == spdy.Frame(spdy.PING, 1)
    client.talk.say(client._writer.open(5, {"streamtype": "other", "port": "80"}))
    assert client.frame() == spdy.Frame(spdy.RST_STREAM, 5)
    client.talk.hang_up()


@pytest.mark.parametrize(
    "damage",
    [
        b"\x80\x02\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01",
        b"\x80\x03\x00\x01\x00\x00\x00\x02\x00\x00",
        b"\x80\x03\x00\x01\x00\x00\x00\x0c" + bytes(10) + b"zz",
    ],
)
def test_what_is_no_spdy_ends_the_connection(running: Api, damage: bytes) -> None:
    client = Client(running)
    client.talk.say(damage)
    assert client.talk.ended() == 1011


def test_plain_channels_begin_with_the_port(running: Api, echo: int) -> None:
    talk = Talk(running, f"{FORWARD}?ports={echo}", V4)
    port = struct.pack("<H", echo)
    assert [talk.hear(), talk.hear()] == [b"\x00" + port, b"\x01" + port]
    talk.say(b"\x00hello")
    assert talk.hear() == b"\x00HELLO"
    talk.hang_up()


def test_plain_channels_tell_what_does_not_answer(running: Api) -> None:
    port = closed_port()
    talk = Talk(running, f"{FORWARD}?ports={port}")
    talk.hear()
    talk.hear()
    assert f"nothing answers on port {port}".encode() in talk.hear()
    assert talk.ended() == 1000


def test_plain_channels_without_ports_have_no_use(running: Api) -> None:
    assert Talk(running, FORWARD, V4).ended() == 1011


_NAMES = st.text("abcdef-", min_size=1, max_size=8)


@given(
    st.lists(st.dictionaries(_NAMES, st.text(max_size=20).filter(str.isascii), max_size=4), max_size=5),
    st.data(),
)
def test_frames_come_out_however_they_are_cut(blocks: list[dict[str, str]], data: st.DataObject) -> None:
    writer, reader = spdy.Writer(), spdy.Reader()
    sent = b"".join(
        writer.open(1 + 2 * n, block) + spdy.data(1 + 2 * n, b"x" * n) for n, block in enumerate(blocks)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    found = [frame for piece in pieces for frame in reader.feed(piece)]
    assert [frame.headers for frame in found if frame.kind] == blocks
    assert [frame.data for frame in found if not frame.kind] == [b"x" * n for n in range(len(blocks))]


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_damage(junk: bytes) -> None:
    try:
        for _ in spdy.Reader().feed(junk):
            pass
    except spdy.Damaged:
        pass
