"""Trading fees: integer rates, one rounding direction, one asset.

The rules, stated once:

* A rate is in parts per million of the cost: 1000 is 0.1 %. A negative maker rate is a rebate.
* The fee is in the quote asset of the instrument, for both sides. The buyer pays it on top of the
  cost, so it is reserved with it; the seller gets the cost less the fee.
* An order's fee, over all its fills, is rounded up once, to the minor unit: always in favour of
  the venue, never by more than one unit an order. What a fill was charged too much is carried to
  the order's next one, in millionths of a minor unit.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

MILLION: Final = 1_000_000


class FeeRateError(ValueError):
    """A rate outside what makes sense.

    Attributes:
        name: The rate, ``maker`` or ``taker``.
        ppm: The refused value.
    """

    def __init__(self, name: str, ppm: int) -> None:
        self.name = name
        self.ppm = ppm
        nearest = max(1 - MILLION, min(MILLION - 1, ppm))
        super().__init__(
            f"{name} fee of {ppm} ppm must be above -{MILLION} and below {MILLION};"
            f" the nearest is {nearest}"
        )


class Charge(NamedTuple):
    """The fee of one fill.

    Attributes:
        fee: Minor units of the quote asset; negative for a rebate.
        carry: Charged too much so far in this order, in millionths of a minor unit (0 to 999,999).
    """

    fee: int
    carry: int


def charge(ppm: int, cost: int, carry: int = 0) -> Charge:
    """The fee of a fill.

    Args:
        ppm: The rate in parts per million.
        cost: Price times quantity, minor units of the quote asset.
        carry: The carry of the order's fill before this one; 0 for the first.
    """
    due = ppm * cost - carry
    fee = -(-due // MILLION)
    return Charge(fee, fee * MILLION - due)


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """The rates of a venue in parts per million.

    Attributes:
        maker_ppm: The rate of the order that was in the book; a negative one is a rebate.
        taker_ppm: The rate of the order that came.

    Raises:
        FeeRateError: A rate of 100 % or more, in either direction.
    """

    maker_ppm: int = 0
    taker_ppm: int = 0

    def __post_init__(self) -> None:
        for name, ppm in (("maker", self.maker_ppm), ("taker", self.taker_ppm)):
            if not -MILLION < ppm < MILLION:
                raise FeeRateError(name, ppm)

    def rate(self, *, is_maker: bool) -> int:
        """The rate of one side of a fill."""
        return self.maker_ppm if is_maker else self.taker_ppm

    @property
    def worst_ppm(self) -> int:
        """The highest rate an order can meet; rebates count as zero."""
        return max(self.maker_ppm, self.taker_ppm, 0)

    def hold(self, cost: int, carry: int = 0) -> int:
        """The amount to keep reserved to buy for up to ``cost`` more, as maker or taker.

        Any fill of a part of ``cost`` leaves at least the hold of the rest: a reservation made
        with this never falls short, however the order is cut into fills.

        Args:
            cost: Minor units of the quote asset.
            carry: The order's carry after its last fill.
        """
        return cost + max(0, charge(self.worst_ppm, cost, carry).fee)
