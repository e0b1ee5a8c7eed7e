"""Quotes: asked for, taken once, at exactly their price."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.models import OrderSide, Quote
from cadenza.trading.exchange.dealer import DEALER_ID, MOST_OF_ONE
from support.gateway.payload_check import check
from support.gateway.trading_world import BTC, BUY, ETH, NOBODYS, SELL, Desk
from support.trading.venue_world import RULES, World

RFQ = "command.quote.rfq"
SUBMIT = "command.trade_order.submit"


def with_spread(ppm):
    return msgspec.structs.replace(RULES, quote_spread_ppm=ppm)


@pytest.fixture
async def desk():
    desk = await Desk.open(rules=with_spread(1000))
    for price, lots in ((10_000, 10_000), (10_100, 10_000)):
        desk.world.outside(SELL, price, lots)
    for price, lots in ((9_900, 10_000), (9_800, 10_000)):
        desk.world.outside(BUY, price, lots)
    desk.world.account()
    await desk.world.venue.journal.drain()
    return desk


def asked(**more):
    request = {"dealerAccountId": DEALER_ID, "orderSide": "BUY", "instrumentId": BTC}
    return {**request, "quantity": "1.5", **more}


async def take(desk, quote, user="ann", **more):
    order = {
        "orderType": "QUOTED",
        "quoteId": quote["quoteId"],
        "orderSide": quote["orderSide"],
        "quantity": quote["quantity"],
        **more,
    }
    account = desk.world.account(user).account_id
    return await desk.rpc(SUBMIT, user, tradingAccountId=account, tradeOrder=order)


@pytest.mark.parametrize(
    ("more", "quantity", "price"),
    [
        ({}, "1.5000", "100.44"),  # (100 + 0.5 * 101) / 1.5 = 100.333..., and a thousandth, up
        ({"orderSide": "SELL"}, "1.5000", "98.56"),  # 98.666... less a thousandth, down
        ({"quantity": "1"}, "1.0000", "100.10"),
        ({"instrumentId": None, "baseAsset": "BTC", "quoteAsset": "USDT"}, "1.5000", "100.44"),
        ({"quantity": None, "quoteQuantity": "100.10"}, "1.0000", "100.10"),
        ({"quantity": None, "quoteQuantity": "98.91", "orderSide": "SELL"}, "1.0000", "98.90"),
    ],
)
async def test_the_price_is_what_the_book_would_cost_and_a_spread(desk, more, quantity, price):
    """The average over as many levels as it takes, to the tick that is the dealer's."""
    params = {name: value for name, value in asked(**more).items() if value is not None}
    quote = check(await desk.ask(RFQ, **params), Quote)
    assert (quote.quantity, quote.price, quote.status) == (quantity, price, "CREATED")
    assert Decimal(quote.quote_quantity) == Decimal(quantity) * Decimal(price)
    assert quote.expire_at - quote.created_at == 10_000
    assert quote.expire_at_date_time.endswith("Z")


async def test_a_quote_is_taken_at_its_price_whatever_the_book_does(desk):
    """The book, its trades and its last price know nothing of it; the ledger knows everything."""
    quote = await desk.ask(RFQ, **asked())
    book = [level for _, level in desk.world.market.book(BTC).asks.top(5)]
    order = (await take(desk, quote, clientOrderId="q"))["data"]
    assert (order["status"], order["orderType"], order["timeInForce"]) == (
        "FILLED",
        "QUOTED",
        "FOK",
    )
    assert (order["executedPrice"], order["executedQuantity"]) == ("100.44", "1.5000")
    assert order["quoteId"] == quote["quoteId"]
    assert [level for _, level in desk.world.market.book(BTC).asks.top(5)] == book
    assert len(desk.world.market.recent_trades(BTC)) == 0
    assert desk.world.free("BTC") == "11.5000000000"
    assert desk.world.free("USDT") == "99849.1893400000", "a taker's fee on top"
    (execution,) = await desk.ask("query.trade_execution.list")
    assert execution["externalTradeId"].isdigit()
    desk.world.check()
    again = (await take(desk, quote, clientOrderId="q"))["data"]
    assert again["tradeOrderId"] == order["tradeOrderId"], "a retry, not a second order"
    error = (await take(desk, quote))["error"]
    assert error["code"] == 60003
    assert order["tradeOrderId"] in error["message"]
    assert desk.world.free("BTC") == "11.5000000000"


