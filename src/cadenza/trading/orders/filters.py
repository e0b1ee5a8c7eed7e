"""The filters of an instrument: decimal strings in, ticks and lots out, or the filter that refuses.

Filters are named as traders know them from exchanges. Every refusal carries the nearest value that
would pass, where there is one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec

from cadenza.market.errors import DecimalError, OffStepError
from cadenza.market.instrument import Listing
from cadenza.models import InstrumentStatus, OrderType, QuantityRounding, TimeInForce
from cadenza.trading.errors import TradingError
from cadenza.trading.matching.rules import MAX_UNITS

_DOWN: Final = frozenset({QuantityRounding.DOWN, QuantityRounding.FLOOR})
_UP: Final = frozenset({QuantityRounding.UP, QuantityRounding.CEIL})


class FilterName(StrEnum):
    """The filters of an instrument."""

    STATUS = "STATUS"
    ORDER_TYPE = "ORDER_TYPE"
    TIME_IN_FORCE = "TIME_IN_FORCE"
    TICK_SIZE = "TICK_SIZE"
    PRICE_RANGE = "PRICE_RANGE"
    LOT_SIZE = "LOT_SIZE"
    MIN_QUANTITY = "MIN_QUANTITY"
    MAX_QUANTITY = "MAX_QUANTITY"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    MAX_NOTIONAL = "MAX_NOTIONAL"
    ICEBERG = "ICEBERG"


class FilterError(TradingError):
    """An order that the instrument does not allow.

    Attributes:
        instrument_id: The instrument.
        filter: The filter.
        field: The request's field.
        value: The value of the field.
        nearest: The nearest value that passes; ``None``: there is none.
    """

    def __init__(
        self,
        listing: Listing,
        name: FilterName,
        field: str,
        value: str,
        problem: str,
        *,
        nearest: str | None = None,
    ) -> None:
        self.instrument_id = str(listing.id)
        self.filter = name
        self.field = field
        self.value = value
        self.nearest = nearest
        hint = f"; the nearest valid value is {nearest}" if nearest is not None else ""
        shown = value if len(value) <= 60 else f"{value[:60]}..."
        super().__init__(f'{self.instrument_id}, filter {name}: {field} "{shown}" {problem}{hint}')


class InstrumentFilters:
    """The filters of one instrument.

    Args:
        listing: The instrument and its scales.
    """

    __slots__ = ("_max_notional", "_min_notional", "_unit", "listing", "max_lots", "min_lots")

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        instrument = listing.instrument
        lot = Fraction(listing.lots.step)
        # A limit between two lots is as good as the nearest lot inside it.
        self.min_lots = max(1, _ceil(Fraction(instrument.min_quantity) / lot))
        self.max_lots = min(MAX_UNITS, Fraction(instrument.max_quantity) // lot)
        self._unit = Fraction(listing.ticks.step) * lot
        self._min_notional = _ceil(Fraction(instrument.min_notional) / self._unit)
        most = instrument.max_notional
        self._max_notional = None if most is msgspec.UNSET else int(Fraction(most) // self._unit)

    def status(self) -> None:
        """Refuse everything unless the instrument is ACTIVE.

        Raises:
            FilterError: It is not.
        """
        status = self.listing.instrument.status
        if status is not InstrumentStatus.ACTIVE:
            raise self._error(
                FilterName.STATUS, "instrumentId", str(self.listing.id), f"is {status}"
            )

    def order_type(self, value: OrderType) -> OrderType:
        """An order type that the instrument takes.

        Raises:
            FilterError: It does not take it.
        """
        known = self.listing.instrument.order_types
        if value not in known:
            raise self._unlisted(FilterName.ORDER_TYPE, "orderType", value, known)
        return value

    def time_in_force(self, value: TimeInForce) -> TimeInForce:
        """A time in force that the instrument takes.

        Raises:
            FilterError: It does not take it.
        """
        known = self.listing.instrument.time_in_force_options
        if value not in known:
            raise self._unlisted(FilterName.TIME_IN_FORCE, "timeInForce", value, known)
        return value

    def price(self, text: str, field: str = "limitPrice") -> int:
        """A price in ticks, at least one.

        Raises:
            FilterError: It is no decimal, between two ticks, zero or too large.
        """
        ticks = self.listing.ticks
        try:
            found = ticks[text]
        except OffStepError as error:
            nearest = ticks.format(max(1, _nearest(text, ticks.step)))
            problem = f"is not a multiple of {error.step}"
            raise self._error(FilterName.TICK_SIZE, field, text, problem, nearest) from error
        except DecimalError as error:
            problem = "is not a plain positive decimal"
            raise self._error(FilterName.PRICE_RANGE, field, text, problem) from error
        if not 0 < found <= MAX_UNITS:
            bound = ticks.format(1 if found <= 0 else MAX_UNITS)
            problem = "is out of range"
            raise self._error(FilterName.PRICE_RANGE, field, text, problem, bound)
        return found

    def quantity(
        self,
        text: str,
        rounding: QuantityRounding = QuantityRounding.NONE,
        field: str = "quantity",
    ) -> int:
        """A quantity in lots, within the instrument's limits.

        Args:
            text: A plain decimal.
            rounding: The way to round a quantity between two lots; ``NONE`` refuses it.
            field: Its name in the request.

        Raises:
            FilterError: It is no decimal, between two lots, too small or too large.
        """
        lots = self.listing.lots
        try:
            found = lots[text]
        except OffStepError as error:
            if rounding is QuantityRounding.NONE:
                nearest = lots.format(self._clamp(_nearest(text, lots.step)))
                problem = f"is not a multiple of {error.step}"
                raise self._error(FilterName.LOT_SIZE, field, text, problem, nearest) from error
            found = _round(Fraction(text) / Fraction(lots.step), rounding)
        except DecimalError as error:
            problem = "is not a plain positive decimal"
            raise self._error(FilterName.LOT_SIZE, field, text, problem) from error
        if found < self.min_lots:
            name, bound, word = FilterName.MIN_QUANTITY, self.min_lots, "below"
        elif found > self.max_lots:
            name, bound, word = FilterName.MAX_QUANTITY, self.max_lots, "above"
        else:
            return found
        nearest = lots.format(bound)
        raise self._error(name, field, text, f"is {word} {nearest}", nearest)

    def budget(self, text: str, field: str = "quantity") -> int:
        """An amount of the quote asset, in units of one lot at one tick, rounded down.

        Raises:
            FilterError: It is no decimal, or outside the notional limits.
        """
        try:
            self.listing.ticks[text]
        except OffStepError:
            pass  # a budget need not be a price
        except DecimalError as error:
            problem = "is not a plain positive decimal"
            raise self._error(FilterName.MIN_NOTIONAL, field, text, problem) from error
        units = int(Fraction(text) // self._unit)
        least, most = max(1, self._min_notional), self._most_budget()
        if units < least:
            nearest = self.cost(least)
            name = FilterName.MIN_NOTIONAL
            raise self._error(name, field, text, f"is below {nearest}", nearest)
        if units > most:
            nearest = self.cost(most)
            name = FilterName.MAX_NOTIONAL
            raise self._error(name, field, text, f"is above {nearest}", nearest)
        return units

    def notional(self, ticks: int, lots: int) -> None:
        """Check price times quantity; the refusal names the nearest quantity at that price.

        Raises:
            FilterError: Too small or too large.
        """
        cost, most = ticks * lots, self._max_notional
        if cost < self._min_notional:
            name, word, bound = FilterName.MIN_NOTIONAL, "below", self._min_notional
            fitting = self._fit(-(-bound // ticks))
        elif most is not None and cost > most:
            name, word, bound = FilterName.MAX_NOTIONAL, "above", most
            fitting = self._fit(most // ticks)
        else:
            return
        problem = f"costs {self.cost(cost)}, {word} {self.cost(bound)}"
        raise self._error(name, "quantity", self.listing.lots.format(lots), problem, fitting)

    def iceberg(self, text: str, lots: int, field: str = "visibleQuantity") -> int:
        """The shown part of an iceberg in lots.

        Raises:
            FilterError: The instrument takes no icebergs, or it shows too little or too much.
        """
        instrument = self.listing.instrument
        if instrument.is_iceberg_allowed is not True:
            raise self._error(FilterName.ICEBERG, field, text, "is not allowed here")
        scale = self.listing.lots
        shown = self.quantity(text, field=field)
        given = instrument.iceberg_min_quantity
        least = 1 if given is msgspec.UNSET else _ceil(Fraction(given) / Fraction(scale.step))
        if shown < least <= lots:
            nearest = scale.format(least)
            raise self._error(FilterName.ICEBERG, field, text, f"is below {nearest}", nearest)
        if shown > lots:
            nearest = scale.format(lots)
            raise self._error(FilterName.ICEBERG, field, text, "exceeds the quantity", nearest)
        return shown

    def cost(self, units: int) -> str:
        """The text of an amount of the quote asset given in units of one lot at one tick."""
        step = Decimal(self.listing.ticks.step) * Decimal(self.listing.lots.step)
        return f"{units * step.normalize():f}"

    def _most_budget(self) -> int:
        return MAX_UNITS if self._max_notional is None else min(self._max_notional, MAX_UNITS)

    def _clamp(self, lots: int) -> int:
        return min(max(lots, self.min_lots), self.max_lots)

    def _fit(self, lots: int) -> str | None:
        """The text of a quantity if the quantity limits allow it."""
        if self.min_lots <= lots <= self.max_lots:
            return self.listing.lots.format(lots)
        return None

    def _unlisted(
        self, name: FilterName, field: str, value: str, known: Iterable[str]
    ) -> FilterError:
        known = list(known)
        nearest = difflib.get_close_matches(value, known, n=1, cutoff=0)
        problem = f"is not one of {', '.join(known)}"
        return self._error(name, field, value, problem, nearest[0] if nearest else None)

    def _error(
        self, name: FilterName, field: str, value: str, problem: str, nearest: str | None = None
    ) -> FilterError:
        return FilterError(self.listing, name, field, value, problem, nearest=nearest)


def _ceil(value: Fraction) -> int:
    return -int(-value // 1)


def _nearest(text: str, step: str) -> int:
    return round(Fraction(text) / Fraction(step))


def _round(value: Fraction, rounding: QuantityRounding) -> int:
    """Round a positive number; up and away from zero are the same here."""
    floor, rest = int(value // 1), value % 1
    if rounding in _DOWN:
        return floor
    if rounding in _UP:
        return _ceil(value)
    if rest == Fraction(1, 2):
        if rounding is QuantityRounding.HALF_EVEN:
            return floor + floor % 2
        return floor if rounding is QuantityRounding.HALF_DOWN else floor + 1
    return round(value)
