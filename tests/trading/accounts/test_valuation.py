"""Portfolios and what they are worth."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.gateway.api.views import view
from cadenza.gateway.trading.account_payloads import portfolio_record
from cadenza.market.instrument import Listing, make_instrument
from cadenza.models import Portfolio, PositionSide, RpcPortfolio, SecurityType, Venue
from cadenza.trading.accounts.position import Position
from cadenza.trading.accounts.valuation import Holdings, Valuation
from cadenza.trading.ledger.entry import Balance
from cadenza.trading.ledger.errors import UnknownAssetError
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits

ACCOUNT = "00000000-0000-4000-8000-0000000000aa"
POSITION = "00000000-0000-4000-8000-0000000000bb"


def listing(base, quote, tick):
    return Listing(
        make_instrument(
            venue=Venue.PAPER,
            base=base,
            quote=quote,
            tick=tick,
            lot="0.001",
            external_symbol=base + quote,
            description="for tests",
        )
    )


LISTINGS = [
    listing("BTC", "USDT", "0.01"),
    listing("ETH", "BTC", "0.001"),
    listing("EUR", "USDT", "0.5"),
]
SCALES = AssetScales.of(LISTINGS, {"DUST": 0})
UNITS = {str(it.id): InstrumentUnits(it, SCALES) for it in LISTINGS}
MARKS = {"PAPER:BTC/USDT": 5_000_000, "PAPER:ETH/BTC": 50, "PAPER:EUR/USDT": 3}


def has(asset, free, locked="0"):
    return Balance(ACCOUNT, asset, SCALES.parse(asset, free), SCALES.parse(asset, locked))


def short(lots, entry_cost):
    return Position(
        position_id=POSITION,
        account_id=ACCOUNT,
        instrument_id="PAPER:ETH/BTC",
        side=PositionSide.SHORT,
        lots=lots,
        entry_cost=entry_cost,
        entered_lots=lots,
        entered_cost=entry_cost,
        created_at=1,
        updated_at=2,
    )


@pytest.mark.parametrize(
    ("currency", "asset", "rate"),
    [
        ("USDT", "USDT", 1),
        ("USDT", "BTC", 50_000),
        ("USDT", "ETH", 2_500),
        ("ETH", "BTC", 20),
        ("EUR", "BTC", 50_000 / 1.5),
        ("EUR", "ETH", 2_500 / 1.5),
        ("USDT", "DUST", None),
    ],
)
def test_assets_convert_directly_backwards_or_over_any_chain(currency, asset, rate):
    found = Valuation(currency, UNITS, MARKS).rate(asset)
    assert found is None if rate is None else float(found) == pytest.approx(rate)


def test_equity_is_the_sum_of_all_balances_rounded_once():
    """Two thirds of a unit and a third of a unit are one, not one and none."""
    balances = [has("USDT", "0.00000001"), has("EUR", "1", "2"), has("BTC", "0.1")]
    worth = Valuation("EUR", UNITS, MARKS).worth(balances, [], SCALES)
    assert worth.equity == "3336.33333334"
    assert worth.unpriced == ()


def test_what_has_no_mark_is_named_and_not_guessed():
    marks = MARKS | {"PAPER:BTC/USDT": 0}
    balances = [has("USDT", "5"), has("BTC", "1"), has("DUST", "7"), has("ETH", "0")]
    worth = Valuation("USDT", UNITS, marks).worth(balances, [], SCALES)
    assert (worth.equity, worth.unpriced) == ("5.00000000", ("BTC", "DUST"))


def test_exposure_is_the_absolute_value_of_open_positions():
    worth = Valuation("USDT", UNITS, MARKS).worth([], [short(2_000, 0)], SCALES)
    assert worth.exposure == "5000.00000000"


def test_an_unknown_currency_is_refused():
    with pytest.raises(UnknownAssetError, match="USD"):
        Valuation("USDX", UNITS, MARKS).worth([], [], SCALES)


def test_a_portfolio_has_every_required_field_on_both_surfaces():
    holdings = Holdings(
        ACCOUNT,
        Venue.PAPER,
        (has("BTC", "1", "0.5"), has("EUR", "2")),
        (short(2_000, UNITS["PAPER:ETH/BTC"].cost(60, 2_000)),),
    )
    record = portfolio_record(
        holdings,
        Valuation("USDT", UNITS, MARKS),
        SCALES,
        updated_at=1723161255408,
        security_types={"EUR": SecurityType.CURRENCY},
    )
    rest = view(record, Portfolio)
    sent = msgspec.json.decode(msgspec.json.encode(rest))
    assert msgspec.json.decode(msgspec.json.encode(rest), type=Portfolio) == rest
    bitcoin, euro = sent["balances"]
    assert (bitcoin["free"], bitcoin["locked"], bitcoin["total"], bitcoin["net"]) == (
        "1.00000000",
        "0.50000000",
        "1.50000000",
        "1.50000000",
    )
    assert (bitcoin["securityType"], euro["securityType"]) == ("CRYPTO", "CURRENCY")
    (position,) = sent["positions"]
    assert position["positionSide"] == "SHORT"
    assert position["quantity"] == "2.000"
    assert position["entryPrice"] == "0.06"
    assert position["currentPrice"] == "0.050"
    assert position["unrealizedPnl"] == "0.02000000"
    assert sent["summary"]["equity"] == "75003.00000000"
    assert sent["summary"]["riskExposure"] == "5000.00000000"
    rpc = msgspec.json.decode(msgspec.json.encode(view(record, RpcPortfolio)))
    assert rpc["updateMode"] == "SNAPSHOT"
    assert rpc["positions"][0]["updatedAt"] == "1970-01-01T00:00:00.002Z"