async def test_a_quote_survives_in_the_store_as_an_order(desk):
    """After a restart order, money and position are there, and the last price is the market's."""
    desk.world.limit(BUY, "100.00", "0.1")
    quote = await desk.ask(RFQ, **asked(quantity="1", orderSide="SELL"))
    order = (await take(desk, quote))["data"]
    await desk.world.venue.journal.drain()
    again = await World(desk.world.store, clock=desk.world.clock, ids=desk.world.ids).open()
    kept = again.store.order(order["tradeOrderId"])
    assert (kept.status, kept.quote_id) == ("FILLED", quote["quoteId"])
    assert again.free("BTC") == "9.1000000000"
    assert again.venue.marks[BTC] == 10_000
    again.heard = desk.world.heard
    again.check()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"quantity": "1.4"}, "quantity"),
        ({"orderSide": "SELL"}, "orderSide"),
        ({"instrumentId": ETH}, "instrumentId"),
        ({"limitPrice": "99.00"}, "limitPrice"),
        ({"quantity": "1.5", "quantityType": "QUOTE"}, "quantity"),
        ({"quantity": "1.5", "quantityType": "POSITION_RATIO"}, "quantity"),
    ],
)
async def test_an_order_must_be_what_was_quoted(desk, more, field):
    """The error says which field is not; the quote is still good."""
    quote = await desk.ask(RFQ, **asked())
    error = (await take(desk, quote, **more))["error"]
    assert error["code"] == 60004
    assert error["message"].startswith(field)
    written = {"quantity": quote["quoteQuantity"], "quantityType": "QUOTE", "limitPrice": "100.44"}
    assert (await take(desk, quote, **written))["data"]["status"] == "FILLED"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"stopPrice": "1.00"}, 30012),
        ({"timeInForce": "GTC"}, 30008),
        ({"takeProfitPrice": "1.00"}, 30022),
        ({"orderType": "LIMIT", "limitPrice": "100.44"}, 30022),
        ({"quoteId": NOBODYS}, 60001),
    ],
)
async def test_a_quoted_order_is_nothing_else(desk, more, code):
    """No stops, no exits, no lasting; and nothing has changed."""
    quote = await desk.ask(RFQ, **asked())
    before = desk.world.venue.ledger.state()
    assert (await take(desk, quote, **more))["error"]["code"] == code
    assert desk.world.venue.ledger.state() == before
    assert not desk.world.exchange.clearing.live


async def test_a_quote_ends(desk):
    """At the millisecond it says; and it is another's to whoever else has its id."""
    quote = await desk.ask(RFQ, **asked(ttl=1))
    error = (await take(desk, quote, "bob"))["error"]
    unknown = (await take(desk, {**quote, "quoteId": NOBODYS}, "bob"))["error"]
    assert error["message"].replace(quote["quoteId"], "") == unknown["message"].replace(NOBODYS, "")
    desk.world.clock.millis += 1000
    assert (await take(desk, quote))["error"]["code"] == 60002


async def test_a_quote_is_for_one_account_if_it_names_one(desk):
    """Another account of the same owner does not have it."""
    quote = await desk.ask(RFQ, **asked(traderAccountId=desk.account, quoteRequestId="r"))
    assert (quote["traderAccountId"], quote["quoteRequestId"]) == (desk.account, "r")
    other = await desk.ask("command.trading_account.create", tradingAccount={})
    order = {
        "orderType": "QUOTED",
        "quoteId": quote["quoteId"],
        "orderSide": "BUY",
        "quantity": "1.5",
    }
    code, _ = await desk.refused(
        SUBMIT, tradingAccountId=other["tradingAccountId"], tradeOrder=order
    )
    assert code == 60001
    assert "data" in await take(desk, quote)


