"""The way to the shim: what was said last is heard, however busy the shim is."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

from controller.runtime import connection


def test_the_last_word_arrives_although_the_shim_reads_late(tmp_path: Path) -> None:
    path = str(tmp_path / "shim.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    closing, heard = threading.Event(), bytearray()

    def busy() -> None:
        link, _ = listener.accept()
        link.sendall(b'[["hello",1,1],["listed"]]\n')
        closing.wait(10)
        while data := link.recv(65536):
            heard.extend(data)
        link.close()

    async def say() -> None:
        link = connection.Connection(path, lambda _: setattr(link, "is_ready", True), ignore, ignore)
        await link.open()
        link.send([["ack", "x" * 1000]] * 2000)
        link.send([["end"]])
        asyncio.get_running_loop().call_soon(closing.set)
        await link.close()

    shim = threading.Thread(target=busy)
    shim.start()
    asyncio.run(say())
    shim.join()
    listener.close()
    assert heard.endswith(b'\n[["end"]]\n')


def ignore() -> None:
    pass
