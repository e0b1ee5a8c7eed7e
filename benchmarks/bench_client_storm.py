"""A thousand clients lose their server; run with ``python benchmarks/bench_client_storm.py``.

They live in one process and subscribe to a real gateway, which is killed and started again on the
same port. Printed are the CPU time of this process for each client's return, how long all took,
how the attempts were spread, and what a client that stops reading costs in memory.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from processes import allow_sockets, await_port, free_port

from cadenza.client import Cause, Client, Connected, Overflow, Publication, connect

CLIENTS = 1_000
LOST_PUBLICATIONS = 20_000
PAYLOAD = {"text": "x" * 500}
KEY = "benchmark"
CONFIG = {
    "client": {"allow_anonymous_connect_without_token": True},
    "http_api": {"key": KEY},
    "market": {"feed": "none"},
    "trading": {"enabled": False},
    "channel": {
        "namespaces": [
            {
                "name": "news",
                "history_size": 100,
                "history_ttl": "60s",
                "allow_subscribe_for_client": True,
                "allow_subscribe_for_anonymous": True,
                "force_recovery": True,
            }
        ]
    },
}


class Server:
    """A gateway that is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}/connection/websocket"
        settings = folder / "config.json"
        settings.write_text(json.dumps(CONFIG))
        serve = [sys.executable, "-m", "cadenza.cli", "serve", "--config", str(settings)]
        self._command = [*serve, "--port", str(self.port)]
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        await_port(process, self.port)
        return process

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Be there again."""
        self._process = self._start()

    def publish(self, channel: str, count: int) -> None:
        """Publish, in batches."""
        one = {"publish": {"channel": channel, "data": PAYLOAD}}
        for _ in range(count // 500):
            body = json.dumps({"commands": [one] * 500}).encode()
            address = f"http://127.0.0.1:{self.port}/api/batch"
            request = urllib.request.Request(address, body, {"X-API-Key": KEY})
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()


def resident_kib() -> int:
    """The resident memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(next(it for it in status.splitlines() if it.startswith("VmRSS")).split()[1])


class Crowd:
    """The clients, and when they came back."""

    def __init__(self, url: str) -> None:
        self.back: list[float] = []
        self.lost = 0
        self.all_back = asyncio.Event()
        self.all_lost = asyncio.Event()
        self.clients = [self._client(url) for _ in range(CLIENTS)]

    def _client(self, url: str) -> Client:
        return connect(
            url, timeout=30, start_timeout=60, on_connected=self._came, on_connecting=self._went
        )

    def _came(self, _: Connected) -> None:
        self.back.append(time.monotonic())
        if len(self.back) == CLIENTS:
            self.all_back.set()

    def _went(self, why: Cause) -> None:
        if why.reason != "connect called":
            self.lost += 1
            if self.lost == CLIENTS:
                self.all_lost.set()

    async def enter(self) -> None:
        """Connect and subscribe, fifty at a time."""
        for at in range(0, CLIENTS, 50):
            await asyncio.gather(*map(self._enter, self.clients[at : at + 50]))

    async def _enter(self, client: Client) -> None:
        await client.connect()
        await client.subscribe("news:all", overflow=Overflow.DROP_OLDEST)


async def storm(server: Server) -> None:
    """Lose a server, find it again."""
    gc.collect()
    before = resident_kib()
    crowd, start = Crowd(server.url), time.process_time()
    await crowd.enter()
    spent = (time.process_time() - start) / CLIENTS * 1e6
    kib = (resident_kib() - before) / CLIENTS
    print(f"{CLIENTS} clients: {kib:.1f} KiB each, {spent:.0f} us to connect and subscribe")
    crowd.back.clear()
    server.kill()
    await crowd.all_lost.wait()
    start = time.process_time()
    await asyncio.to_thread(server.restart)
    there = time.monotonic()
    await crowd.all_back.wait()
    for client in crowd.clients:
        await client.subscriptions["news:all"].ready(60)
    spent = (time.process_time() - start) / CLIENTS * 1e6
    when = sorted(moment - there for moment in crowd.back)
    busiest = Counter(int(moment * 10) for moment in when).most_common(1)[0][1]
    print(
        f"storm: {spent:.0f} us of CPU a client, the last one back {when[-1]:.2f} s after"
        f" the server, {busiest} in the busiest 0.1 s"
    )
    await asyncio.gather(*(client.close() for client in crowd.clients))


async def stopped_reader(server: Server) -> None:
    """A consumer that stops: what waits for it is bounded, whatever is published."""
    for policy in (Overflow.DROP_OLDEST, Overflow.CONFLATE, Overflow.BLOCK, Overflow.FAIL):
        async with connect(server.url) as client:
            stopped, taken = asyncio.Event(), asyncio.Event()

            async def stop(_: Publication, taken: asyncio.Event = taken) -> None:
                taken.set()
                await asyncio.Event().wait()

            await client.subscribe("news:flood", on_publication=stop, overflow=policy)

            def end(_: Publication, stopped: asyncio.Event = stopped) -> None:
                stopped.set()

            await client.subscribe("news:end", on_publication=end)
            gc.collect()
            before = resident_kib()
            await asyncio.to_thread(server.publish, "news:flood", LOST_PUBLICATIONS)
            await taken.wait()
            if policy is not Overflow.BLOCK:  # there the line itself stands still
                await asyncio.to_thread(server.publish, "news:end", 500)
                await stopped.wait()
            grown = resident_kib() - before
            print(f"stopped reader, {policy.value}: {grown:,} KiB for {LOST_PUBLICATIONS:,} sent")


async def main() -> None:
    """Measure both."""
    allow_sockets()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            await storm(server)
            await stopped_reader(server)
        finally:
            server.kill()


if __name__ == "__main__":
    asyncio.run(main())