async def test_who_cannot_pay_does_not_take(desk):
    """The quote stays good."""
    desk.world.outside(SELL, 10_200, 20_000_000)
    quote = await desk.ask(RFQ, **asked(quantity="1500"))
    assert (await take(desk, quote))["error"]["code"] == 40005
    params = {"tradingAccountId": desk.account, "asset": "USDT", "quantity": "1000000"}
    await desk.ask("command.trading_account.fund", **params)
    assert (await take(desk, quote))["data"]["status"] == "FILLED"
    desk.world.check()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"dealerAccountId": NOBODYS}, 10003, DEALER_ID),
        ({"traderAccountId": NOBODYS}, 40001, NOBODYS),
        ({"quantity": "3"}, 60005, "2.0000"),
        ({"instrumentId": ETH, "quantity": "1"}, 60005, ETH),
        ({"quantity": None, "quoteQuantity": "5000"}, 60005, "2.0000"),
        ({"quoteQuantity": "1"}, 30009, "quoteQuantity"),
        ({"quantity": None}, 30009, "quoteQuantity"),
        ({"quantity": "0.00001"}, 30106, "0.0001"),
        ({"quantity": None, "quoteQuantity": "0.001"}, 30107, "quoteQuantity"),
        ({"instrumentId": None}, 30022, "instrumentId"),
        ({"instrumentId": "X:Y/Z"}, 20001, "X:Y/Z"),
        ({"instrumentId": "X" * 200}, 20002, "instrumentId"),
        ({"baseAsset": "ETH"}, 30022, "baseAsset"),
        ({"orderSide": "UNKNOWN"}, 30006, "orderSide"),
        ({"ttl": 301}, 10003, "ttl"),
        ({"expireAt": "2023-11-14T22:20:00Z"}, 10003, "expireAt"),
        ({"expireAt": "2023-11-14T22:18:00Z", "ttl": 5}, 10004, "exclude"),
        ({"expireAt": "soon"}, 10003, "expireAt"),
        ({"quoteRequestId": "x" * 200}, 10003, "quoteRequestId"),
    ],
)
async def test_what_nobody_quotes(desk, more, code, words):
    """The error says why, and what would do."""
    params = {name: value for name, value in asked(**more).items() if value is not None}
    found, message = await desk.refused(RFQ, **params)
    assert (found, words in message) == (code, True), message
    assert len(desk.world.exchange.dealer) == 0


async def test_a_quote_until_a_time(desk):
    """Instead of a number of seconds; over REST."""
    answer = await desk.rest("POST", "quote/rfq", asked(expireAt="2023-11-14T22:15:00Z"))
    assert answer["data"]["expireAtDateTime"] == "2023-11-14T22:15:00.000Z"


async def test_quotes_are_bounded(desk):
    """The oldest of a user gives way; others keep theirs."""
    kept = await desk.ask(RFQ, "bob", **asked())
    first = await desk.ask(RFQ, **asked())
    for _ in range(MOST_OF_ONE):
        await desk.ask(RFQ, **asked())
    assert len(desk.world.exchange.dealer) == MOST_OF_ONE + 1
    assert (await take(desk, first))["error"]["code"] == 60001
    assert "data" in await take(desk, kept, "bob")


@settings(max_examples=40)
@given(
    levels=st.lists(st.tuples(st.integers(1, 500), st.integers(1, 50)), min_size=1, max_size=5),
    is_buy=st.booleans(),
    amount=st.integers(1, 20_000),
    spread=st.sampled_from([0, 1, 500, 100_000]),
)
def test_no_quote_is_better_than_the_book(levels, is_buy, amount, spread):
    """A budget is never exceeded, and the price never beats the displayed average."""
    import asyncio  # noqa: PLC0415 - hypothesis runs examples without a loop

    asyncio.run(_check_quote(levels, is_buy, amount, spread))


async def _check_quote(levels, is_buy, amount, spread):
    desk = await Desk.open(rules=with_spread(spread))
    desk.world.account()
    for offset, lots in levels:
        price = 10_000 + offset if is_buy else 10_000 - offset
        desk.world.outside(SELL if is_buy else BUY, price, lots)
    await desk.world.venue.journal.drain()
    side = OrderSide.BUY if is_buy else OrderSide.SELL
    budget = Decimal(amount) / 100
    params = {"dealerAccountId": DEALER_ID, "orderSide": side, "instrumentId": BTC}
    envelope = await desk.rpc(RFQ, **params, quoteQuantity=str(budget))
    if "error" in envelope:
        assert envelope["error"]["code"] in {60005, 30107}
        return
    quote = envelope["data"]
    assert Decimal(quote["quoteQuantity"]) <= budget
    left, cost = Decimal(quote["quantity"]) * 10_000, Decimal(0)
    book = desk.world.market.book(BTC)
    for level in (book.asks if is_buy else book.bids).levels():
        taken = min(left, level.lots)
        cost += taken * level.ticks
        left -= taken
    assert left == 0
    average = cost / (Decimal(quote["quantity"]) * 10_000) / 100
    price = Decimal(quote["price"])
    assert price >= average if is_buy else price <= max(average, Decimal("0.01"))
