"""Trading through centrifuge-js, with a line that breaks: every event once, and in order.

Orders go over RPC and REST alike; what the account channel said, whatever was missed included, must
come to what REST shows in the end, and the book that the client kept to the book of the server.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from support.clients.trading_person import BTC, Person
from support.gateway.account_copy import EXECUTION, ORDER, PORTFOLIO, AccountCopy

BOOK = f"market:orderBook:{BTC}"
STATE = {"$data": {"state": True}}
CONFIG = {
    "market": {
        "order_book": {"update_interval": "20ms", "history_size": 10_000},
        "simulated": {"seed": 3, "rate": 60, "instruments": [BTC]},
    }
}


@pytest.fixture
def feed():
    return "none"


@pytest.fixture
def trading():
    """The section of the configuration."""
    return {}


@pytest.fixture
def start(start_server, tmp_path, feed, trading):
    """Start a server; all of one test keep what is traded in the same folder."""
    config = {**CONFIG, "trading": trading}
    return lambda: start_server(config, "--feed", feed, "--data", str(tmp_path / "data"))


@pytest.fixture
def server(start):
    """A server of its own for each test."""
    running = start()
    yield running
    running.stop()


class JsTrader:
    """A user on centrifuge-js, who subscribes to the account and to the book.

    Attributes:
        person: The same user over REST.
        copy: The account as the events tell it.
        seen: Every publication of the account channel, in the order of arrival.
    """

    def __init__(self, server, client, person):
        self.server = server
        self.client = client
        self.person = person
        self.copy = AccountCopy()
        self.seen = []

    async def begin(self):
        """Look for the account over RPC and listen, the account's state first."""
        (account, *_) = await self.call("query.trading_account.list")
        assert account["tradingAccountId"] == self.person.account
        subscribed = await self.client.subscribe(self.person.channel, data=STATE)
        assert subscribed["recoverable"]
        self.start = subscribed["streamPosition"]["offset"]
        self.copy.start({"data": subscribed["data"], "offset": self.start})
        await self.client.subscribe(BOOK, book=True)

    async def call(self, method, **params):
        """The data of an RPC call that must work."""
        answer = await self.client.call("rpc", method, {"$data": params})
        assert "error" not in answer["data"], answer
        return answer["data"]["data"]

    async def submit(self, side, price, quantity, name):
        """Submit a limit order over RPC."""
        order = {
            "instrumentId": BTC,
            "orderSide": side,
            "orderType": "LIMIT",
            "limitPrice": price,
            "quantity": quantity,
            "clientOrderId": name,
        }
        return await self.call(
            "command.trade_order.submit", tradingAccountId=self.person.account, tradeOrder=order
        )

    async def act(self, what, order, **more):
        """Cancel or amend an order over RPC."""
        names = {"tradingAccountId": self.person.account, "tradeOrderId": order["tradeOrderId"]}
        return await self.call(f"command.trade_order.{what}", **names, **more)

    async def resumed(self):
        """The account is subscribed again, and nothing was lost."""
        again = await self.client.event("subscribed", self.person.channel)
        assert (again["wasRecovering"], again["recovered"]) == (True, True)

    async def caught_up(self):
        """Take in all that the channel has said, which is exactly what its history holds."""
        history = await self.server.api("history", channel=self.person.channel, limit=-1)
        wanted = [it for it in history["publications"] if it["offset"] > self.start]
        while len(self.seen) < len(wanted):
            self.seen.append(await self.client.event("publication", self.person.channel))
        assert [(it["offset"], it["data"]) for it in self.seen] == [
            (it["offset"], it["data"]) for it in wanted
        ]
        self.copy.apply_all(self.seen[len(self.copy.events) :])
        assert self.client.unseen("publication") == []

    async def check_book(self):
        """The book kept here is the server's, at a moment at which both are as far."""
        for _ in range(400):
            shown = await self.person.get("/market/orderBook/get", instrumentId=BTC, depth=1000)
            kept = await self.client.book(BOOK)
            assert kept["faults"] == []
            if kept["sequence"] == shown["sequence"]:
                break
            await asyncio.sleep(0.005)
        assert kept["sequence"] == shown["sequence"]
        for side in ("bids", "asks"):
            assert sorted(kept[side]) == sorted(shown[side])
        return shown


