"""The crash test's world: one folder, one server after another on it, and the users' view of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from support.gateway.crash.choice import Chooser
from support.gateway.crash.ledger import AccountLedger, check_trades
from support.gateway.crash.load import WINDOW, Trader
from support.gateway.crash.money import MAKER_FEE, TAKER_FEE
from support.gateway.crash.turns import check_turns

USERS: Final = ("ann", "bob")
SWEEPER: Final = "eve"
DEPOSIT: Final = {"USDT": "500000000", "BTC": "5000"}
PRICES: Final = {"PAPER:BTC/USDT": "61800", "BINANCE:BTC/USDT": "61800"}
MOST_ANSWERS: Final = 300
"""Before a kill."""
KEY_REUSED: Final = 30003


def config_of(*, sync: str, is_simulated: bool) -> dict[str, Any]:
    """The server's configuration: small, and nothing in it but what is traded."""
    names = [*PRICES] if is_simulated else ["PAPER:BTC/USDT"]
    return {
        "client": {"queue_max_size": 1 << 26},
        "market": {
            "feed": "simulated" if is_simulated else "none",
            "simulated": {"instruments": names, "seed": 7, "rate": 40.0},
        },
        "trading": {
            "store": {"sync": sync},
            "paper": {
                "deposit": [{"asset": it, "quantity": text} for it, text in DEPOSIT.items()],
                "maker_fee": MAKER_FEE,
                "taker_fee": TAKER_FEE,
            },
        },
    }


