"""Positions: opening, adding, closing a part, closing, turning round."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.gateway.trading.account_payloads import position_entry
from cadenza.market.instrument import Listing, make_instrument
from cadenza.models import OrderSide, PositionSide, PositionStatus, Venue
from cadenza.trading.accounts.position import Position, PositionBook, PositionFill
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits

LISTING = Listing(
    make_instrument(
        venue=Venue.PAPER,
        base="BTC",
        quote="USDT",
        tick="0.01",
        lot="0.001",
        external_symbol="BTCUSDT",
        description="for tests",
    )
)
UNITS = InstrumentUnits(LISTING, AssetScales.of([LISTING]))
INSTRUMENT = str(LISTING.id)
ACCOUNT = "00000000-0000-4000-8000-0000000000aa"
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def make_fill(side, lots, ticks, *, fee=0, at=1, cost=None):
    return PositionFill(
        account_id=ACCOUNT,
        instrument_id=INSTRUMENT,
        side=side,
        lots=lots,
        cost=UNITS.cost(ticks, lots) if cost is None else cost,
        fee=fee,
        at=at,
    )


@pytest.fixture
def book():
    ids = count(1)
    return PositionBook(lambda: f"00000000-0000-4000-8000-{next(ids):012}")


def entry(position, mark=None):
    sent = msgspec.json.decode(msgspec.json.encode(position_entry(position, UNITS, mark)))
    return {key: sent.get(key) for key in ("quantity", "entryPrice", "exitPrice", "realizedPnl")}


def test_adding_averages_the_entry_price(book):
    book.fill(make_fill(BUY, 1, 10_000))
    (position,) = book.fill(make_fill(BUY, 2, 10_300, fee=5, at=2))
    assert entry(position) == {
        "quantity": "0.003",
        "entryPrice": "102",
        "exitPrice": None,
        "realizedPnl": "0.00000000",
    }
    assert (position.created_at, position.updated_at, position.fees) == (1, 2, 5)
    assert book.of_account(ACCOUNT) == (position,)


def test_closing_a_part_realises_at_the_average_price(book):
    book.fill(make_fill(BUY, 4, 10_000))
    (position,) = book.fill(make_fill(SELL, 1, 10_500, at=2))
    assert entry(position) == {
        "quantity": "0.003",
        "entryPrice": "100",
        "exitPrice": "105",
        "realizedPnl": "0.00500000",
    }
    assert position.unrealised(UNITS, 9_900) == -UNITS.cost(100, 3)


def test_a_short_earns_when_the_price_falls(book):
    book.fill(make_fill(SELL, 2, 10_000))
    (position,) = book.fill(make_fill(BUY, 1, 9_000))
    assert position.side is PositionSide.SHORT
    assert position.realised == UNITS.cost(1_000, 1)
    assert position.unrealised(UNITS, 11_000) == -UNITS.cost(1_000, 1)
    assert position.value(UNITS, 11_000) == -UNITS.cost(11_000, 1)


def test_a_closed_position_has_nothing_left_and_is_let_go(book):
    book.fill(make_fill(BUY, 2, 10_000))
    (position,) = book.fill(make_fill(SELL, 2, 9_000, at=7))
    assert (position.lots, position.entry_cost, position.closed_at) == (0, 0, 7)
    assert book.of_account(ACCOUNT) == ()
    payload = position_entry(position, UNITS, 9_000)
    assert payload.status is PositionStatus.CLOSED
    assert payload.closed_at == 7
    assert payload.unrealized_pnl == "0.00000000"
    assert entry(position) == {
        "quantity": "0.000",
        "entryPrice": "100",
        "exitPrice": "90",
        "realizedPnl": "-0.02000000",
    }


def test_a_fill_larger_than_the_position_turns_it_round(book):
    book.fill(make_fill(BUY, 2, 10_000))
    closed, opened = book.fill(make_fill(SELL, 5, 11_000, fee=5, at=3))
    assert (closed.lots, closed.realised, closed.fees) == (0, UNITS.cost(1_000, 2), 2)
    assert (opened.side, opened.lots, opened.fees) == (PositionSide.SHORT, 3, 3)
    assert opened.entry_cost == UNITS.cost(11_000, 3)
    assert opened.position_id != closed.position_id
    assert book.get(ACCOUNT, INSTRUMENT) == opened


@pytest.mark.parametrize(("cost", "given_up"), [(5, 2), (7, 4), (6, 3)])
def test_what_a_part_gives_up_is_rounded_half_to_even(book, cost, given_up):
    book.fill(make_fill(BUY, 2, 1, cost=cost))
    (position,) = book.fill(make_fill(SELL, 1, 1, cost=10))
    assert position.realised == 10 - given_up
    assert position.entry_cost == cost - given_up


def test_positions_are_put_back_and_cleared(book):
    (position,) = book.fill(make_fill(BUY, 2, 10_000))
    raw = msgspec.json.encode(position)
    other = PositionBook(lambda: "unused")
    other.put(msgspec.json.decode(raw, type=Position))
    assert other.of_account(ACCOUNT) == (position,)
    other.clear(ACCOUNT)
    assert other.get(ACCOUNT, INSTRUMENT) is None


def test_without_a_mark_there_is_no_current_price(book):
    (position,) = book.fill(make_fill(BUY, 2, 10_000))
    without, with_mark = (position_entry(position, UNITS, mark) for mark in (None, 10_100))
    assert without.current_price is without.unrealized_pnl is msgspec.UNSET
    assert (with_mark.current_price, with_mark.unrealized_pnl) == ("101.00", "0.00200000")


FILLS = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(1, 20),
        st.integers(1, 10**15),
        st.integers(-3, 9),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(fills=FILLS, mark=st.integers(1, 10**6))
def test_profits_are_cash_flow_and_value_exactly(fills, mark):
    """Whatever the costs, also those that no whole price gives."""
    ids = count(1)
    book = PositionBook(lambda: f"p{next(ids)}")
    net = cash = fees = 0
    closed = []
    for side, lots, cost, fee in fills:
        sign = 1 if side is BUY else -1
        net, cash, fees = net + sign * lots, cash - sign * cost, fees + fee
        changed = book.fill(make_fill(side, lots, 0, cost=cost, fee=fee))
        closed += [position for position in changed if not position.is_open]
        held = book.of_account(ACCOUNT)
        profits = sum(it.realised for it in (*closed, *held))
        profits += sum(it.unrealised(UNITS, mark) for it in held)
        assert profits == cash + net * UNITS.cost(mark, 1)
        assert sum(it.fees for it in (*closed, *held)) == fees
        assert sum(it.sign * it.lots for it in held) == net
        assert all(it.lots > 0 and it.entry_cost >= 0 for it in held)
        assert all(it.entry_cost == 0 for it in closed)
