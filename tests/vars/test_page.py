"""docs/worker-contract.md says where each word is; other languages are written after it."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from controller.sdk.workerset import layout, memory, payload
from tests.vars.place import NAME, Place

PAGE = (Path(__file__).parents[2] / "docs" / "worker-contract.md").read_text(encoding="utf-8")


def test_the_page_has_every_word_of_the_header_at_its_place() -> None:
    told = {
        name: int(first) for first, name in re.findall(r"^\| (\d+)–\d+ \| ([A-Z]+) \|", PAGE, re.MULTILINE)
    }
    words = ("GENERATION", "READY", "EPOCH", "PUBLISHED", "SWEPT", "TOUCHED")
    assert told == {name: 8 * getattr(layout, name) for name in words}
    assert f"{layout.HEADER_SIZE:,} bytes" in PAGE
    assert f"| {8 * layout.BOOT}–{8 * layout.BOOT + 15} | boot |" in PAGE


def test_a_slot_is_as_the_page_says(place: Place) -> None:
    slot = memory.Slot(place.path())
    generation = slot.publish({"a": 1})
    place.vars.set_ready(NAME, True)
    header = Path(slot.path).read_bytes()
    assert (len(header), header[:8]) == (8192, b"WSSLOT1\n")
    assert struct.unpack_from("<5Q", header, 8) == (generation, 1, 0, generation, 0)
    assert header[64:4096] + header[4104:] == bytes(8192 - 72)
    body = b'{"a":1}'
    preamble = struct.pack("<8sQQII", b"WSVARS1\n", generation, len(body), payload.seal(body)[1], 0)
    assert Path(f"{slot.path}.{generation}").read_bytes() == preamble + body


def test_the_page_has_the_preamble_of_a_payload_at_its_places() -> None:
    table = PAGE.split("**Payload**")[1].split("**To publish**")[0]
    told = [int(first) for first in re.findall(r"^\| (\d+)– ?\d* ?\|", table, re.MULTILINE)]
    order, *fields = re.findall(r"<|\d*[a-zA-Z]", layout.PREAMBLE)
    assert told == [struct.calcsize(order + "".join(fields[:count])) for count in range(len(fields) + 1)]
    assert told[-1] == layout.PREAMBLE_SIZE


def test_the_page_has_the_words_of_a_count_at_their_places() -> None:
    section = PAGE.split("## Requests in flight")[1].split("\n## ")[0]
    words = [int(word) for word in re.findall(r"^\| (\d) \|", section, re.MULTILINE)]
    assert words == [layout.LOAD_PROCESS, layout.LOAD_BEGUN, layout.LOAD_ENDED, layout.LOAD_DRAINED]
    assert f"{layout.LOAD_SIZE:,} bytes" in section
    lines, each = layout.LOAD_SIZE // 8 // layout.LOAD_LINE, layout.LOAD_LINE
    assert (lines, each) == (64, 8)
    assert "64 lines of eight 64-bit words" in section
    assert layout.LOAD_MAGIC == b"WSLOAD1\n"
    assert "`WSLOAD1` and a newline" in section
