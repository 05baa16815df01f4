"""The TCP door renews its certificates while it is open; the clock is the test's."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509

from controller import gateway, settings
from controller.store.store import Store
from tests.fakes.clock import FakeClock

DAY = gateway.DAY_SECONDS


class Timers:
    """What was to be done later, and when; nothing is done but by the test."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[float, Callable[[], None]]] = asyncio.Queue()

    def later(self, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        self.asked.put_nowait((seconds, act))
        return asyncio.get_running_loop().call_later(1e6, act)


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError("nobody asks anything")


async def shown(url: str) -> x509.Certificate:
    """The certificate that a client meets."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]), ssl=trusting)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(found)


def test_a_running_controller_renews_its_certificate_before_it_ends(tmp_path: Path) -> None:
    async def main() -> None:
        clock, timers, told = FakeClock(wall=time.time()), Timers(), list[tuple[str, str]]()
        paths = settings.ProjectPaths(str(tmp_path), str(tmp_path / ".workerset"), str(tmp_path / "run"))
        made = gateway.Gateway(
            paths, Store(":memory:"), clock, lambda *words: told.append(words), timers.later
        )
        made.app = _nothing
        url = str((await made.open(""))["url"])
        first = await shown(url)
        seconds, look = await timers.asked.get()
        assert seconds == DAY

        clock.advance(300 * DAY)  # early enough: looked at, and left alone
        look()
        _, look = await timers.asked.get()
        assert (await shown(url)).serial_number == first.serial_number

        clock.advance(36 * DAY)  # less than thirty days are left
        look()
        _, look = await timers.asked.get()
        second = await shown(url)
        assert second.not_valid_after_utc > first.not_valid_after_utc
        assert told == []  # the authority is the same, so that clients notice nothing

        clock.advance(3600 * DAY)  # the authority ends too
        look()
        await timers.asked.get()
        assert (await shown(url)).issuer == first.issuer
        assert [reason for reason, _ in told] == ["CertificateRenewed"]
        await made.close()

    asyncio.run(main())
