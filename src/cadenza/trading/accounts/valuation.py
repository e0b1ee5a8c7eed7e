"""The valuation of portfolios: the worth of balances and positions in one currency.

Worth is a matter of marks: an asset is converted at the mark of an instrument between it and the
currency, either way round, or over one asset in between; every asset the same way each time, and
the sum is rounded once, half to even, to a minor unit of the currency. An asset that no mark
reaches is not guessed at: it counts as nothing and is named in ``Worth.unpriced``.

The accounts are unleveraged: margins, loans and credit are zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from cadenza.models import Venue
from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import Balance
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits, decimal_text


class Holdings(NamedTuple):
    """The balances and positions of one account.

    Attributes:
        account_id: The account.
        venue: Its main venue.
        balances: Its balances, one for each asset.
        positions: Its open positions.
    """

    account_id: str
    venue: Venue
    balances: tuple[Balance, ...]
    positions: tuple[Position, ...]


class Worth(NamedTuple):
    """The worth of balances and positions in a currency.

    Attributes:
        equity: The sum of all balances, a decimal string.
        exposure: The sum of the absolute values of all open positions, a decimal string.
        unpriced: Names of the assets that no mark converts into the currency, in order.
    """

    equity: str
    exposure: str
    unpriced: tuple[str, ...]


class Valuation:
    """Conversion of assets into one currency at given marks.

    Args:
        currency: The asset to convert into.
        units: The instruments by id.
        marks: Prices in ticks by instrument id; those that are not there, or zero, are not used.
    """

    def __init__(
        self, currency: str, units: Mapping[str, InstrumentUnits], marks: Mapping[str, int]
    ) -> None:
        self.currency = currency
        self.units = units
        self.marks = marks
        self._edges = self._read_edges()
        self._rates: dict[str, Fraction | None] = {}

    def rate(self, asset: str) -> Fraction | None:
        """The worth of one unit of an asset, or ``None`` where no mark leads to the currency."""
        if asset not in self._rates:
            self._rates[asset] = self._find(asset)
        return self._rates[asset]

    def worth(
        self, balances: Iterable[Balance], positions: Iterable[Position], scales: AssetScales
    ) -> Worth:
        """The worth of balances and positions.

        A quantity in a position is in the balances already, so equity is that of the balances
        alone.

        Raises:
            UnknownAssetError: An asset has no scale.
        """
        equity, exposure = Fraction(0), Fraction(0)
        unpriced = set()
        for balance in balances:
            rate = self.rate(balance.asset)
            if rate is not None:
                equity += _exact(scales, balance.asset, balance.total) * rate
            elif balance.total:
                unpriced.add(balance.asset)
        for position in positions:
            units = self.units[position.instrument_id]
            quote = units.listing.id.quote
            rate, mark = self.rate(quote), self.marks.get(position.instrument_id)
            if rate is not None and mark:
                exposure += abs(_exact(scales, quote, position.value(units, mark))) * rate
        decimals = scales.decimals(self.currency)
        return Worth(
            decimal_text(equity, decimals),
            decimal_text(exposure, decimals),
            tuple(sorted(unpriced)),
        )

    def _read_edges(self) -> dict[str, dict[str, Fraction]]:
        """Direct rates by asset and other asset; of several instruments the first by id counts."""
        edges: dict[str, dict[str, Fraction]] = {}
        for instrument_id in sorted(self.units):
            mark = self.marks.get(instrument_id)
            if mark:
                listing = self.units[instrument_id].listing
                base, quote = listing.id.base, listing.id.quote
                price = mark * Fraction(listing.ticks.step)
                edges.setdefault(base, {}).setdefault(quote, price)
                edges.setdefault(quote, {}).setdefault(base, 1 / price)
        return edges

    def _find(self, asset: str) -> Fraction | None:
        if asset == self.currency:
            return Fraction(1)
        near = self._edges.get(asset, {})
        if self.currency in near:
            return near[self.currency]
        for between in sorted(near):
            rest = self._edges.get(between, {}).get(self.currency)
            if rest is not None:
                return near[between] * rest
        return None


def _exact(scales: AssetScales, asset: str, amount: int) -> Fraction:
    return Fraction(amount, 10 ** scales.decimals(asset))
