"""Instrument ids and instruments with their integer scales."""

from __future__ import annotations

import re
from typing import NamedTuple

from cadenza.market.errors import InstrumentIdError
from cadenza.market.scale import DecimalScale
from cadenza.models import Instrument, Venue

_ASSET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")


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
