"""Orders end to end: ``cadenza serve`` on one core, two traders on another, SQLite between.

Run with ``python benchmarks/bench_orders.py``. Two users trade one instrument of the paper venue
against each other over a WebSocket each: 55 % limit orders around the market, 35 % cancels, 10 %
market orders. An order counts when its acknowledgement is read, which the server sends when it is
durable. Two loads: as fast as they are taken with 64 in flight, and 1,000 a second by the clock,
whose latencies run from when an order was due.

As figures differ from machine to machine, the same connections call an RPC that does nothing, as
fast as it is answered: the ratio says how many such calls an order costs. What the journal costs is
the difference to the same load with ``trading.store.type: memory``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from order_client import OrderClient, rpc
from processes import await_port, free_port, pin

from cadenza.config import Secret
from cadenza.config.client import TokenConfig
from cadenza.server.tokens import connection_token

INSTRUMENT: Final = "PAPER:BTC/USDT"
IN_FLIGHT: Final = 64
PACE: Final = 1000
STORES: Final = ("memory", "normal", "full")
USERS: Final = (("ann", "BUY"), ("bob", "SELL"))
TICKS: Final = os.sysconf("SC_CLK_TCK")


class Figures(NamedTuple):
    """What one load showed.

    Attributes:
        rate: Acknowledgements a second.
        cpu_us: CPU time of the server for each, in microseconds.
        p50_ms: Median latency.
        p99_ms: The 99th percentile.
        refused: Share of calls answered with an error: cancels that came too late.
    """

    rate: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    refused: float


class Trader:
    """One user: makes calls, and notes when they are answered.

    Args:
        user: Its name.
        side: What it does.
        chance: Random numbers.
    """

    def __init__(self, user: str, side: str, chance: random.Random) -> None:
        self.user = user
        self._side = side
        self._chance = chance
        self._number = 0
        self._names: list[str] = []
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self.due: dict[int, float] = {}
        self.latencies: list[float] = []
        self.refused = 0
        self.account = ""
        self.freed: Callable[[], None] = lambda: None
        self.client: OrderClient

    async def open(self, port: int, token: str, *, subscribes: bool) -> None:
        """Connect, and find the account."""
        loop = asyncio.get_running_loop()
        _, self.client = await loop.create_connection(
            lambda: OrderClient(self._answered), "127.0.0.1", port
        )
        await self.client.opened
        await self._ask({"connect": {"token": token}})
        found = await self._ask({"rpc": {"method": "query.trading_account.list", "data": {}}})
        self.account = found["rpc"]["data"]["data"][0]["tradingAccountId"]
        if subscribes:
            await self._ask({"subscribe": {"channel": f"tradingAccount:{self.account}"}})

    def order(self, due: float) -> None:
        """Send the next call of the mix."""
        draw = self._chance.random()
        if draw < 0.35 and self._names:
            name = self._names.pop(self._chance.randrange(len(self._names)))
            self._call("command.trade_order.cancel", {"clientOrderId": name}, due)
            return
        order = {"instrumentId": INSTRUMENT, "orderSide": self._side}
        if draw < 0.90:
            away = int(self._chance.expovariate(0.05)) - 2
            ticks = 6_000_000 + (-away if self._side == "BUY" else away)
            name = f"{self.user}-{self._number}"
            self._names.append(name)
            order |= {"orderType": "LIMIT", "limitPrice": f"{ticks // 100}.{ticks % 100:02}"}
            order |= {"quantity": f"0.000{self._chance.randint(10, 99)}", "clientOrderId": name}
        else:
            order |= {"orderType": "MARKET", "quantity": "0.00050"}
        self._call("command.trade_order.submit", {"tradeOrder": order}, due)

    def ping(self, due: float) -> None:
        """Send a call that does nothing."""
        self._number += 1
        self.due[self._number] = due
        self.client.send(rpc(self._number, "ping", {}))

    def _call(self, method: str, data: dict[str, Any], due: float) -> None:
        self._number += 1
        self.due[self._number] = due
        data["tradingAccountId"] = self.account
        self.client.send(rpc(self._number, method, data))

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        future = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = future
        self.client.send(json.dumps({"id": self._number, **command}).encode())
        answer: dict[str, Any] = json.loads(await future)
        if "error" in answer:
            raise RuntimeError(f"{command} was answered {answer}")
        return answer

    def _answered(self, number: int, reply: bytes, now: float) -> None:
        future = self._waiting.pop(number, None)
        if future is not None:
            future.set_result(reply)
            return
        self.latencies.append(now - self.due.pop(number))
        if b'"error":{' in reply[:60]:
            self.refused += 1
        self.freed()


async def flood(traders: list[Trader], send: Callable[[Trader, float], None], until: float) -> None:
    """Keep `IN_FLIGHT` calls under way until a moment, and wait for the last."""
    done = asyncio.get_running_loop().create_future()

    def freed(trader: Trader) -> None:
        now = time.perf_counter()
        if now < until:
            send(trader, now)
        elif not any(each.due for each in traders) and not done.done():
            done.set_result(None)

    for trader in traders:
        trader.freed = lambda trader=trader: freed(trader)  # type: ignore[misc]  # bound now
        for _ in range(IN_FLIGHT // len(traders)):
            send(trader, time.perf_counter())
    await done


async def paced(traders: list[Trader], send: Callable[[Trader, float], None], until: float) -> None:
    """Send by the clock until a moment, and wait for the last."""
    start, sent = time.perf_counter(), 0
    while (now := time.perf_counter()) < until:
        due = start + sent / PACE
        if now < due:
            await asyncio.sleep(min(due - now, 0.0005))
            continue
        send(traders[sent % len(traders)], due)
        sent += 1
    while any(trader.due for trader in traders):  # noqa: ASYNC110 - the load is over, nothing hurries
        await asyncio.sleep(0.001)


Load = Callable[[list[Trader], Callable[[Trader, float], None], float], Any]


async def measure(
    port: int, pid: int, tokens: list[str], load: Load, args: argparse.Namespace, *, pings: bool
) -> Figures:
    """Run one load on a server that is there already."""
    chance = random.Random(7)
    traders = [Trader(user, side, chance) for user, side in USERS]
    for trader, token in zip(traders, tokens, strict=True):
        await trader.open(port, token, subscribes=not args.deaf)
    send: Callable[[Trader, float], None] = Trader.ping if pings else Trader.order
    await load(traders, send, time.perf_counter() + 0.5)  # until everything is warm
    for trader in traders:
        trader.latencies.clear()
        trader.refused = 0
    cpu, start = cpu_seconds(pid), time.perf_counter()
    await load(traders, send, start + args.seconds)
    seconds, spent = time.perf_counter() - start, cpu_seconds(pid) - cpu
    for trader in traders:
        trader.client.close()
    latencies = sorted(each for trader in traders for each in trader.latencies)
    count = len(latencies)
    return Figures(
        rate=count / seconds,
        cpu_us=spent / count * 1e6,
        p50_ms=latencies[count // 2] * 1e3,
        p99_ms=latencies[count * 99 // 100] * 1e3,
        refused=sum(trader.refused for trader in traders) / count,
    )


def cpu_seconds(pid: int) -> float:
    """What a process has used of all cores so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def server(folder: Path, store: str, secret: str, core: int) -> Iterator[tuple[int, int]]:
    """A server with a store of its own; its port and process id."""
    port = free_port()
    kept = {"type": "memory"}
    if store != "memory":
        kept = {"type": "sqlite", "path": str(folder / f"{store}-{port}"), "sync": store}
    deposit = [{"asset": "USDT", "quantity": "900000000"}, {"asset": "BTC", "quantity": "900000"}]
    config = {
        "client": {"token": {"hmac_secret_key": secret}},
        "rpc": {"ping": {"enabled": True, "method": "ping"}},
        "market": {"feed": "none"},
        "trading": {"store": kept, "paper": {"deposit": deposit}},
        "log": {"level": "warn"},
    }
    path = folder / f"{port}.json"
    path.write_text(json.dumps(config))
    command = [sys.executable, "-m", "cadenza.cli", "serve", "--config", str(path)]
    with subprocess.Popen([*command, "--port", str(port)]) as process:
        try:
            pin(process.pid, core)
            await_port(process, port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(10)


def rounds(args: argparse.Namespace) -> Iterator[tuple[str, Figures]]:
    """Every load on every store, each on a fresh server."""
    usable = sorted(os.sched_getaffinity(0))
    pin(0, usable[-1])
    secret = secrets.token_hex(32)
    key = TokenConfig(hmac_secret_key=Secret(secret))
    now = time.time()
    tokens = [connection_token(key, user, now=now, ttl=3600) for user, _ in USERS]
    with tempfile.TemporaryDirectory() as folder:
        for store in STORES:
            with server(Path(folder), store, secret, usable[0]) as (port, pid):
                if store == "memory":
                    yield (
                        "empty rpc",
                        asyncio.run(measure(port, pid, tokens, flood, args, pings=True)),
                    )
                for name, load in (("64 in flight", flood), (f"{PACE}/s", paced)):
                    found = asyncio.run(measure(port, pid, tokens, load, args, pings=False))
                    yield f"{store}, {name}", found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load (4)")
    parser.add_argument("--deaf", action="store_true", help="do not listen to the accounts")
    args = parser.parse_args()
    empty, memory = 0.0, 0.0
    print(f"{'store, load':24}{'orders/s':>10}{'CPU us':>9}{'ratio':>7}{'p50 ms':>8}{'p99 ms':>8}")
    for name, found in rounds(args):
        if name == "empty rpc":
            empty = found.cpu_us
        note = ""
        if name.startswith("memory, 64"):
            memory = found.cpu_us
        elif "64" in name:
            note = f"   the journal: {1 - memory / found.cpu_us:.0%} of the CPU"
        print(
            f"{name:24}{found.rate:>10,.0f}{found.cpu_us:>9.1f}{found.cpu_us / empty:>7.1f}"
            f"{found.p50_ms:>8.2f}{found.p99_ms:>8.2f}{note}"
        )
    print("\nratio: CPU of the server for an order by that for an RPC call that does nothing")


if __name__ == "__main__":
    main()
