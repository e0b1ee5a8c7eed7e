"""Trading as a whole: limits on both surfaces, slow readers, and a mirrored venue to its end."""

from __future__ import annotations

import asyncio
import gzip
import json
from decimal import Decimal

import httpx
import pytest

from support.gateway.account_copy import EXECUTION, AccountCopy
from support.gateway.account_world import Trader, a_gateway, check_ledger, quiet, signed

MIRRORED = "BINANCE:BTC/USDT"
RECORDING = "data/binance/spot_btcusdt_20240808.jsonl.gz"
STATE = {"state": True}


async def test_too_many_orders_are_refused_on_both_surfaces():
    """10008 and 429, with the time to wait; cancels are free, and other users not concerned."""
    async with a_gateway(trading={"order_rate_limit": 2}) as gateway:
        ann, bob = [await Trader.connected(gateway, user) for user in ("ann", "bob")]
        orders = [await ann.submit("BUY", "98.00", "1") for _ in range(2)]
        params = ann.order("BUY", "98.00", "1")
        error = (await ann.rpc("command.trade_order.submit", **params))["error"]
        assert (error["code"], error["temporary"]) == (10008, True)
        transport = httpx.ASGITransport(gateway.app)
        headers = {"authorization": f"Bearer {signed(sub='ann')}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway/api/v3", headers=headers
        ) as http:
            body = {"tradingAccountId": ann.account, **params["tradeOrder"]}
            answer = await http.post("/tradeOrder/submit", json=body)
            change = {"tradingAccountId": ann.account, "quantity": "0.5"}
            change["tradeOrderId"] = orders[0]["tradeOrderId"]
            amended = await http.post("/tradeOrder/amend", json=change)
        assert (answer.status_code, amended.status_code) == (429, 429)
        envelope = answer.json()
        assert (envelope["success"], envelope["errno"]) == (False, 10008)
        assert envelope["details"]["code"] == "TOO_MANY_REQUESTS"
        assert 0 < int(answer.headers["retry-after"]) <= 1
        assert len(await ann.open_orders()) == 2
        for order in orders:
            assert (await ann.act("cancel", order))["status"] == "CANCELLED"
        await bob.submit("BUY", "98.00", "1")


async def test_a_slow_reader_of_an_account_is_ended_and_recovers():
    """Nothing of an account is ever left out or replaced: 3008, and everything comes after it."""
    async with a_gateway(client={"queue_max_size": 20_000}) as gateway:
        ann, trader = await Trader.connected(gateway), await Trader.connected(gateway)
        first = await ann.subscribe(data=STATE)
        copy = AccountCopy().start(first)
        orders = [await trader.submit("BUY", "98.00", "1")]
        copy.apply_all(ann.pushed())
        ann.connection.pause_writing()
        while ann.ended is None:
            orders.append(await trader.submit("BUY", "98.00", "0.1"))
        assert ann.ended.code == 3008
        assert gateway.node.slow_readers.conflations == 0
        assert copy.offset == ann.pushed()[-1]["offset"]
        back = await Trader.connected(gateway)
        again = await back.subscribe(recover=True, offset=copy.offset, epoch=first["epoch"])
        assert again["recovered"]
        copy.apply_all(again["publications"])
        assert list(copy.orders) == [order["tradeOrderId"] for order in orders]
        assert copy.is_like(await back.open_orders(), await back.portfolio())


class Recorded:
    """What the recording says of trades.

    Attributes:
        trades: Price and quantity by the side that came, BUY or SELL.
    """

    def __init__(self, path):
        self.trades = {"BUY": [], "SELL": []}
        with gzip.open(path, "rt") as lines:
            for line in lines:
                data = json.loads(line.partition(" ")[2]).get("data", {})
                if data.get("e") == "trade":
                    side = "SELL" if data["m"] else "BUY"
                    self.trades[side].append((Decimal(data["p"]), Decimal(data["q"])))

    def could_fill(self, order, executions):
        """Whether the trades at the order's price or through it come to what it got."""
        limit, is_buy = Decimal(order["limitPrice"]), order["orderSide"] == "BUY"
        against = self.trades["SELL" if is_buy else "BUY"]
        reached = [
            quantity
            for price, quantity in against
            if (price <= limit if is_buy else price >= limit)
        ]
        return sum(Decimal(one["executedQuantity"]) for one in executions) <= sum(reached)


@pytest.fixture(scope="module")
def recording(shared):
    return shared / RECORDING


def replaying(path, folder):
    """The sections of a gateway that replays a recording as fast as it can."""
    return {
        "market": {"feed": "replay", "replay": {"path": str(path), "speed": "max"}},
        "trading": {"store": {"path": str(folder), "sync": "normal"}},
    }


