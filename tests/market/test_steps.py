"""Steps that are only guessed give way, and nothing that counts in them is wrong afterwards."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from cadenza.market.errors import (
    BadLevelError,
    CrossedBookError,
    InstrumentConflictError,
    OffStepError,
)
from cadenza.market.instrument import (
    common_step,
    finest_step,
    is_asset,
    make_instrument,
    with_steps,
)
from cadenza.market.klines import Klines
from cadenza.market.market import Market
from cadenza.market.tickers import Tickers
from cadenza.models import KlineInterval, OrderSide, Venue

BTC = "BINANCE:BTC/USDT"
START_MS = 1_780_000_020_000


def guessed(tick="1", lot="1"):
    return make_instrument(
        venue=Venue.BINANCE,
        base="BTC",
        quote="USDT",
        tick=tick,
        lot=lot,
        external_symbol="BTCUSDT",
        description="for tests",
    )


class Time:
    """A clock that stands still; recorded instruments do not ask it."""

    def time_ms(self):
        return START_MS


def trade(market, price, quantity="1", at=START_MS):
    market.trade(
        BTC, trade_id="1", price=price, quantity=quantity, side=OrderSide.BUY, timestamp_ms=at
    )


@pytest.mark.parametrize(
    ("texts", "step"),
    [
        ([], "1"),
        (["2500.00000000", "2499.90000000"], "0.1"),
        (["100", "2000"], "1"),
        (["0.00001234", "1.5"], "0.00000001"),
        (["1.0"], "1"),
    ],
)
def test_zeros_at_the_end_are_no_precision(texts, step):
    assert finest_step(texts) == step


@pytest.mark.parametrize(
    ("one", "other", "step"),
    [
        ("0.1", "0.01", "0.01"),
        ("0.25", "0.1", "0.05"),
        ("1", "0.5", "0.5"),
        ("5", "1", "1"),
        ("0.01", "0.0100", "0.01"),
        ("0.00000001", "1000", "0.00000001"),
    ],
)
def test_the_common_step_divides_both(one, other, step):
    assert Decimal(common_step(one, other)) == Decimal(common_step(other, one)) == Decimal(step)


@pytest.mark.parametrize("name", ["BTC", "1INCH", "币安人生", "ÄPFEL", "BTC-PERP", "A.B", "A" * 40])
def test_assets_of_every_alphabet(name):
    assert is_asset(name)


@pytest.mark.parametrize(
    "name", ["", "btc", "A/B", "A:B", "A B", "-A", "A" * 41, "\uff22TC", "A\n", "²"]
)
def test_what_is_no_asset(name):
    assert not is_asset(name)


def test_a_finer_price_or_quantity_makes_the_steps_finer(heard, recorder):
    heard.instrument(guessed(), is_guessed=True)
    heard.book_snapshot(BTC, [("99", "1")], [("101", "2")], START_MS)
    heard.book_diff(BTC, [("99.5", "0.25")], [], START_MS)
    shown = heard.listing(BTC).instrument
    assert (shown.pip_size, shown.lot_size, shown.min_quantity) == ("0.1", "0.01", "0.01")
    assert (shown.quote_precision, shown.base_scale) == (1, 2)
    heard.book_diff(BTC, [("99", "0")], [("101", "0"), ("102", "1")], START_MS)
    assert recorder.copies[BTC] == {"bids": {"99.5": "0.25"}, "asks": {"102": "1"}}
    assert recorder.health == []


def test_a_finer_trade_does_the_same(heard, recorder):
    heard.instrument(guessed(), is_guessed=True)
    heard.book_snapshot(BTC, [("99", "1")], [("101", "2")], START_MS)
    trade(heard, "100.05", "0.5")
    assert heard.listing(BTC).instrument.pip_size == "0.01"
    assert recorder.trades[0]["price"] == "100.05"


def test_known_steps_do_not_give_way(heard):
    heard.instrument(guessed())
    heard.book_snapshot(BTC, [("99", "1")], [("101", "2")], START_MS)
    with pytest.raises(OffStepError):
        trade(heard, "100.5")
    with pytest.raises(BadLevelError):
        heard.book_diff(BTC, [("99.5", "1")], [], START_MS)
    with pytest.raises(InstrumentConflictError):
        heard.instrument(guessed("0.1"))


def test_a_damaged_number_does_not_make_steps_absurd(heard):
    heard.instrument(guessed(), is_guessed=True)
    heard.book_snapshot(BTC, [("99", "1")], [("101", "2")], START_MS)
    with pytest.raises(BadLevelError):
        heard.book_diff(BTC, [("99." + "1" * 30, "1")], [], START_MS)
    assert heard.listing(BTC).instrument.pip_size == "1"


def test_a_declaration_is_merged_into_a_guess_and_then_counts(heard):
    """As when a second pass begins with the coarse guess, or the venue tells its steps late."""
    heard.instrument(guessed("0.01"), is_guessed=True)
    heard.instrument(guessed("1"), is_guessed=True)
    assert heard.listing(BTC).instrument.pip_size == "0.01"
    heard.instrument(guessed("0.25", "0.1"))
    shown = heard.listing(BTC).instrument
    assert (shown.pip_size, shown.lot_size) == ("0.01", "0.1")
    with pytest.raises(OffStepError):
        trade(heard, "100.005")
    heard.instrument(guessed("0.001"), is_guessed=True)  # a guess says nothing against knowledge
    assert heard.listing(BTC).instrument.pip_size == "0.01"


def test_candles_and_tickers_go_on_in_finer_steps(heard):
    klines = Klines(Time(), is_recorded=lambda _: True)
    heard.add_observer(klines)
    tickers = Tickers(heard, klines)
    heard.instrument(guessed(), is_guessed=True)
    heard.book_snapshot(BTC, [("99", "1")], [("101", "2")], START_MS)
    trade(heard, "100")
    trade(heard, "103", "3", START_MS + 61_000)
    trade(heard, "98.25", "0.5", START_MS + 62_000)
    found = klines.kline(BTC, KlineInterval.MINUTE_1)
    assert [row[1:] for row in found.candles] == [
        ("100.00", "100.00", "100.00", "100.00", "1.0"),
        ("103.00", "103.00", "98.25", "98.25", "3.5"),
    ]
    ticker = tickers.ticker(BTC)
    assert (ticker.last_price, ticker.bid_price, ticker.ask_quantity) == ("98.25", "99.00", "2.0")
    assert ticker.price_change_percent == "-1.75"


@pytest.mark.parametrize("depth", [0, 3])
@pytest.mark.parametrize("is_paced", [False, True])
def test_whatever_comes_subscribers_hold_the_book(recorder, depth, is_paced):
    """Random updates with ever finer numbers, against a book of plain dictionaries."""
    for seed in range(20):
        draw = random.Random(seed)
        market = Market(depth=depth, is_paced=is_paced)
        recorder.copies.clear()
        market.add_listener(recorder)
        market.instrument(guessed(), is_guessed=True)
        market.book_snapshot(BTC, [("90", "1")], [("110", "1")], START_MS)
        plain = {"bids": {Decimal(90): Decimal(1)}, "asks": {Decimal(110): Decimal(1)}}
        for _ in range(60):
            digits = draw.randrange(4)
            rows = {"bids": [], "asks": []}
            for _ in range(draw.randrange(1, 4)):
                side = draw.choice(("bids", "asks"))
                low, high = (80, 99) if side == "bids" else (101, 120)
                price = f"{draw.uniform(low, high):.{digits}f}"
                quantity = draw.choice(("0", f"{draw.uniform(0.1, 9):.{draw.randrange(1, 4)}f}"))
                rows[side].append((price, quantity))
                plain[side][Decimal(price)] = Decimal(quantity)
            market.book_diff(BTC, rows["bids"], rows["asks"], START_MS)
            if draw.random() < 0.3:
                market.publish_pending()
        market.publish_pending()
        for side, sign in (("bids", -1), ("asks", 1)):
            found = {Decimal(p): Decimal(q) for p, q in recorder.copies[BTC][side].items()}
            levels = {price: q for price, q in plain[side].items() if q}
            best = sorted(levels, key=lambda price, sign=sign: sign * price)[: depth or None]
            assert found == {price: levels[price] for price in best}


# Books that are crossed at the venue.


def test_a_proven_crossed_book_is_held_and_goes_on(heard, recorder):
    heard.instrument(guessed())
    heard.book_snapshot(BTC, [("99", "1")], [("101", "2")], START_MS)
    for _ in range(2):
        with pytest.raises(CrossedBookError) as caught:
            heard.book_diff(BTC, [("101", "1")], [], START_MS, is_proven=True)
        assert caught.value.is_held
    assert heard.fault(BTC) is not None
    assert len(recorder.books) == 1
    heard.book_diff(BTC, [], [("101", "0"), ("103", "1")], START_MS, is_proven=True)
    assert heard.fault(BTC) is None
    assert recorder.books[-1]["updateType"] == "DIFF"
    assert recorder.copies[BTC] == {"bids": {"99": "1", "101": "1"}, "asks": {"103": "1"}}


def test_a_proven_crossed_snapshot_is_published_when_it_is_uncrossed(heard, recorder):
    heard.instrument(guessed())
    with pytest.raises(CrossedBookError):
        heard.book_snapshot(BTC, [("102", "1")], [("101", "2")], START_MS, is_proven=True)
    assert heard.snapshot(BTC) is None
    heard.book_diff(BTC, [("102", "0"), ("100", "1")], [], START_MS, is_proven=True)
    assert [it["updateType"] for it in recorder.books] == ["SNAPSHOT"]
    assert recorder.copies[BTC] == {"bids": {"100": "1"}, "asks": {"101": "2"}}


def test_with_steps_changes_nothing_else():
    before = guessed("0.01", "0.001")
    after = with_steps(before, "0.01", "0.001")
    assert after == before
