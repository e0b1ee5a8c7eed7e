"""Instrument ids, instruments with their integer scales, and the steps of both."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from cadenza.market.errors import InstrumentIdError
from cadenza.market.scale import DecimalScale
from cadenza.models import (
    Instrument,
    InstrumentStatus,
    InstrumentType,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
)

_ASSET: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")


class InstrumentId(NamedTuple):
    """``VENUE:BASE/QUOTE``, for example ``BINANCE:BTC/USDT``.

    A contract other than spot is told apart in its base, so that every id keeps this one form:
    ``BINANCE:BTC-PERP/USDT`` is the perpetual, ``OKX:BTC-220527/USD`` a dated future.
    """

    venue: Venue
    base: str
    quote: str

    @classmethod
    def parse(cls, text: str) -> InstrumentId:
        """Read an id.

        Raises:
            InstrumentIdError: Naming what is wrong and the nearest valid id or venue.
        """
        venue, colon, symbol = text.partition(":")
        if not colon:
            raise InstrumentIdError(text, "it has no venue")
        if venue not in Venue.__members__:
            raise InstrumentIdError(
                text, f'unknown venue "{venue}"', known=[f"{name}:{symbol}" for name in Venue]
            )
        base, slash, quote = symbol.partition("/")
        if not slash:
            raise InstrumentIdError(text, f'the symbol "{symbol}" has no "/"')
        for part in (base, quote):
            if not _ASSET.fullmatch(part):
                suggestion = [text.upper()] if _ASSET.fullmatch(part.upper()) else []
                raise InstrumentIdError(text, f'"{part}" is no asset name', known=suggestion)
        return cls(Venue(venue), base, quote)

    @property
    def symbol(self) -> str:
        """``BASE/QUOTE``."""
        return f"{self.base}/{self.quote}"

    def __str__(self) -> str:
        return f"{self.venue}:{self.base}/{self.quote}"


class Listing:
    """An instrument ready for trading: its payload and the scales that make its numbers whole.

    Attributes:
        instrument: The REST payload.
        id: The parsed id.
        ticks: Price strings to ticks (``pip_size``).
        lots: Quantity strings to lots (``lot_size``).
    """

    __slots__ = ("id", "instrument", "lots", "ticks")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.id = InstrumentId.parse(instrument.instrument_id)
        self.ticks = DecimalScale(instrument.pip_size, "price")
        self.lots = DecimalScale(instrument.lot_size, "quantity")

    def __repr__(self) -> str:
        return f"Listing({self.id}, tick {self.ticks.step}, lot {self.lots.step})"


ORDER_TYPES: Final = (
    OrderType.MARKET,
    OrderType.LIMIT,
    OrderType.LIMIT_MAKER,
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.STOP_LOSS,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
)
TIME_IN_FORCE: Final = (
    TimeInForce.GTC,
    TimeInForce.IOC,
    TimeInForce.FOK,
    TimeInForce.GTD,
    TimeInForce.DAY,
    TimeInForce.GTX,
)
"""What the paper venue takes, on books of its own and on mirrored ones."""

LEAST_NOTIONAL: Final = {
    "USDT": "5",
    "USDC": "5",
    "FDUSD": "5",
    "USD": "5",
    "EUR": "5",
    "GBP": "5",
    "BTC": "0.0001",
    "ETH": "0.001",
}
"""The smallest cost of an order as spot venues have it, by quote asset."""

MAX_LOTS: Final = 10**12
"""The largest order, in lots: far from any limit of an integer or a JSON reader."""

# Eight decimals is the finest quantity step of the spot venues recorded so far.
FINEST_LOT: Final = "0.00000001"


def make_instrument(
    *,
    venue: Venue,
    base: str,
    quote: str,
    tick: str,
    lot: str,
    external_symbol: str,
    description: str,
    instrument_type: InstrumentType = InstrumentType.SPOT,
    base_security_type: SecurityType = SecurityType.CRYPTO,
    quote_security_type: SecurityType = SecurityType.CRYPTO,
    min_notional: str = "0",
    max_quantity: str | None = None,
    is_iceberg_allowed: bool | None = None,
    iceberg_min_quantity: str | None = None,
) -> Instrument:
    """An active instrument with its steps as given and limits derived from them.

    A recording does not tell a venue's limits, so those not given are as wide as can be. Whether
    icebergs are allowed is left out if it is not given, which means that they are not.

    ``baseAsset`` and ``quoteAsset`` are the two halves of the symbol, so that a reader can build
    the id from them; of a contract the base is the contract ("BTC-PERP"), not the coin.
    """
    symbol = f"{base}/{quote}"
    return Instrument(
        instrument_id=f"{venue}:{symbol}",
        venue=venue,
        symbol=symbol,
        external_symbol=external_symbol,
        description=description,
        instrument_type=instrument_type,
        status=InstrumentStatus.ACTIVE,
        base_asset=base,
        quote_asset=quote,
        base_security_type=base_security_type,
        quote_security_type=quote_security_type,
        base_precision=decimals(lot),
        quote_precision=decimals(tick),
        base_max_significant=None,
        quote_max_significant=None,
        base_scale=decimals(lot),
        quote_scale=decimals(tick),
        lot_size=lot,
        pip_size=tick,
        min_quantity=lot,
        max_quantity=max_quantity or shifted(MAX_LOTS, decimals(lot)),
        min_notional=min_notional,
        order_types=ORDER_TYPES,
        time_in_force_options=TIME_IN_FORCE,
        is_iceberg_allowed=msgspec.UNSET if is_iceberg_allowed is None else is_iceberg_allowed,
        iceberg_min_quantity=iceberg_min_quantity or msgspec.UNSET,
    )


def least_notional(quote: str) -> str:
    """The smallest cost of an order in this quote asset; of one nobody knows, nothing."""
    return LEAST_NOTIONAL.get(quote, "0")


def decimals(text: str) -> int:
    """Digits after the point of a decimal string, trailing zeros included."""
    return len(text.partition(".")[2])


def finest_step(texts: Iterable[str]) -> str:
    """The power of ten that divides every one of these decimal strings as they are written."""
    places = max(map(decimals, texts), default=0)
    return shifted(1, places)


def shifted(units: int, places: int) -> str:
    """The text of a number of units in the last of so many decimal places."""
    if not places:
        return str(units)
    whole, fraction = divmod(units, 10**places)
    return f"{whole}.{fraction:0{places}d}" if fraction else str(whole)