async def listed(gateway):
    """The mirrored book, once it has something on both sides."""
    async with asyncio.timeout(20):
        while MIRRORED not in gateway.trading.venue.exchange.instruments:  # noqa: ASYNC110 - the feed has no event for it
            await asyncio.sleep(0)
        book = gateway.market.book(MIRRORED)
        while not (book.best_bid() and book.best_ask()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    return book


def price_of(ticks):
    return f"{ticks // 100}.{ticks % 100:02}"


async def trade_to_the_end(gateway, ann, book):
    """Take, and rest at the touch again and again, until the recording is over."""
    number = 0
    while not gateway.feed.statistics().finished:
        number += 1
        bid, ask = book.best_bid(), book.best_ask()
        if not bid or not ask:
            await asyncio.sleep(0)
            continue
        side, ticks = ("BUY", bid.ticks) if number % 2 else ("SELL", ask.ticks)
        if number % 7 == 0:
            ticks = ask.ticks if side == "BUY" else bid.ticks
        order = await ann.submit(side, price_of(ticks), "0.01", instrumentId=MIRRORED)
        for _ in range(20):
            await asyncio.sleep(0)
        if number % 3 == 0:
            await ann.rpc(
                "command.trade_order.cancel",
                tradingAccountId=ann.account,
                tradeOrderId=order["tradeOrderId"],
            )


async def test_an_account_trades_on_a_recorded_market(recording, tmp_path):
    """Takes what is displayed, waits for trades, and every event fits the recording."""
    async with a_gateway(**replaying(recording, tmp_path)) as gateway:
        ann = await Trader.connected(gateway)
        copy = AccountCopy().start(await ann.subscribe(data=STATE))
        book = await listed(gateway)
        displayed = price_of(book.best_ask().ticks)
        number = ann.send(
            "rpc",
            method="command.trade_order.submit",
            data=ann.order(
                "BUY", None, "0.001", orderType="MARKET", limitPrice=None, instrumentId=MIRRORED
            ),
        )
        taken = (await ann.reply(number))["rpc"]["data"]["data"]
        assert (taken["status"], taken["executedPrice"]) == ("FILLED", displayed)
        await trade_to_the_end(gateway, ann, book)
        await quiet(gateway)
        copy.apply_all(ann.pushed())
        assert copy.is_like(await ann.open_orders(), await ann.portfolio())
        check_ledger(gateway)
        check_fills(copy, Recorded(recording))


def check_fills(copy, recorded):
    """Prices are no better than the limit of who waited, and no more than traded there."""
    orders = {**copy.ended, **copy.orders}
    makers = [one for one in copy.executions.values() if one["isMaker"]]
    assert makers, "nothing that waited was filled: the recording was over too soon"
    for order in orders.values():
        name = order["tradeOrderId"]
        assert copy.executed(name) == Decimal(order["executedQuantity"])
        mine = [one for one in makers if one["tradeOrderId"] == name]
        assert {one["executedPrice"] for one in mine} <= {order.get("limitPrice")}
        if mine:
            assert recorded.could_fill(order, mine)
    times = [it["data"]["executedAt"] for it in copy.events if it["eventType"] == EXECUTION]
    assert times == sorted(times)


async def test_a_restart_keeps_what_was_traded_on_a_recorded_market(recording, tmp_path):
    """Balances, position and an open order; it waits until the instrument is there again."""
    async with a_gateway(**replaying(recording, tmp_path)) as gateway:
        ann = await Trader.connected(gateway)
        await listed(gateway)
        await ann.submit(
            "BUY", None, "0.01", orderType="MARKET", limitPrice=None, instrumentId=MIRRORED
        )
        far = await ann.submit("BUY", "50000.00", "0.01", instrumentId=MIRRORED)
        other = await ann.submit("BUY", "50001.00", "0.01", instrumentId=MIRRORED)
        before = AccountCopy().start(await ann.subscribe(data=STATE))
    async with a_gateway(trading=replaying(recording, tmp_path)["trading"]) as gateway:
        ann = await Trader.connected(gateway)
        assert await ann.open_orders() == [far, other]
        assert (await ann.act("cancel", other))["status"] == "CANCELLED"
        check_ledger(gateway)
    async with a_gateway(**replaying(recording, tmp_path)) as gateway:
        ann = await Trader.connected(gateway)
        book = await listed(gateway)
        after = AccountCopy().start(await ann.subscribe(data=STATE))
        assert after.orders == {far["tradeOrderId"]: far}
        assert after.positions == before.positions
        assert after.balances["BTC"] == before.balances["BTC"]
        change = {"limitPrice": price_of(book.best_ask().ticks + 100)}
        amended = await ann.act("amend", far, **change)
        assert amended["status"] == "FILLED"
        await quiet(gateway)
        after.apply_all(ann.pushed())
        assert after.is_like([], await ann.portfolio())
        check_ledger(gateway)
