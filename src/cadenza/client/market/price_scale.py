"""Exact numbers of a local book: prices as scaled integers, and ``Decimal`` without rounding."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction
from typing import Final

from cadenza.client.market.errors import BadLevelError

# Sums and products of plain decimals are exact, whatever context the caller works in.
EXACT: Final = Context(
    prec=MAX_PREC,
    Emax=MAX_EMAX,
    Emin=MIN_EMIN,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

DIVIDE: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""Quotients are rounded; these are the default digits of ``decimal``."""

# Books of a thousand levels a side fit several times over; at most about 2 MiB a book.
CACHE_LIMIT: Final = 16_384

# A spread between two instruments may have a negative price.
_PRICE: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")


class PriceScale(dict[str, int]):
    """Maps price strings to integers of one scale: ``scale["61837.63"]`` is 6183763.

    The scale has as many decimals as the finest price seen; when a finer one comes, the sides of
    the book are rescaled. Prices that are looked up one by one recur, so each is parsed once.

    Args:
        instrument_id: The instrument, for error messages.

    Attributes:
        decimals: The decimals of the scale.
        on_finer: Functions that are called with the factor by which the scale becomes finer.

    Raises:
        BadLevelError: On a lookup of anything but a plain decimal.
    """

    __slots__ = ("_are_usual", "_is_usual", "decimals", "instrument_id", "on_finer")

    def __init__(self, instrument_id: str) -> None:
        super().__init__()
        self.instrument_id = instrument_id
        self.decimals = 0
        self.on_finer: list[Callable[[int], None]] = []
        self._note_usual()

    def __missing__(self, price: str) -> int:
        units = int(price.replace(".", "")) if self._is_usual(price) else self._parse(price)
        if len(self) >= CACHE_LIMIT:
            self.clear()
        self[price] = units
        return units

    def units(self, prices: Sequence[str]) -> list[int]:
        """The integers of these prices, all of one scale.

        Raises:
            BadLevelError: One is not a plain decimal.
        """
        # Nearly all prices have the decimals of those before: then they are parsed in one go.
        text = " ".join(prices)
        if self._are_usual(text):
            units = list(map(int, text.replace(".", "").split(" ")))
            if len(units) == len(prices):
                return units
        decimals = self.decimals
        units = [self._parse(price) for price in prices]
        return units if decimals == self.decimals else [self._parse(price) for price in prices]

    def _parse(self, text: str) -> int:
        if not _PRICE.fullmatch(text):
            raise BadLevelError(self.instrument_id, "price", text)
        whole, _, fraction = text.partition(".")
        if len(fraction) > self.decimals:
            self._grow(len(fraction))
        return int(whole + fraction.ljust(self.decimals, "0"))

    def find(self, price: Decimal) -> int | None:
        """The integer of a price; ``None`` if it is finer than every price seen."""
        units = Fraction(price) * 10**self.decimals
        return units.numerator if units.denominator == 1 else None

    def _grow(self, decimals: int) -> None:
        factor = 10 ** (decimals - self.decimals)
        self.decimals = decimals
        self.clear()
        self._note_usual()
        for rescale in self.on_finer:
            rescale(factor)

    def _note_usual(self) -> None:
        """Compile the form of most prices: as many decimals as the scale, and not overlong."""
        fraction = rf"\.[0-9]{{{self.decimals}}}" if self.decimals else ""
        usual = rf"[0-9]{{1,40}}+{fraction}"
        self._is_usual = re.compile(usual).fullmatch
        self._are_usual = re.compile(rf"{usual}(?: {usual})*+").fullmatch
