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
