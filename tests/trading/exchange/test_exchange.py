"""The exchange: orders from request to end, with their money, their list and their restart."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from cadenza.models import (
    ContingencyType,
    OperationType,
    OrderStatus,
    OrderType,
    QuantityType,
    TimeInForce,
    Venue,
)
from cadenza.trading.accounts.errors import AccountInactiveError
from cadenza.trading.errors import (
    HaltedError,
    InsufficientBalanceError,
    KeyReusedError,
    NotTradableError,
    OpenOrderLimitError,
    OrderNotFoundError,
    OrderRefusedError,
    OrderTermsError,
    RateLimitError,
    VenueMismatchError,
)
from cadenza.trading.ledger.errors import OpenReservationsError
from cadenza.trading.orders.filters import FilterError
from cadenza.trading.orders.request import AmendRequest, Exit, OrderRef
from cadenza.trading.store.memory import MemoryStore
from support.trading.venue_world import BTC, BUY, ETH, RULES, SELL, World, listing_of


@pytest.fixture
async def world():
    return await World().open()


async def test_a_limit_order_locks_what_it_may_cost_and_frees_it_when_cancelled(world):
    """With the worst fee, to the last minor unit."""
    order = world.limit(BUY, "100.00", "2")
    assert order.status is OrderStatus.ACCEPTED
    assert world.locked("USDT") == "200.2000000000"
    assert world.free("USDT") == "99799.8000000000"
    world.check()
    world.exchange.cancel(world.account(), OrderRef(order_id=order.order_id))
    assert order.status is OrderStatus.CANCELLED
    assert order.cancel_reason == "BY_OWNER"
    assert world.free("USDT") == "100000.0000000000"
    world.check()


async def test_a_fill_moves_goods_money_and_fees(world):
    """The maker pays the maker's rate, the taker the taker's; the positions say what it earned."""
    bob = world.account("bob")
    sell = world.limit(SELL, "100.00", "1", bob)
    buy = world.limit(BUY, "101.00", "1")
    assert (sell.status, buy.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert world.free("BTC") == "11.0000000000"
    assert world.free("USDT") == "99899.9000000000", "100 and a thousandth"
    assert world.free("USDT", bob) == "100099.9800000000"
    assert world.locked("USDT") == "0.0000000000"
    makers = [e.is_maker for e in world.heard.executions]
    assert sorted(makers) == [False, True]
    assert world.venue.positions.get(world.account().account_id, BTC).lots == 10_000
    world.check()


async def test_the_market_shows_users_orders_and_trades_once_they_are_durable(world):
    """Not before: what is not written has not happened."""
    world.outside(SELL, 10_000, 5_000)
    await world.venue.journal.drain()
    before = len(world.market.recent_trades(BTC))
    world.limit(BUY, "100.00", "0.2")
    assert len(world.market.recent_trades(BTC)) == before
    await world.venue.journal.drain()
    trade = world.market.recent_trades(BTC)[-1]
    assert (trade.price, trade.quantity, trade.side) == ("100.00", "0.2000", BUY)
    assert [row for _, row in world.market.book(BTC).asks.top(5)] == [("100.00", "0.3000")]


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        ({"quantity": "1"}, OrderTermsError, "limitPrice is needed for LIMIT"),
        ({"quantity": "1", "limit_price": "1.005"}, FilterError, "nearest valid value is 1.0"),
        ({"quantity": "0.00005", "limit_price": "1"}, FilterError, "LOT_SIZE"),
        ({"quantity": "-1", "limit_price": "1"}, FilterError, "positive"),
        ({"quantity": "NaN", "limit_price": "1"}, FilterError, "decimal"),
        ({"quantity": "1", "limit_price": "1", "stop_price": "2"}, OrderTermsError, "stopPrice"),
        ({"quantity": "1", "type": OrderType.MARKET, "limit_price": "1"}, OrderTermsError, "limit"),
        ({"quantity": "1", "limit_price": "1", "expire_at": 5}, OrderTermsError, "GTD only"),
        (
            {"quantity": "1", "limit_price": "1", "time_in_force": TimeInForce.GTD},
            OrderTermsError,
            "expireAt is needed",
        ),
        ({"quantity": "2000", "limit_price": "100"}, InsufficientBalanceError, "200200.0"),
        (
            {"quantity": "11", "limit_price": "100", "side": SELL},
            InsufficientBalanceError,
            "insufficient BTC",
        ),
        (
            {"quantity": "1", "limit_price": "1", "quantity_type": QuantityType.POSITION_RATIO},
            OrderTermsError,
            "BASE or QUOTE",
        ),
        (
            {"quantity": "1", "limit_price": "1", "contingency": ContingencyType.OCO},
            OrderTermsError,
            "contingencyType",
        ),
    ],
)
async def test_what_cannot_be_taken_changes_nothing(world, request_, error, words):
    """And says what is wrong."""
    world.account()
    await world.venue.journal.drain()
    before = world.venue.ledger.state()
    with pytest.raises(error, match=words):
        world.submit(**request_)
    assert world.venue.ledger.state() == before
    assert not world.venue.journal.batch
    world.check()


async def test_a_market_buy_is_bounded_by_its_protection_and_by_the_money(world):
    """It never pays more than the account has, and takes nothing beyond five per cent."""
    for price in (10_000, 10_400, 10_600):
        world.outside(SELL, price, 1_000)
    order = world.submit(type=OrderType.MARKET, quantity="0.3")
    assert (order.status, order.executed) == (OrderStatus.CANCELLED, 2_000)
    assert order.cancel_reason == "NO_LIQUIDITY"
    assert world.locked("USDT") == "0.0000000000"
    free = world.free("USDT")
    with pytest.raises(InsufficientBalanceError):
        world.submit(type=OrderType.MARKET, quantity="2000")
    world.outside(SELL, 10_600, 10_000_000)
    world.outside(SELL, 11_000, 10_000_000)
    order = world.submit(type=OrderType.MARKET, quantity="940")
    assert order.executed == 9_400_000, "all of it, as the touch is as far as the money goes"
    assert 0 < float(world.free("USDT")) < float(free)
    world.check()


async def test_a_market_buy_in_quote_spends_its_budget(world):
    """Down to what buys no lot any more; the rest is free again."""
    world.outside(SELL, 10_000, 100_000)
    order = world.submit(
        type=OrderType.MARKET, quantity="250.007", quantity_type=QuantityType.QUOTE
    )
    assert (order.status, order.executed, order.lots) == (OrderStatus.FILLED, 25_000, 25_000)
    assert world.locked("USDT") == "0.0000000000"
    assert world.free("USDT") == "99749.7500000000"
    world.check()


async def test_a_market_sell_in_quote_receives_no_more_than_it_says(world):
    """It becomes lots at the best bid."""
    world.outside(BUY, 10_000, 100_000)
    order = world.submit(
        side=SELL, type=OrderType.MARKET, quantity="250", quantity_type=QuantityType.QUOTE
    )
    assert (order.status, order.executed) == (OrderStatus.FILLED, 25_000)
    world.check()


async def test_a_retry_gets_the_first_result(world):
    """With the same key; other terms under it are refused, others have keys of their own."""
    first = world.limit(BUY, "1.00", "1", client_order_id="mine")
    again = world.limit(BUY, "1.00", "1", client_order_id="mine")
    assert again is first
    with pytest.raises(KeyReusedError, match=first.order_id):
        world.limit(BUY, "1.01", "1", client_order_id="mine")
    other = world.limit(BUY, "1.01", "1", world.account("bob"), client_order_id="mine")
    assert other.order_id != first.order_id
    found = world.exchange.find(world.account(), OrderRef(client_order_id="mine"))
    assert found is first
    world.check()


async def test_orders_of_others_do_not_exist(world):
    """Neither to look at nor to cancel or amend."""
    order = world.limit(BUY, "1.00", "1")
    bob, ref = world.account("bob"), OrderRef(order_id=order.order_id)
    with pytest.raises(OrderNotFoundError):
        world.exchange.find(bob, ref)
    with pytest.raises(OrderNotFoundError):
        world.exchange.cancel(bob, ref)
    with pytest.raises(OrderNotFoundError):
        world.exchange.amend(bob, ref, AmendRequest(quantity="0.5"))
    assert order.status is OrderStatus.ACCEPTED


async def test_an_amendment_locks_what_it_needs(world):
    """More or less; what the account cannot pay for is refused and changes nothing."""
    order = world.limit(BUY, "100.00", "1")
    ref = OrderRef(order_id=order.order_id)
    world.exchange.amend(world.account(), ref, AmendRequest(quantity="0.5"))
    assert (order.status, order.lots) == (OrderStatus.REPLACED, 5_000)
    assert world.locked("USDT") == "50.0500000000"
    world.exchange.amend(world.account(), ref, AmendRequest(limit_price="200", quantity="2"))
    assert world.locked("USDT") == "400.4000000000"
    with pytest.raises(InsufficientBalanceError):
        world.exchange.amend(world.account(), ref, AmendRequest(quantity="1000"))
    with pytest.raises(OrderTermsError, match="stopPrice"):
        world.exchange.amend(world.account(), ref, AmendRequest(stop_price="1"))
    with pytest.raises(OrderTermsError, match="must be given"):
        world.exchange.amend(world.account(), ref, AmendRequest())
    assert world.locked("USDT") == "400.4000000000"
    world.outside(SELL, 20_000, 10_000)
    assert (order.status, order.executed) == (OrderStatus.PARTIALLY_FILLED, 10_000)
    with pytest.raises(OrderRefusedError, match="BELOW_EXECUTED"):
        world.exchange.amend(world.account(), ref, AmendRequest(quantity="1"))
    world.check()


async def test_ended_orders_cannot_be_changed(world):
    """And the refusal says how they ended."""
    order = world.limit(BUY, "1.00", "1")
    ref = OrderRef(order_id=order.order_id)
    world.exchange.cancel(world.account(), ref)
    with pytest.raises(OrderRefusedError, match="CANCELLED already"):
        world.exchange.cancel(world.account(), ref)
    with pytest.raises(OrderRefusedError, match="CANCELLED already"):
        world.exchange.amend(world.account(), ref, AmendRequest(quantity="2"))


async def test_cancel_all_takes_one_accounts_orders(world):
    """Of one instrument or side, if asked so."""
    for price in ("1.00", "2.00"):
        world.limit(BUY, price, "1")
        world.limit(BUY, price, "1", instrument_id=ETH)
    world.limit(SELL, "500.00", "1")
    kept = world.limit(BUY, "3.00", "1", world.account("bob"))
    ann = world.account()
    assert len(world.exchange.cancel_all(ann, instrument_id=ETH)) == 2
    assert len(world.exchange.cancel_all(ann, side=SELL)) == 1
    assert len(world.exchange.cancel_all(ann)) == 2
    assert kept.status is OrderStatus.ACCEPTED
    assert world.locked("USDT") == "0.0000000000"
    world.check()


async def test_an_entry_earmarks_what_it_buys_for_its_exits(world):
    """OTOCO: bought goods are locked for the exits, which share them; one fills, the other ends."""
    entry, profit, loss = world.submit_all(
        limit_price="100.00",
        quantity="2",
        take_profit=Exit(trigger="120.00", limit="120.00"),
        stop_loss=Exit(trigger="90.00"),
    )
    assert entry.contingency is ContingencyType.OTOCO
    world.outside(SELL, 10_000, 5_000)
    assert world.locked("BTC") == "0.5000000000"
    world.check()
    world.outside(SELL, 10_000, 15_000)
    assert entry.status is OrderStatus.FILLED
    assert world.locked("BTC") == "2.0000000000"
    world.outside(BUY, 12_100, 20_001)
    world.outside(SELL, 12_100, 1)
    assert (profit.status, loss.status) == (OrderStatus.FILLED, OrderStatus.CANCELLED)
    assert loss.cancel_reason == "ORDER_LIST"
    assert world.locked("BTC") == "0.0000000000"
    world.check()


async def test_a_cancelled_entry_frees_what_it_had_earmarked(world):
    """Its exits end with it."""
    entry, loss = world.submit_all(
        limit_price="100.00", quantity="2", stop_loss=Exit(trigger="90.00")
    )
    world.outside(SELL, 10_000, 5_000)
    world.exchange.cancel(world.account(), OrderRef(order_id=entry.order_id))
    assert (entry.status, loss.status) == (OrderStatus.CANCELLED, OrderStatus.CANCELLED)
    assert world.locked("BTC") == "0.0000000000"
    assert world.free("BTC") == "10.5000000000"
    world.check()


async def test_orders_of_an_oco_share_one_reservation(world):
    """The larger need of the two."""
    first, second = world.submit_all(
        limit_price="100.00",
        quantity="1",
        contingency=ContingencyType.OCO,
        stop_loss=Exit(trigger="120.00", limit="130.00"),
    )
    assert world.locked("USDT") == "130.1300000000"
    world.check()
    world.outside(SELL, 10_000, 4_000)
    assert second.status is OrderStatus.CANCELLED
    assert world.locked("USDT") == "60.0600000000"
    assert first.status is OrderStatus.PARTIALLY_FILLED
    world.check()


async def test_time_ends_orders(world):
    """GTD at its moment, without another command."""
    until = world.clock.millis + 1000
    order = world.limit(BUY, "1.00", "1", time_in_force=TimeInForce.GTD, expire_at=until)
    world.clock.millis += 999
    world.exchange.tick()
    assert order.status is OrderStatus.ACCEPTED
    world.clock.millis += 1
    world.exchange.tick()
    assert order.status is OrderStatus.EXPIRED
    assert world.locked("USDT") == "0.0000000000"
    with pytest.raises(OrderTermsError, match="in the past"):
        world.limit(BUY, "1.00", "1", time_in_force=TimeInForce.GTD, expire_at=until)


async def test_a_user_can_send_only_so_many_orders():
    """Others are not concerned, cancels are free, and time gives it back."""
    world = await World(rules=msgspec.structs.replace(RULES, order_rate=2)).open()
    orders = [world.limit(BUY, "1.00", "1") for _ in range(2)]
    with pytest.raises(RateLimitError, match="in 500 ms"):
        world.limit(BUY, "1.00", "1")
    world.limit(BUY, "1.00", "1", world.account("bob"))
    world.exchange.cancel(world.account(), OrderRef(order_id=orders[0].order_id))
    world.clock.millis += 500
    world.limit(BUY, "1.00", "1")


async def test_an_account_has_only_so_many_open_orders():
    """Another account is not concerned, and an order that ends makes room."""
    world = await World(rules=msgspec.structs.replace(RULES, open_order_limit=2)).open()
    first, _ = [world.limit(BUY, "1.00", "1") for _ in range(2)]
    with pytest.raises(OpenOrderLimitError, match="has 2 open orders"):
        world.limit(BUY, "1.00", "1")
    world.limit(BUY, "1.00", "1", world.account("bob"))
    world.exchange.cancel(world.account(), OrderRef(order_id=first.order_id))
    world.limit(BUY, "1.00", "1")
    world.check()


async def test_accounts_are_funded_reset_cloned_and_switched(world):
    """Every step with its money, and a switched off account takes no orders."""
    ann, accounts = world.account(), world.venue.accounts
    world.outside(SELL, 10_000, 10_000)
    order = world.limit(BUY, "100.00", "2")
    with pytest.raises(OpenReservationsError):
        accounts.reset("ann", ann.account_id)
    world.exchange.cancel(ann, OrderRef(order_id=order.order_id))
    twin = accounts.clone("ann", ann.account_id, "twin")
    assert world.free("BTC", twin) == "11.0000000000"
    accounts.fund("ann", twin.account_id, "BTC", 10**10)
    assert world.free("BTC", twin) == "12.0000000000"
    accounts.reset("ann", ann.account_id)
    assert world.free("BTC") == "10.0000000000"
    assert world.venue.positions.of_account(ann.account_id) == ()
    off = accounts.switch("ann", ann.account_id, OperationType.DISABLE)
    with pytest.raises(AccountInactiveError):
        world.limit(BUY, "1.00", "1", off)
    await world.venue.journal.drain()
    done = await world.store.operations(ann.account_id)
    assert [it.operation for it in done] == [OperationType.DISABLE]
    world.check()


async def test_a_venue_comes_back_as_it_was(world):
    """Accounts, money, orders with their places, positions, keys; then it goes on alike."""
    bob = world.account("bob")
    first = world.limit(BUY, "100.00", "1", client_order_id="first")
    second = world.limit(BUY, "100.00", "1", bob)
    ended = world.limit(BUY, "90.00", "1", client_order_id="ended")
    world.exchange.cancel(world.account(), OrderRef(order_id=ended.order_id))
    world.submit_all(limit_price="80.00", quantity="2", stop_loss=Exit(trigger="70.00"))
    world.outside(SELL, 10_000, 4_000)
    world.outside(SELL, 8_000, 1)
    await world.venue.journal.drain()
    before = world.venue.ledger.state()
    await world.venue.close()
    again = World(world.store, clock=world.clock, ids=world.ids)
    again.heard.executions = list(world.heard.executions)
    await again.open()
    assert again.venue.ledger.state() == before
    again.check()
    live = again.exchange.clearing.live
    assert live[first.order_id].state.executed == 4_001
    retried = again.limit(BUY, "100.00", "1", client_order_id="first")
    assert retried.order_id == first.order_id
    assert again.limit(BUY, "90.00", "1", client_order_id="ended").order_id == ended.order_id
    again.outside(SELL, 10_000, 10_000)
    assert first.order_id not in live, "it was first in the queue and still is"
    assert live[second.order_id].state.executed == 4_001
    again.outside(SELL, 8_000, 16_000)
    assert again.locked("BTC") == "1.0001000000", "the exits of the entry are fed as before"
    again.check()


async def test_orders_of_an_instrument_that_is_gone_can_be_cancelled(world):
    """Their money comes back, without an engine."""
    order = world.limit(BUY, "100.00", "1")
    await world.venue.journal.drain()
    await world.venue.close()
    again = World(world.store, clock=world.clock, ids=world.ids)
    await again.venue.open()
    found = again.exchange.cancel(again.account(), OrderRef(order_id=order.order_id))
    assert found.status is OrderStatus.CANCELLED
    assert again.locked("USDT") == "0.0000000000"


async def test_a_bug_in_clearing_halts_trading_and_nothing_of_it_is_written(world, monkeypatch):
    """What memory and disk may disagree about must not become durable."""
    world.account()
    await world.venue.journal.drain()

    def broken(*_, **__):
        raise ArithmeticError("a bug")

    world.outside(SELL, 10_000, 10_000)
    await world.venue.journal.drain()
    monkeypatch.setattr(world.venue.ledger, "settle", broken)
    with pytest.raises(HaltedError, match="a bug"):
        world.limit(BUY, "100.00", "1")
    with pytest.raises(HaltedError):
        world.limit(BUY, "100.00", "1")
    saved = await world.store.open()
    assert saved.open_orders == ()
    assert saved.reservations == ()


async def test_an_instrument_too_fine_for_the_ledger_is_not_traded(world):
    """Rather than rounded."""
    with pytest.raises(NotTradableError, match="finer than 10 decimals"):
        world.venue.list_paper(listing_of("DOGE/USDT", tick="0.0000001", lot="0.00001"))


async def test_what_came_with_other_steps_is_not_misread(world):
    """Positions are counted anew, open orders can only be cancelled."""
    world.outside(SELL, 10_000, 5_000)
    world.limit(BUY, "100.00", "0.5")
    order = world.limit(BUY, "90.00", "1")
    await world.venue.journal.drain()
    await world.venue.close()
    again = World(world.store, clock=world.clock, ids=world.ids)
    await again.venue.open()
    again.engines[BTC] = again.venue.list_paper(listing_of("BTC/USDT", tick="0.1", lot="0.00001"))
    ann = again.account()
    position = again.venue.positions.get(ann.account_id, BTC)
    assert (position.lots, position.entered_lots, position.lot) == (50_000, 50_000, "0.00001")
    assert again.engines[BTC].orders == {}
    ref = OrderRef(order_id=order.order_id)
    with pytest.raises(OrderRefusedError):
        again.exchange.amend(ann, ref, AmendRequest(quantity="2"))
    assert again.exchange.cancel(ann, ref).status is OrderStatus.CANCELLED
    assert again.locked("USDT") == "0.0000000000"
    again.check()


async def test_a_bug_after_a_market_outside_moved_halts_trading_and_not_the_feed(
    world, monkeypatch
):
    """The feed is not to blame."""
    world.limit(BUY, "100.00", "1")
    await world.venue.journal.drain()

    def broken(*_, **__):
        raise ArithmeticError("a bug")

    monkeypatch.setattr(world.exchange.clearing, "clear", broken)
    world.exchange.market_did(BTC, [])
    with pytest.raises(HaltedError, match="a bug"):
        world.limit(BUY, "100.00", "1")
    world.exchange.market_did(BTC, [])


async def test_an_account_trades_only_where_it_is(world):
    """The refusal names the venues."""
    account = world.venue.accounts.create("ann", "elsewhere", venues=(Venue.BINANCE,))
    with pytest.raises(VenueMismatchError, match="trades at BINANCE"):
        world.limit(BUY, "100.00", "1", account)


async def test_the_book_that_is_shown_is_never_ahead_of_the_disk():
    """Also while one batch is being written and the next collects, with others in between."""
    store = SlowStore()
    world = await World(store).open()
    world.account()
    store.gate.set()
    await world.venue.journal.drain()

    def bids():
        return [row for _, row in world.market.book(BTC).bids.top(9)]

    store.gate.clear()
    world.limit(BUY, "100.00", "1")
    await store.waits()
    world.limit(BUY, "101.00", "1")
    world.outside(BUY, 9_900, 10_000)
    assert bids() == []
    store.gate.set()
    while len(bids()) < 1:  # noqa: ASYNC110 - the market has no event to wait for
        await asyncio.sleep(0)
    assert bids() == [("100.00", "1.0000")], "the second order's batch is still open"
    await world.venue.journal.drain()
    assert [price for price, _ in bids()] == ["101.00", "100.00", "99.00"]


class SlowStore(MemoryStore):
    """Its commits end when the test lets them."""

    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()
        self.waiting = asyncio.Event()

    async def commit(self, batch):
        self.waiting.set()
        await self.gate.wait()
        await super().commit(batch)
        await asyncio.sleep(0)  # so that what this batch shows can be looked at alone
        self.waiting.clear()

    async def waits(self):
        await self.waiting.wait()


async def test_a_market_order_that_finds_no_price_at_all_finds_nobody(world):
    """A result, not an error about its notional."""
    order = world.submit(type=OrderType.MARKET, quantity="1")
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "NO_LIQUIDITY")
    world.check()