class World:
    """One folder and what its users know.

    Args:
        start: Starts a server with a configuration and options.
        token: Makes tokens.
        folder: What survives the crashes.
        config: Of the servers.
        chance: The source of every decision.

    Attributes:
        counts: What has happened so far.
    """

    def __init__(
        self,
        start: Callable[..., Any],
        token: Callable[[str], str],
        folder: Path,
        config: dict[str, Any],
        chance: random.Random,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._start = start
        self._token = token
        self._folder = folder
        self._config = config
        self._chance = chance
        self._is_closed = config["market"]["feed"] == "none"
        self._ledgers: dict[str, AccountLedger] = {}
        self._server: Any = None

    async def life(self, *, is_last: bool = False) -> None:
        """One server: it must know everything; then it works until it is killed, or stopped."""
        began = time.monotonic()
        self._server = self._start(self._config, "--data", str(self._folder))
        self.counts["ms starting"] += round((time.monotonic() - began) * 1000)
        async with self._traders() as traders:
            began = time.monotonic()
            unanswered = await self._check(traders)
            if self._is_closed and self._chance.random() < 0.5:
                await self._sweep(traders)
            await self._retry(traders, unanswered)
            self.counts["ms checking"] += round((time.monotonic() - began) * 1000)
            if is_last:
                return
            await self._load_until_killed(traders)

    def stop(self) -> None:
        """End the last server in order."""
        self._server.stop()

    def die_early(self) -> None:
        """Start a server again and kill it at some moment of its start."""
        process = subprocess.Popen(
            self._server.command,
            env=self._server.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._chance.uniform(0.3, 0.9))
        process.kill()
        process.wait()
        self.counts["killed while starting"] += 1

    @contextlib.asynccontextmanager
    async def _traders(self) -> AsyncIterator[dict[str, Trader]]:
        traders: dict[str, Trader] = {}
        try:
            for user in (*USERS, SWEEPER):
                trader = await Trader.connect(self._server.ws, self._token(user))
                traders[user] = trader
                trader.ledger = self._ledgers.get(user) or await self._account(user, trader)
                names = PRICES if not self._is_closed else {"PAPER:BTC/USDT": "61800"}
                trader.chooser = Chooser(trader.ledger, names, self._chance)
            yield traders
        finally:
            await asyncio.gather(*(it.close() for it in traders.values()))
            for trader in traders.values():
                self.counts["answers"] += trader.answers
                self.counts.update({f"error {code}": n for code, n in trader.errors.items()})

    async def _account(self, user: str, trader: Trader) -> AccountLedger:
        """The account of a user who has had none; it is durable when it is shown."""
        (account,) = (await trader.query("query.trading_account.list"))["data"]
        deposit = {asset: Decimal(text) for asset, text in DEPOSIT.items()}
        ledger = AccountLedger(account["tradingAccountId"], deposit)
        self._ledgers[user] = ledger
        return ledger

    async def _check(self, traders: dict[str, Trader]) -> dict[str, list[str]]:
        """Hold all that the server says against what is known; the keys without an answer."""
        unanswered = {}
        for user, trader in traders.items():
            listed = await trader.query("query.trading_account.list")
            ids = [account["tradingAccountId"] for account in listed["data"]]
            ledger = self._ledgers[user]
            assert ids == [ledger.account_id], f"the accounts of {user} are {ids}"
            unanswered[user] = ledger.restored(await trader.told(ledger.account_id))
        check_trades(self._ledgers.values(), is_closed=self._is_closed)
        return unanswered

    async def _retry(self, traders: dict[str, Trader], unanswered: dict[str, list[str]]) -> None:
        """Ask again for everything without an answer, and for some that had one."""
        for user, trader in traders.items():
            chooser, asked = trader.chooser, self._ledgers[user].asked
            again = [*unanswered[user], *[key for key in asked if asked[key].order_id][-200:]]
            self.counts["unanswered"] += len(unanswered[user])
            self.counts["retried"] += len(again)
            await trader.do(map(chooser.submit, again))
            if again:
                await self._reuse(trader, asked[self._chance.choice(again)].order)

    async def _reuse(self, trader: Trader, order: dict[str, str]) -> None:
        """A key that is taken is refused for anything else."""
        error = await trader.refusal(
            "command.trade_order.submit",
            tradingAccountId=trader.ledger.account_id,
            tradeOrder={**order, "quantity": "0.12345"},
        )
        assert error["code"] == KEY_REUSED, error

    async def _sweep(self, traders: dict[str, Trader]) -> None:
        """Take a part of one side of the book: orders of one price go in the order they came."""
        side = self._chance.choice(("BUY", "SELL"))
        before = [dict(it.open) for it in self._ledgers.values()]
        eve = traders[SWEEPER]
        call = eve.chooser.order(
            instrumentId="PAPER:BTC/USDT",
            orderSide=side,
            orderType="MARKET",
            quantity=str(self._chance.choice(("0.05", "0.2", "0.8"))),
        )
        answer = await eve.call(call)
        if "error" in answer:  # the book has no such side now
            return
        for trader in traders.values():  # all events are there then
            account_id = trader.ledger.account_id
            await trader.query("query.portfolio.get", tradingAccountId=account_id)
        self.counts["turns"] += check_turns(
            [*self._ledgers.values()], before, answer["data"]["tradeOrderId"], side
        )

    async def _load_until_killed(self, traders: dict[str, Trader]) -> None:
        chance, enough = self._chance, asyncio.Event()
        wanted = chance.randint(1, chance.choice((5, 80, MOST_ANSWERS)))
        users = [traders[user] for user in USERS]
        goal = sum(it.answers for it in users) + wanted

        def answered() -> None:
            if sum(it.answers for it in users) >= goal:
                enough.set()

        for trader in users:
            trader.on_answer = answered
        windows = [chance.choice((1, 3, WINDOW)) for _ in users]
        load = [
            asyncio.create_task(trader.trade(window))
            for trader, window in zip(users, windows, strict=True)
        ]
        waits = asyncio.create_task(enough.wait())
        everything = [waits, *load, *(it.reading for it in users)]
        try:
            await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(chance.uniform(0, 0.004))
            self._server.kill()
            self.counts["killed"] += 1
            await asyncio.gather(*(it.reading for it in traders.values()))
        finally:
            for task in (waits, *load):
                task.cancel()
        for outcome in await asyncio.gather(*load, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        assert enough.is_set(), "the connections ended before the server was killed"
