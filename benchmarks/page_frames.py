"""Frames of the page: 60 book updates a second, and how many frames a second Chromium still draws.

Run with ``python benchmarks/page_frames.py [SECONDS]``. A server without a feed is started, a
headless Chromium shows its page, and DIFFs of a book with 50 levels a side are published over the
server API. Frames are counted by ``requestAnimationFrame``, drawn states by the ladder's number.
Needs the system's Chromium, the package playwright, and the libraries of the page.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec
from playwright.async_api import Page, async_playwright

from cadenza.config import Secret
from cadenza.config.client import TokenConfig
from cadenza.server.tokens import connection_token

RATE: Final = 60
LEVELS: Final = 50
INSTRUMENT: Final = "MOCK:FRAMES/USD"
CHANNEL: Final = f"market:orderBook:{INSTRUMENT}"
SWITCHES: Final = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
LOADS: Final = {"nothing": 0, "10 levels": 10, "all 100 levels": 2 * LEVELS}
"""How many levels each update changes."""

WATCH: Final = """(seconds) => new Promise((resolve) => {
  const gaps = [];
  let drawn = 0;
  const ladder = document.querySelector('#ladder');
  const observer = new MutationObserver(() => { drawn += 1; });
  observer.observe(ladder, { attributeFilter: ['data-sequence'] });
  const begin = performance.now();
  let before = begin;
  const frame = (now) => {
    gaps.push(now - before);
    before = now;
    if (now - begin < seconds * 1000) return requestAnimationFrame(frame);
    observer.disconnect();
    resolve({ gaps: gaps.slice(1), drawn, seconds: (now - begin) / 1000 });
  };
  requestAnimationFrame(frame);
})"""


class Seen(msgspec.Struct, frozen=True):
    """What the page has counted: milliseconds between frames, states drawn, seconds."""

    gaps: list[float]
    drawn: int
    seconds: float


class Publisher:
    """Publishes a book over the server API, by one connection that is kept open."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._sequence = 0
        self._chance = random.Random(7)
        self.sent = 0

    async def open(self) -> None:
        """Connect, anew if it was: the server ends connections that rest."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def snapshot(self) -> None:
        """Publish the whole book."""
        await self._publish("SNAPSHOT", range(LEVELS), range(LEVELS))

    async def run(self, levels: int, seconds: float) -> None:
        """Publish DIFFs of so many levels, evenly, for so long."""
        begin = time.perf_counter()
        for number in range(int(seconds * RATE)):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
            chosen = self._chance.sample(range(2 * LEVELS), levels)
            bids = [one for one in chosen if one < LEVELS]
            await self._publish("DIFF", bids, [one - LEVELS for one in chosen if one >= LEVELS])
            self.sent += 1

    async def _publish(self, kind: str, bids: Any, asks: Any) -> None:
        self._sequence += 1
        book = {
            "updateType": kind,
            "instrumentId": INSTRUMENT,
            "bids": [[f"{60_000 - level * 0.5:.2f}", self._quantity()] for level in bids],
            "asks": [[f"{60_001 + level * 0.5:.2f}", self._quantity()] for level in asks],
            "sequence": self._sequence,
            "prevSequence": self._sequence - 1,
            "timestamp": int(time.time() * 1000),
        }
        body = msgspec.json.encode({"channel": CHANNEL, "data": book})
        head = f"POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {self._key}\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lines = answer.decode().lower().split("\r\n")
        length = next(line for line in lines if line.startswith("content-length:"))
        result = await self._reader.readexactly(int(length.partition(":")[2]))
        if b'"error"' in result:
            raise SystemExit(f"publishing failed: {result.decode()}")

    def _quantity(self) -> str:
        return f"{self._chance.uniform(0.01, 3):.5f}"


async def measure(page: Page, publisher: Publisher, levels: int, seconds: float) -> Seen:
    """Count frames while updates of so many levels come; 0 levels: while none come."""
    counting = asyncio.ensure_future(page.evaluate(WATCH, seconds))
    if levels:
        await publisher.open()
        await publisher.run(levels, seconds)
    return msgspec.convert(await counting, Seen)


def report(name: str, sent: int, seen: Seen) -> None:
    """Print one line of figures."""
    gaps = sorted(seen.gaps)
    late = gaps[int(len(gaps) * 0.99)]
    print(
        f"{name:>15}: {len(gaps) / seen.seconds:5.1f} frames/s, {sent / seen.seconds:5.1f} "
        f"updates/s, {seen.drawn / seen.seconds:5.1f} drawn/s, 99 % of frames within "
        f"{late:.1f} ms, longest {gaps[-1]:.1f} ms"
    )


async def browse(port: int, key: str, token: str, seconds: float) -> None:
    """Show the page and measure all loads."""
    publisher = Publisher(port, key)
    await publisher.open()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=SWITCHES
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(f"http://127.0.0.1:{port}/#market/{INSTRUMENT}")
        await page.get_by_label("Client token").fill(token)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("heading", name=INSTRUMENT).wait_for()
        await publisher.snapshot()
        await page.locator("#ladder[data-sequence='1']").wait_for()
        for name, levels in LOADS.items():
            before = publisher.sent
            seen = await measure(page, publisher, levels, seconds)
            report(name, publisher.sent - before, seen)
        await browser.close()


def main() -> None:
    """Start a server, measure, and end it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    secret, key = secrets.token_hex(32), secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = {
        "client": {"token": {"hmac_secret_key": secret}},
        "http_api": {"key": key},
        "dashboard": {"enabled": True},
    }
    token = connection_token(
        TokenConfig(hmac_secret_key=Secret(secret)), "frames", now=time.time(), ttl=3600
    )
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "config.json"
        settings.write_text(json.dumps(config))
        serve = [sys.executable, "-m", "cadenza.cli", "serve", "--feed", "none"]
        serve += ["--config", str(settings), "--port", str(port)]
        server = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
        try:
            wait(port)
            print(f"headless Chromium, {os.cpu_count()} cores, {seconds:g} s each")
            asyncio.run(browse(port, key, token, seconds))
        finally:
            server.terminate()
            server.wait()


def wait(port: int) -> None:
    """Wait until the server listens."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
