"""Instrument ids, instruments with their integer scales, and the steps of both."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
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

LONGEST_ASSET: Final = 40
"""Characters of an asset's name."""


def is_asset(text: str) -> bool:
    """Whether a text can name an asset: letters and digits of any script, ``.``, ``_`` and ``-``.

    Small letters cannot, nor letters that only look like others (NFKC would change them), so that
    one asset has one name.
    """
    if not text.isascii() and unicodedata.normalize("NFKC", text) != text:
        return False
    return (
        0 < len(text) <= LONGEST_ASSET
        and text[0].isalnum()
        and text == text.upper()
        and all(letter.isalnum() or letter in "._-" for letter in text)
    )


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
            if not is_asset(part):
                suggestion = [text.upper()] if is_asset(part.upper()) else []
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

    def finer_than(self, before: Listing) -> tuple[int, int]:
        """How many ticks and lots of this make one of the same instrument's former listing."""
        return (
            int(Fraction(before.ticks.step) / Fraction(self.ticks.step)),
            int(Fraction(before.lots.step) / Fraction(self.lots.step)),
        )

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

MAX_LOTS: Final = 10**18
"""The largest order, in lots: ten billion coins where a lot is 0.00000001."""


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


def with_steps(instrument: Instrument, tick: str, lot: str) -> Instrument:
    """The instrument with other steps, and what is derived from them."""
    return msgspec.structs.replace(
        instrument,
        base_precision=decimals(lot),
        quote_precision=decimals(tick),
        base_scale=decimals(lot),
        quote_scale=decimals(tick),
        lot_size=lot,
        pip_size=tick,
        min_quantity=lot,
        max_quantity=shifted(MAX_LOTS, decimals(lot)),
    )


def least_notional(quote: str) -> str:
    """The smallest cost of an order in this quote asset; of one nobody knows, nothing."""
    return LEAST_NOTIONAL.get(quote, "0")


def decimals(text: str) -> int:
    """Digits after the point of a decimal string, trailing zeros included."""
    return len(text.partition(".")[2])


def significant(text: str) -> int:
    """Digits after the point of a decimal string, without the zeros at its end."""
    return len(text.partition(".")[2].rstrip("0"))


def finest_step(texts: Iterable[str]) -> str:
    """The largest power of ten up to 1 that divides every one of these decimal strings.

    Zeros at the end are no precision: venues write as many as they like.
    """
    places = max(map(significant, texts), default=0)
    return shifted(1, places)


def common_step(one: str, other: str) -> str:
    """The largest step of which both steps are multiples."""
    first, second = Fraction(one), Fraction(other)
    if first == second:
        return one
    step = Fraction(
        gcd(first.numerator, second.numerator), lcm(first.denominator, second.denominator)
    )
    places = 0
    while step.denominator != 1:
        step *= 10
        places += 1
    return shifted(step.numerator, places)


def shifted(units: int, places: int) -> str:
    """The text of a number of units in the last of so many decimal places."""
    if not places:
        return str(units)
    whole, fraction = divmod(units, 10**places)
    return f"{whole}.{fraction:0{places}d}" if fraction else str(whole)
