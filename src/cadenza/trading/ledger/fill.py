"""Fills as postings: the goods, the money, the fees, and the amounts that become free again."""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.trading.ledger.entry import FEES, MARKET, Bucket, Posting, Reservation
from cadenza.trading.ledger.errors import ReservationExceededError, ReservationMismatchError
from cadenza.trading.ledger.fees import charge


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side of a fill.

    Attributes:
        account_id: The account of the order.
        order_id: The key of its reservation.
        rate_ppm: The fee rate it pays, see ``fees.FeeSchedule.rate``.
        keep: The amount that the rest of the order needs reserved after this fill (of a buy
            ``fees.FeeSchedule.hold``, of a sell the base amount left); whatever the fill did not
            take beyond that becomes free. 0: the order is done, its reservation closes.
    """

    account_id: str
    order_id: str
    rate_ppm: int = 0
    keep: int = 0


OUTSIDE: Final = Leg(account_id=MARKET, order_id="")
"""The side of a market outside, which needs no reservation and pays no fee."""


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trade of two orders.

    Attributes:
        trade_id: The trade, as the journal shall name it.
        at: Milliseconds UTC.
        base_asset: The asset that is traded.
        quote_asset: The asset that is paid with.
        quantity: Minor units of the base asset.
        cost: Price times quantity, minor units of the quote asset, without fees.
        buyer: The side that pays ``cost``.
        seller: The side that gives ``quantity``.
    """

    trade_id: str
    at: int
    base_asset: str
    quote_asset: str
    quantity: int
    cost: int
    buyer: Leg
    seller: Leg


class Settled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The changes that a fill makes to a ledger.

    Attributes:
        postings: Sum to zero for each asset.
        reservations: The two sides' afterwards; none for a side outside.
        buyer_fee: Minor units of the quote asset.
        seller_fee: Minor units of the quote asset.
    """

    postings: tuple[Posting, ...]
    reservations: tuple[Reservation, ...]
    buyer_fee: int
    seller_fee: int


def settle(fill: Fill, buyer: Reservation | None, seller: Reservation | None) -> Settled:
    """Work out the changes of a fill; nothing is changed yet.

    Args:
        fill: The trade.
        buyer: The buyer's reservation; ``None`` for ``OUTSIDE``.
        seller: The seller's reservation; ``None`` for ``OUTSIDE``.

    Raises:
        ReservationMismatchError: A reservation is not of this account or asset.
        ReservationExceededError: A reservation is too small.
    """
    quote, base = fill.quote_asset, fill.base_asset
    carried = buyer.carry if buyer else 0
    buyer_fee, buyer_carry = charge(fill.buyer.rate_ppm, fill.cost, carried)
    carried = seller.carry if seller else 0
    seller_fee, seller_carry = charge(
        fill.seller.rate_ppm, fill.cost, seller.carry if seller else 0
    )
    postings: list[Posting] = []
    reservations: list[Reservation] = []
    for leg, held, asset, taken, carry in (
        (fill.buyer, buyer, quote, fill.cost + buyer_fee, buyer_carry),
        (fill.seller, seller, base, fill.quantity, seller_carry),
    ):
        if held is None:
            postings.append(Posting(leg.account_id, asset, Bucket.FREE, -taken))
            continue
        freed = _freed(leg, held, asset, taken)
        postings.append(Posting(leg.account_id, asset, Bucket.LOCKED, -taken - freed))
        postings.append(Posting(leg.account_id, asset, Bucket.FREE, freed))
        reservations.append(Reservation(leg.order_id, leg.account_id, asset, leg.keep, carry))
    postings.append(Posting(fill.buyer.account_id, base, Bucket.FREE, fill.quantity))
    postings.append(Posting(fill.seller.account_id, quote, Bucket.FREE, fill.cost - seller_fee))
    postings.append(Posting(FEES, quote, Bucket.FREE, buyer_fee + seller_fee))
    return Settled(
        postings=tuple(posting for posting in postings if posting.amount),
        reservations=tuple(reservations),
        buyer_fee=buyer_fee,
        seller_fee=seller_fee,
    )


def _freed(leg: Leg, held: Reservation, asset: str, taken: int) -> int:
    """The amount that becomes free when a fill takes ``taken`` and the rest stays reserved."""
    if (held.account_id, held.asset) != (leg.account_id, asset):
        raise ReservationMismatchError(
            leg.order_id,
            f"{asset} of {leg.account_id}",
            f"{held.asset} of {held.account_id}",
        )
    freed = held.amount - taken - leg.keep
    if freed < 0 or leg.keep < 0:
        raise ReservationExceededError(leg.order_id, asset, taken + leg.keep, held.amount)
    return freed
