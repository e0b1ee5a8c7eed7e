"""Profit and loss equals what the fills say."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.client import UsageError
from cadenza.client.trading.pnl import pnl_of
from cadenza.client.trading.values import Execution, Position
from cadenza.models import OrderSide, PositionSide, RpcPositionEntry

BTC = "PAPER:BTC/USDT"
amounts = st.integers(1, 10**12).map(lambda it: Decimal(it).scaleb(-8))
fees = st.integers(-(10**9), 10**9).map(lambda it: Decimal(it).scaleb(-10))
fills = st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), amounts, amounts, fees), max_size=30)


def fill(side, quantity, price, fee="0", at=1, *where):
    instrument, asset = where or (BTC, "USDT")
    quantity, price = Decimal(quantity), Decimal(price)
    return Execution(
        execution_id=str(at),
        order_id="o",
        client_order_id="",
        instrument=instrument,
        side=OrderSide(side),
        quantity=quantity,
        price=price,
        cost=quantity * price,
        fees={asset: Decimal(fee)},
        is_maker=False,
        at=at,
        raw=None,
    )


def held(net, price, opened_at=1, instrument=BTC):
    return {
        instrument: Position(
            instrument=instrument,
            side=PositionSide.LONG if net >= 0 else PositionSide.SHORT,
            is_open=True,
            quantity=abs(Decimal(net)),
            entry_price=None,
            realized_pnl=None,
            current_price=Decimal(price),
            unrealized_pnl=None,
            updated_at=0,
            opened_at=opened_at,
            raw=RpcPositionEntry(),
        )
    }


def lots_first(made):
    """Realised profit by average cost, once more: a unit of account at a time, with fractions."""
    net, average, realised = Fraction(0), Fraction(0), Fraction(0)
    for side, quantity, price, _ in made:
        change = Fraction(quantity) * (1 if side == "BUY" else -1)
        if net == 0 or (net > 0) == (change > 0):
            average = (average * abs(net) + Fraction(price) * abs(change)) / (abs(net + change))
        else:
            closing = min(abs(change), abs(net))
            realised += closing * (Fraction(price) - average) * (1 if net > 0 else -1)
            if abs(change) > abs(net):
                average = Fraction(price)
        net += change
    return net, realised


@given(fills, amounts)
def test_equal_to_a_naive_recomputation(made, mark):
    """Through flips, closings and rebates; and the sum is cash and inventory, exactly."""
    net, realised = lots_first(made)
    done = [fill(*it, at=at) for at, it in enumerate(made, 1)]
    pnl = pnl_of(done, held(Decimal(net.numerator) / net.denominator, mark) if net else {})
    paid = sum((it[3] for it in made), Decimal(0))
    cash = sum(((1 if it.side is OrderSide.SELL else -1) * Fraction(it.cost) for it in done), 0)
    assert pnl.fees == paid
    assert abs(Fraction(pnl.realized) - realised) <= Fraction(1, 10**20)
    worth = net * Fraction(mark)
    assert abs(Fraction(pnl.net) - (cash + worth - Fraction(paid))) <= Fraction(2, 10**20)
    assert all(
        it.quantity == Decimal(net.numerator) / net.denominator for it in pnl.instruments.values()
    )


@given(fills, fills, amounts)
def test_a_reset_takes_what_is_held_at_its_entry_price(before, after, mark):
    """What came before counts as realised; the new stay begins flat."""
    first, realised = lots_first(before)
    second, later = lots_first(after)
    made = [fill(*it, at=at) for at, it in enumerate([*before, *after], 1)]
    opened = len(before) + 1
    position = held(Decimal(second.numerator) / second.denominator, mark, opened) if second else {}
    if not first or (not second and after):
        return  # nothing was taken away, or nothing tells when
    pnl = pnl_of(made, position)
    assert abs(Fraction(pnl.realized) - realised - later) <= Fraction(1, 10**20)


def test_a_flip():
    """Bought 2 at 100, sold 3 at 110: 20 realised, 1 short at 110."""
    made = [fill("BUY", 2, 100, "0.1", 1), fill("SELL", 3, 110, "-0.05", 2)]
    pnl = pnl_of(made, held(-1, 105, 2))
    part = pnl.instruments[BTC]
    assert (part.realized, part.unrealized, part.fees) == (20, 5, Decimal("0.05"))
    assert (part.quantity, part.entry_price, part.net) == (-1, 110, Decimal("24.95"))
    assert (pnl.net, pnl.since, pnl.currencies) == (Decimal("24.95"), 1, ("USDT",))


def test_nothing_was_filled():
    """Not a cent, whatever was deposited."""
    pnl = pnl_of([], {})
    assert (pnl.net, pnl.realized, pnl.unrealized, pnl.fees, pnl.since) == (0, 0, 0, 0, 0)
    assert f"{pnl.net:.2f}" == "0.00"


def test_since_a_time():
    """As if nothing had been held before: a sale of what was held then is a short now."""
    pnl = pnl_of([fill("SELL", 1, 110, "0.1", 5)], held(1, 105), since=4)
    part = pnl.instruments[BTC]
    assert (part.quantity, part.unrealized, part.net) == (-1, 5, Decimal("4.9"))
    assert pnl.since == 4


def test_two_currencies_are_not_one_sum():
    """Each is given for itself; a fee in a third asset is named and is in no sum."""
    other = "PAPER:ETH/BTC"
    made = [fill("BUY", 1, 100), fill("BUY", 1, "0.05", "0.1", 2, other, "BNB")]
    pnl = pnl_of(made, held(1, 100) | held(1, "0.06", instrument=other))
    assert pnl.currencies == ("BTC", "USDT")
    with pytest.raises(UsageError, match="BTC, USDT"):
        _ = pnl.net
    assert pnl.of("BTC").net == Decimal("0.01")
    assert pnl.instruments[other].other_fees == {"BNB": Decimal("0.1")}


def test_without_a_price():
    """What nobody trades has no unrealised profit, and the rest is still said."""
    made = [fill("BUY", 2, 100, 1), fill("SELL", 1, 110, 1, 2)]
    position = held(1, 100)
    lost = {
        BTC: Position(
            **{it: getattr(position[BTC], it) for it in position[BTC].__slots__}
            | {"current_price": None}
        )
    }
    part = pnl_of(made, lost).instruments[BTC]
    assert (part.realized, part.unrealized, part.net) == (10, None, 8)