@pytest.fixture
async def bob(server, token):
    """Another user, who takes what ann offers."""
    async with Person(server, token("bob")) as person:
        yield person


@pytest.fixture
async def ann(server, js, proxy, token):
    """A trader behind a line that can be cut, and the same user over REST."""
    async with Person(server, token("ann")) as person:
        client = await js.connect(token=token("ann"), port=proxy.port)
        trader = JsTrader(server, client, person)
        await trader.begin()
        yield trader


FILLED_IN_PART = [EXECUTION, (ORDER, "PARTIALLY_FILLED"), PORTFOLIO]
ACCEPTED = [(ORDER, "ACCEPTED"), PORTFOLIO]
CANCELLED = [(ORDER, "CANCELLED"), PORTFOLIO]


def story(copy):
    """The events by type, and orders with their status."""
    return [
        (ORDER, event["data"]["status"]) if event["eventType"] == ORDER else event["eventType"]
        for event in copy.events
    ]


async def test_a_day_of_trading_with_a_line_that_breaks(ann, bob, proxy):
    """Submit, partial fill, amend, a cut with fills and a cancel meanwhile, recover, cancel."""
    one = await ann.submit("BUY", "100.00", "1", "one")
    await bob.submit("SELL", "100.00", "0.4")
    await ann.act("amend", one, quantity="0.8", limitPrice="100.50")
    two = await ann.submit("BUY", "99.00", "0.5", "two")
    await ann.caught_up()
    expected = [*ACCEPTED, *FILLED_IN_PART, (ORDER, "REPLACED"), PORTFOLIO, *ACCEPTED]
    assert story(ann.copy) == expected
    async with proxy.broken():
        await ann.client.event("subscribing", ann.person.channel, code=1)
        await bob.submit("SELL", "100.50", "0.1")
        await ann.person.post("/tradeOrder/cancel", tradeOrderId=two["tradeOrderId"])
        await bob.submit("SELL", "100.50", "0.3")
    await ann.resumed()
    three = await ann.submit("SELL", "101.00", "0.2", "three")
    await ann.act("cancel", three)
    await ann.caught_up()
    filled = [EXECUTION, (ORDER, "FILLED"), PORTFOLIO]
    expected += [*FILLED_IN_PART, *CANCELLED, *filled, *ACCEPTED, *CANCELLED]
    assert story(ann.copy) == expected
    assert [ann.copy.ended[it["tradeOrderId"]]["status"] for it in (one, two, three)] == [
        "FILLED", "CANCELLED", "CANCELLED",
    ]  # fmt: skip
    assert ann.copy.executed(one["tradeOrderId"]) == Decimal("0.8")
    await ann.person.check(ann.copy)
    book = await ann.check_book()
    assert book["bids"] == book["asks"] == []


async def test_an_order_that_is_sent_as_the_line_breaks_is_there_once(ann, bob, proxy):
    """Its answer is lost; the retry under the same name gets it, and its events come once."""
    await bob.submit("SELL", "100.00", "0.5")
    for name in ("a", "b", "c"):
        lost = asyncio.create_task(ann.submit("BUY", "100.00", "0.2", name))
        async with proxy.broken():
            await ann.client.event("subscribing", ann.person.channel, code=1)
            (answer,) = await asyncio.gather(lost, return_exceptions=True)
        await ann.resumed()
        order = await ann.submit("BUY", "100.00", "0.2", name)
        if not isinstance(answer, Exception):
            assert answer["tradeOrderId"] == order["tradeOrderId"]
    await ann.caught_up()
    orders = await ann.person.orders()
    assert [order["clientOrderId"] for order in orders] == ["a", "b", "c"]
    assert [order["status"] for order in orders] == ["FILLED", "FILLED", "PARTIALLY_FILLED"]
    await ann.person.check(ann.copy)
    book = await ann.check_book()
    assert book["bids"] == [["100.00", "0.10000"]]


