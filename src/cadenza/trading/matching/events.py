"""The events of the matching engine: one frozen struct each, in the order things happened.

Prices are in ticks, quantities in lots, times in milliseconds UTC.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cadenza.models import OrderSide


class RejectReason(StrEnum):
    """Reasons to refuse an order, an amendment or a cancel."""

    DUPLICATE_ORDER_ID = "DUPLICATE_ORDER_ID"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    TOO_MANY_ORDERS = "TOO_MANY_ORDERS"
    BAD_SIDE = "BAD_SIDE"
    BAD_TYPE = "BAD_TYPE"
    BAD_TIME_IN_FORCE = "BAD_TIME_IN_FORCE"
    """Not known here, or it contradicts the order's type."""
    BAD_QUANTITY = "BAD_QUANTITY"
    BAD_BUDGET = "BAD_BUDGET"
    BAD_LIMIT = "BAD_LIMIT"
    """Missing, out of range, or given where the type has none; so the next three."""
    BAD_STOP = "BAD_STOP"
    BAD_TRAIL = "BAD_TRAIL"
    BAD_PROTECTION = "BAD_PROTECTION"
    BAD_VISIBLE = "BAD_VISIBLE"
    BAD_EXPIRE_AT = "BAD_EXPIRE_AT"
    BAD_LIST = "BAD_LIST"
    """The orders do not make the order list they are called."""
    LIST_REJECTED = "LIST_REJECTED"
    """Another order of its list was refused."""
    BOOK_STALE = "BOOK_STALE"
    """Mirrored venues: it would take, and what the venue offers is not known at the moment."""
    WOULD_TAKE = "WOULD_TAKE"
    """Post-only, and it would trade at once."""
    BELOW_EXECUTED = "BELOW_EXECUTED"
    """The new quantity is not above what is already executed."""


class CancelReason(StrEnum):
    """Reasons to end an order before it is filled."""

    BY_OWNER = "BY_OWNER"
    CANCEL_ALL = "CANCEL_ALL"
    NOT_FILLED_AT_ONCE = "NOT_FILLED_AT_ONCE"
    """IOC: the rest. FOK: all of it."""
    BUDGET_TOO_SMALL = "BUDGET_TOO_SMALL"
    """It buys no lot at the best price."""
    NO_LIQUIDITY = "NO_LIQUIDITY"
    """A market order found nobody, or nobody within its protection price."""
    SELF_TRADE = "SELF_TRADE"
    WOULD_TAKE = "WOULD_TAKE"
    """Post-only and woken by a trigger or its list, and it would have traded at once."""
    ORDER_LIST = "ORDER_LIST"
    """Another order of its list traded, triggered or ended."""


class Event(msgspec.Struct, frozen=True, tag=True, tag_field="event", gc=False):
    """The time, which every event has.

    Attributes:
        at: Milliseconds UTC.
    """

    at: int


class Accepted(Event, frozen=True, gc=False):
    """The order is the engine's: matched next, resting, waiting to trigger, or held by its list."""

    order_id: str


class Rejected(Event, frozen=True, gc=False):
    """The order was refused and left no trace."""

    order_id: str
    reason: RejectReason


class Refused(Event, frozen=True, gc=False):
    """A cancel or an amendment was refused; the order, if there is one, is as before."""

    order_id: str
    reason: RejectReason


class Trade(Event, frozen=True, gc=False):
    """Two orders traded, at the maker's price.

    Attributes:
        trade_id: Counts up from the engine's first.
        price: Price in ticks.
        lots: Quantity in lots.
        aggressor: Side of the taker.
        maker_id: The resting order.
        taker_id: The incoming order.
        maker_owner: Account of the maker.
        taker_owner: Account of the taker.
        maker_leaves: Lots left of the maker; 0: it is filled.
        taker_leaves: Lots left of the taker; of an order with a budget, those that the rest of it
            buys at this price, and its end is told by ``Spent`` or ``Cancelled``.
    """

    trade_id: int
    price: int
    lots: int
    aggressor: OrderSide
    maker_id: str
    taker_id: str
    maker_owner: str
    taker_owner: str
    maker_leaves: int
    taker_leaves: int


class Spent(Event, frozen=True, gc=False):
    """An order with a budget is filled: what is left buys no lot at the best price.

    Attributes:
        order_id: The order.
        lots: Lots it bought or sold in all.
        rest: The rest of the budget.
    """

    order_id: str
    lots: int
    rest: int


class Cancelled(Event, frozen=True, gc=False):
    """The order ended.

    Attributes:
        order_id: The order.
        lots: Lots that were not executed.
        reason: The reason of its end.
        rest: The rest of the budget of an order that has one.
    """

    order_id: str
    lots: int
    reason: CancelReason
    rest: int = 0


class Reduced(Event, frozen=True, gc=False):
    """Self-trade prevention took a part of the order away.

    Attributes:
        order_id: The order.
        lots: Lots it lost.
        leaves: Lots that are left; if 0, ``Cancelled`` follows.
    """

    order_id: str
    lots: int
    leaves: int


class Expired(Event, frozen=True, gc=False):
    """The order reached its time of expiry.

    Attributes:
        order_id: The order.
        lots: Lots that were not executed.
    """

    order_id: str
    lots: int


class Replaced(Event, frozen=True, gc=False):
    """The order has new terms.

    Attributes:
        order_id: The order.
        lots: Its quantity, with what is executed.
        leaves: Lots that are left.
        limit: Limit price; 0: none.
        stop: Trigger price; 0: none.
        kept: Whether it kept its place in the queue.
    """

    order_id: str
    lots: int
    leaves: int
    limit: int
    stop: int
    kept: bool


class Released(Event, frozen=True, gc=False):
    """A held order is matched or waits for its price now: the first order of its list is filled."""

    order_id: str


class Triggered(Event, frozen=True, gc=False):
    """A waiting order is matched now: its price was reached.

    Attributes:
        order_id: The order.
        last: Price of the last trade.
    """

    order_id: str
    last: int


AnyEvent = (
    Accepted
    | Rejected
    | Refused
    | Trade
    | Spent
    | Cancelled
    | Reduced
    | Expired
    | Replaced
    | Released
    | Triggered
)
