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

# ------------------------------------------------------------------ requests of HTTP workers (S7.2, S7.3)

LOAD_MAGIC = b"WSLOAD1\n"
"""The first bytes of a load file. Of the rest of its first line `LOAD_TOLD` is used."""

LOAD_SIZE = 4096
LOAD_LINE = 8
"""Words a line, which is a line of the processor's cache. Line 0 is the head; each other one belongs to one
process of the worker, which alone writes to it."""

LOAD_TOLD = 1
"""Word of the head: 0 while nobody samples. The process that begins a request then stores 1, and says
`SAY_TRAFFIC`; the shim stores 0 when it ceases to sample."""

LOAD_PROCESS = 0
"""Word of a line: the id of the process that it belongs to, 0 if it is free. Taken under flock(2); one whose
process is gone may be taken over, after the other words were cleared."""

LOAD_BEGUN, LOAD_ENDED = 1, 2
"""Words of a line: requests that began and ended in this process; the difference is in flight."""

LOAD_DRAINED = 3
"""Word of a line: 1 once every connection that was open at the end of the handle has left this process."""


def payload_file(slot: str, generation: int) -> str:
    """Where the payload of a generation is, for the header file `slot`."""
    return f"{slot}.{generation}"


def private_file(slot: str) -> str:
    """Where a payload is written before it gets its name; only who holds the lock on `slot` touches it."""
    return f"{slot}.new"
