"""One side of a local order book: the venue's strings as content, scaled integers as order.

A change of quantity, by far the most frequent update, costs a dictionary access or two: the price
is looked up as the string it came as, and only a price that is new to the side is parsed. Keys
ascend towards the best price, which is last: where most levels come and go, little has to move.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from cadenza.client.market.errors import BadLevelError
from cadenza.client.market.price_scale import EXACT, PriceScale
from cadenza.models import Row

REMOVED: Final = "0"
FEW: Final = 8
"""Keys are moved one by one among this many times as many; more of them by sorting again."""
MANY: Final = 128
"""From so many updates on it costs less to take them all at once than one by one."""

_QUANTITY: Final = re.compile(r"[0-9]++(?:\.[0-9]++)?+")
_QUANTITIES: Final = re.compile(r"[0-9]++(?:\.[0-9]++)?+(?: [0-9]++(?:\.[0-9]++)?+)*+")


class Level(NamedTuple):
    """One price level, in exact decimals.

    Attributes:
        price: The price, in the quote asset.
        quantity: The quantity, in the base asset.
    """

    price: Decimal
    quantity: Decimal


def level_of(row: Row) -> Level:
    """The level that a row of strings is."""
    return Level(Decimal(row[0]), Decimal(row[1]))


class BookSide:
    """The levels of one side.

    Args:
        scale: The scale of both sides, which rescales this one too.
        sign: 1 for bids, -1 for asks: the key of a level is its scaled price times this.
    """

    __slots__ = ("_keys", "_posted", "_prices", "_quantities", "_scale", "_sign")

    def __init__(self, scale: PriceScale, sign: int) -> None:
        self._scale = scale
        self._sign = sign
        self._keys: list[int] = []
        self._prices: dict[int, str] = {}
        self._quantities: dict[str, str] = {}
        self._posted: list[Row] = []
        scale.on_finer.append(self.rescale)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def best_key(self) -> int | None:
        """The best price in units of the scale, times the side's sign."""
        return self._keys[-1] if self._keys else None

    @property
    def best_row(self) -> Row | None:
        """The best level, in the venue's strings."""
        if not self._keys:
            return None
        price = self._prices[self._keys[-1]]
        return price, self._quantities[price]

    def reaches(self, other: BookSide) -> bool:
        """Whether the best price is that of the other side, or beyond it."""
        theirs = other.best_key
        return theirs is not None and bool(self._keys) and self._keys[-1] >= -theirs

    def post(self, updates: Sequence[Row]) -> int:
        """Keep updates for ``settle``; returns how many wait."""
        self._posted += updates
        return len(self._posted)

    def settle(self) -> None:
        """Apply posted updates: of each level the last alone.

        Raises:
            BadLevelError: As ``apply``.
        """
        posted, self._posted = self._posted, []
        if len(posted) < MANY:
            self.apply(posted, [])
            return
        latest = dict(posted)
        _check_quantities(latest.values(), self._scale.instrument_id)
        if not self._merge(latest):
            self.apply(posted, [])

    def apply(self, updates: Sequence[Row], changed: list[Row]) -> None:
        """Set each named level to its absolute quantity; zero removes it.

        Args:
            updates: The levels to set.
            changed: Gets the updates that change something, also when a later one is refused.

        Raises:
            BadLevelError: A quantity is malformed: nothing has been applied. Or a price is: the
                updates before it have been applied.
        """
        _check_quantities([quantity for _, quantity in updates], self._scale.instrument_id)
        scale, sign = self._scale, self._sign
        keys, prices, quantities = self._keys, self._prices, self._quantities
        for row in updates:
            price, quantity = row
            if quantity == REMOVED or (quantity[0] == "0" and not quantity.strip("0.")):
                key = sign * scale[price]
                known = prices.pop(key, None)
                if known is None:
                    continue
                del quantities[known]
                del keys[bisect_left(keys, key)]
            elif price in quantities:
                if quantities[price] == quantity:
                    continue
                quantities[price] = quantity
            else:
                key = sign * scale[price]
                known = prices.setdefault(key, price)
                if known is price:
                    insort(keys, key)
                elif quantities[known] == quantity:
                    continue
                # A price in another spelling: a level keeps the one it has.
                quantities[known] = quantity
            changed.append(row)

    def _merge(self, latest: dict[str, str]) -> bool:
        """Apply the last updates of many levels, all at once.

        Returns:
            False, and nothing has changed, if they must be taken in their order: a price comes in
            two spellings, or malformed.
        """
        prices, quantities = self._prices, self._quantities
        gone = [price for price, quantity in latest.items() if _is_zero(quantity)]
        for price in gone:
            del latest[price]
        fresh = [price for price in latest if price not in quantities]
        try:
            units = self._scale.units(fresh + gone)
        except BadLevelError:
            return False
        keys = units if self._sign > 0 else [-unit for unit in units]
        new = dict(zip(keys, fresh, strict=False))
        known = prices.keys()
        dead = keys[len(fresh) :]
        left = {key: prices[key] for key in dead if key in known}
        if (
            len(new) < len(fresh)
            or not known.isdisjoint(new)
            or not new.keys().isdisjoint(dead)
            or not latest.keys().isdisjoint(left.values())
        ):
            return False
        quantities.update(latest)
        for key, price in left.items():
            del prices[key], quantities[price]
        prices.update(new)
        self._move(new, left)
        return True

    def _move(self, new: Collection[int], left: Collection[int]) -> None:
        """Put keys into their places, and take others out."""
        keys = self._keys
        if len(new) + len(left) < len(keys) // FEW:
            for key in left:
                del keys[bisect_left(keys, key)]
            for key in new:
                insort(keys, key)
        else:
            # A list in order, with a few keys at its end that are not, is sorted fast.
            keys[:] = [*(key for key in keys if key not in left), *new]
            keys.sort()

    def replace(self, rows: Sequence[Row], changed: list[Row]) -> None:
        """Take these levels instead of the present ones.

        Args:
            rows: The levels, in any order.
            changed: Gets the updates that lead from the former levels to these.

        Raises:
            BadLevelError: A row is malformed, or a price stands twice; the side is as it was.
        """
        # Posted updates belong to the former levels; a fault may have left them here.
        self._posted = []
        scale, sign = self._scale, self._sign
        prices: dict[int, str] = {}
        quantities: dict[str, str] = {}
        _check_quantities([quantity for _, quantity in rows], scale.instrument_id)
        all_units = scale.units([price for price, _ in rows])
        for units, (price, quantity) in zip(all_units, rows, strict=True):
            if _is_zero(quantity):
                continue
            key = sign * units
            if key in prices:
                raise BadLevelError(scale.instrument_id, "price", price, "stands twice")
            prices[key] = price
            quantities[price] = quantity
        self._note_difference(prices, quantities, changed)
        self._keys, self._prices, self._quantities = sorted(prices), prices, quantities

    def rescale(self, factor: int) -> None:
        """Follow the scale, which has become finer by this factor."""
        # In place: an update in progress holds on to these.
        self._keys[:] = [key * factor for key in self._keys]
        scaled = {key * factor: price for key, price in self._prices.items()}
        self._prices.clear()
        self._prices.update(scaled)

    def rows(self, depth: int = 0) -> Iterator[Row]:
        """The best levels in the venue's strings, best first; 0 means every level."""
        prices, quantities = self._prices, self._quantities
        keys = self._keys[-depth:]
        return ((price, quantities[price]) for price in map(prices.__getitem__, reversed(keys)))

    def levels(self, depth: int = 0) -> list[Level]:
        """The best levels, best first; 0 means every level."""
        return [level_of(row) for row in self.rows(depth)]

    def quantity_at(self, price: Decimal) -> Decimal | None:
        """The quantity of a level; ``None`` if there is no such level."""
        units = self._scale.find(price)
        text = None if units is None else self._prices.get(self._sign * units)
        return None if text is None else Decimal(self._quantities[text])

    def total(self) -> Decimal:
        """The sum of all quantities."""
        total = Decimal()
        for quantity in self._quantities.values():
            total = EXACT.add(total, Decimal(quantity))
        return total

    def cost(self, quantity: Decimal) -> Decimal | None:
        """Price times quantity of the best levels that give a quantity; ``None``: too few."""
        cost, left = Decimal(), quantity
        for row in self.rows():
            level = level_of(row)
            taken = min(level.quantity, left)
            cost = EXACT.add(cost, EXACT.multiply(level.price, taken))
            left = EXACT.subtract(left, taken)
            if not left:
                return cost
        return None

    def _note_difference(
        self, prices: dict[int, str], quantities: dict[str, str], changed: list[Row]
    ) -> None:
        before = {key: self._quantities[price] for key, price in self._prices.items()}
        for key, price in prices.items():
            if before.pop(key, None) != quantities[price]:
                changed.append((price, quantities[price]))
        changed.extend((self._prices[key], REMOVED) for key in before)


def _is_zero(quantity: str) -> bool:
    return quantity == REMOVED or (quantity[0] == "0" and not quantity.strip("0."))


def _check_quantities(quantities: Collection[str], instrument_id: str) -> None:
    # All in one match: a match for each would cost more than the rest of an update.
    joined = " ".join(quantities)
    if not quantities:
        return
    if not _QUANTITIES.fullmatch(joined) or joined.count(" ") != len(quantities) - 1:
        bad = next(quantity for quantity in quantities if not _QUANTITY.fullmatch(quantity))
        raise BadLevelError(instrument_id, "quantity", bad)