@pytest.mark.parametrize("trading", [{"cancel_on_disconnect": True}])
async def test_what_a_cut_connection_left_open_is_cancelled(ann, bob, proxy):
    """Only what came over it; who comes back recovers the events of that, too."""
    kept = await ann.person.submit("BUY", "90.00", "1")
    gone = [await ann.submit("BUY", price, "0.5", price) for price in ("98.00", "99.00")]
    await bob.submit("SELL", "99.00", "0.2")
    async with proxy.broken():
        await ann.client.event("subscribing", ann.person.channel, code=1)
        while len(await ann.person.orders(orderStatus="CANCELLED")) < 2:  # noqa: ASYNC110 - it is another process that does it
            await asyncio.sleep(0.01)
    await ann.resumed()
    await ann.caught_up()
    assert {name: it["executedQuantity"] for name, it in ann.copy.ended.items()} == {
        gone[0]["tradeOrderId"]: "0.00000",
        gone[1]["tradeOrderId"]: "0.20000",
    }
    assert set(ann.copy.orders) == {kept["tradeOrderId"]}
    await ann.person.check(ann.copy)
    book = await ann.check_book()
    assert book["bids"] == [["90.00", "1.00000"]]


@pytest.mark.parametrize("feed", ["simulated"])
async def test_trading_in_a_lively_market(ann, proxy):
    """Simulated makers and takers on the other side, and the line is cut again and again."""
    for number in range(6):
        book = await ann.person.get("/market/orderBook/get", instrumentId=BTC, depth=3)
        price, quantity = book["asks"][0]
        more = str(Decimal(quantity) + Decimal("0.01"))
        low = str(Decimal(book["bids"][0][0]) - 100)  # crosses, wherever the market goes meanwhile
        await ann.submit("BUY", price, more, f"buy {number}")
        rest = await ann.submit("SELL", book["asks"][-1][0], "0.01", f"sell {number}")
        async with proxy.broken():
            await ann.client.event("subscribing", ann.person.channel, code=1)
            await ann.person.submit("SELL", low, "0.02", clientOrderId=f"s{number}")
            await ann.person.request(
                "POST",
                "/tradeOrder/cancel",
                body={"tradingAccountId": ann.person.account, "tradeOrderId": rest["tradeOrderId"]},
            )
        await ann.resumed()
        await ann.check_book()
    await ann.person.post("/tradeOrder/cancelAll")
    await ann.caught_up()
    assert len(ann.copy.executions) >= 6
    assert ann.copy.orders == {}
    await ann.person.check(ann.copy)


async def test_after_a_restart_the_state_makes_up_for_it(ann, bob, start, js, token):
    """Killed and started again on the same data: not recovered, and nothing is missing."""
    one = await ann.submit("BUY", "100.00", "1", "one")
    await bob.submit("SELL", "100.00", "0.4")
    await ann.caught_up()
    await ann.client.call("disconnect")
    ann.server.kill()
    again = start()
    client = await js.connect("two", token=token("ann"), port=again.port)
    since = {"offset": ann.copy.offset, "epoch": "of the run before"}
    subscribed = await client.subscribe(ann.person.channel, data=STATE, since=since)
    assert (subscribed["wasRecovering"], subscribed["recovered"]) == (True, False)
    offset = subscribed["streamPosition"]["offset"]
    later = AccountCopy().start({"data": subscribed["data"], "offset": offset})
    assert later.orders == ann.copy.orders
    assert set(later.orders) == {one["tradeOrderId"]}
    assert (later.balances, later.positions) == (ann.copy.balances, ann.copy.positions)
    async with Person(again, token("ann")) as person:
        await person.post("/tradeOrder/cancel", tradeOrderId=one["tradeOrderId"])
    later.apply_all([await client.event("publication", ann.person.channel) for _ in range(2)])
    assert later.ended[one["tradeOrderId"]]["status"] == "CANCELLED"
    again.stop()
