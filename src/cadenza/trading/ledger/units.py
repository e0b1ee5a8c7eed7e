"""Minor units: the decimals of each asset, and the worth of a lot and a tick in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from cadenza.market.errors import DecimalError, OffStepError
from cadenza.market.instrument import Listing
from cadenza.market.scale import DecimalScale
from cadenza.trading.ledger.errors import AmountTextError, UnknownAssetError

LEAST_DECIMALS: Final = 8
"""The least number of decimals of an asset, so that nobody notices the rounding of fees."""

PRICE_DECIMALS: Final = 8
"""Decimals of average prices beyond those of the tick."""


class AssetScales(Mapping[str, int]):
    """The number of decimals of each asset, and amounts between text and minor units.

    Args:
        decimals: Decimals by asset name.
    """

    def __init__(self, decimals: Mapping[str, int]) -> None:
        self._decimals = dict(decimals)
        self._scales = {
            asset: DecimalScale(_step(count), "amount") for asset, count in self._decimals.items()
        }

    @classmethod
    def of(cls, listings: Iterable[Listing], extra: Mapping[str, int] | None = None) -> AssetScales:
        """Scales in which every lot and every cost of the listings is a whole number.

        Args:
            listings: The instruments.
            extra: The least decimals of assets, by name; also of assets of no listing.
        """
        decimals = dict(extra or {})
        for listing in listings:
            lot, tick = _decimals(listing.lots.step), _decimals(listing.ticks.step)
            for asset, needed in ((listing.id.base, lot), (listing.id.quote, lot + tick)):
                decimals[asset] = max(decimals.get(asset, LEAST_DECIMALS), needed)
        return cls(decimals)

    def learn(self, asset: str, decimals: int) -> None:
        """Add an asset; one that is known keeps its decimals."""
        if asset not in self._decimals:
            self._decimals[asset] = decimals
            self._scales[asset] = DecimalScale(_step(decimals), "amount")

    def parse(self, asset: str, text: str) -> int:
        """Read a decimal amount as minor units.

        Raises:
            UnknownAssetError: The asset has no scale.
            AmountTextError: The text is no plain decimal, or has too many decimals.
        """
        try:
            return self._scale(asset)[text]
        except OffStepError as error:
            problem = f"it has more than {self[asset]} decimals; the nearest is {error.nearest}"
            raise AmountTextError(asset, text, problem) from error
        except DecimalError as error:
            raise AmountTextError(asset, text, 'write it like "0.25"') from error

    def format(self, asset: str, amount: int) -> str:
        """Write minor units as a decimal string, with all decimals of the asset.

        Raises:
            UnknownAssetError: The asset has no scale.
        """
        text = self._scale(asset).format(amount)
        return f"-{text}" if amount < 0 else text

    def decimals(self, asset: str) -> int:
        """The number of decimals that amounts of an asset have.

        Raises:
            UnknownAssetError: The asset has no scale.
        """
        if asset not in self._decimals:
            raise UnknownAssetError(asset, self._decimals)
        return self._decimals[asset]

    def _scale(self, asset: str) -> DecimalScale:
        scale = self._scales.get(asset)
        if scale is None:
            raise UnknownAssetError(asset, self._scales)
        return scale

    def __getitem__(self, asset: str) -> int:
        return self._decimals[asset]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decimals)

    def __len__(self) -> int:
        return len(self._decimals)


class InstrumentUnits:
    """Ticks and lots of one instrument in minor units of its assets, exactly.

    Attributes:
        listing: The instrument.
        scales: The scales of its assets.
        lot: Minor units of the base asset in a lot.
        tick_lot: Minor units of the quote asset that one lot costs at a price of one tick.

    Raises:
        UnknownAssetError: An asset of the instrument has no scale.
        AmountTextError: A scale is too coarse for the instrument's steps.
    """

    __slots__ = ("listing", "lot", "scales", "tick_lot")

    def __init__(self, listing: Listing, scales: AssetScales) -> None:
        self.listing = listing
        self.scales = scales
        lot_step = listing.lots.step
        unit = format(Decimal(lot_step) * Decimal(listing.ticks.step), "f")
        self.lot = scales.parse(listing.id.base, lot_step)
        self.tick_lot = scales.parse(listing.id.quote, unit)

    def quantity(self, lots: int) -> int:
        """Minor units of the base asset."""
        return lots * self.lot

    def cost(self, ticks: int, lots: int) -> int:
        """Minor units of the quote asset."""
        return ticks * lots * self.tick_lot

    def price(self, cost: int, lots: int) -> str:
        """The average price as text, rounded half to even at ``PRICE_DECIMALS`` beyond the tick.

        Args:
            cost: Minor units of the quote asset.
            lots: The quantity that it paid for; not zero.
        """
        listing = self.listing
        exact = Fraction(cost, lots * self.tick_lot) * Fraction(listing.ticks.step)
        return decimal_text(exact, _decimals(listing.ticks.step) + PRICE_DECIMALS, trim=True)


def decimal_text(value: Fraction, decimals: int, *, trim: bool = False) -> str:
    """A number as a plain decimal string, rounded half to even.

    Args:
        value: The exact number.
        decimals: The number of decimals to round to.
        trim: Whether to leave out zeros at the end.
    """
    units = round(value * 10**decimals)
    whole, fraction = divmod(abs(units), 10**decimals)
    text = f"{whole}.{fraction:0{decimals}d}" if decimals else str(whole)
    if trim and decimals:
        text = text.rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 else text


def _decimals(step: str) -> int:
    return len(step.partition(".")[2].rstrip("0"))


def _step(decimals: int) -> str:
    return format(Decimal(1).scaleb(-decimals), "f")
