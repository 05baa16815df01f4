"""Shared memory, byte by byte: one header file a worker name, one payload file a publish (S6).

Language-neutral description: `docs/worker-contract.md`. Standard library only, Python 3.9 syntax, no
import when it is loaded: workers, the shim and the controller all carry it. Words are native 8-byte
unsigned integers; only little-endian machines are supported.

A header file `SLOT` is two pages: the words below, and on a page apart the one word that readers write.
The payload of generation g is the file `SLOT.g`: 32 bytes of preamble, then the body. It is complete
before the header names it and is never changed afterwards, so no reader can see a mixture.
"""

MAGIC = b"WSSLOT1\n"
"""Word 0 of a header."""

HEADER_SIZE = 8192

GENERATION = 1
"""Word: the generation that is published; the file of it exists if anything was ever published. Its low
half is what `wait_vars` waits on (futex(2), shared)."""

READY = 2
"""Word: 1 while the name is ready (S5). The controller sets it; the shim clears it when it reaps."""

EPOCH = 3
"""Word: changed by the controller whenever the name may resolve elsewhere or is no longer ensured: what was
resolved before is to be asked for again."""

PUBLISHED = 4
"""Word: the generation that was published last; 0 if nothing ever was, while `GENERATION` holds the seed
(S6.5). Stored right after `GENERATION`: whoever reads it first and finds it set reads one with a file."""

SWEPT = 5
"""Word: counted up by the controller each time after it cleared `TOUCHED`. A reader whose words 1 to 5 are
what they were at its last read has nothing to do, not even to touch (S6.9)."""

BOOT = 6
"""Words 6 and 7: the boot of the machine that the header was made in, 16 bytes of its id."""

TOUCHED = 512
"""Word, on the second page: readers store 1, the controller clears it every `idle_timeout` and counts `SWEPT`
up afterwards (S6.9)."""

PREAMBLE = "<8sQQII"
"""`struct` format of a payload's first 32 bytes: `PAYLOAD_MAGIC`, generation, length of the body, CRC-32 of
the body (zlib), 0."""

PAYLOAD_MAGIC = b"WSVARS1\n"
PREAMBLE_SIZE = 32


def payload_file(slot: str, generation: int) -> str:
    """Where the payload of a generation is, for the header file `slot`."""
    return f"{slot}.{generation}"


def private_file(slot: str) -> str:
    """Where a payload is written before it gets its name; only who holds the lock on `slot` touches it."""
    return f"{slot}.new"
