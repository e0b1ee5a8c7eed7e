"""An open order as it is written down, with all that its engine needs to have it back."""

from __future__ import annotations

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderStatus
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.order import Order, Place
from cadenza.trading.matching.rules import SHAPES


class SavedOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One open order between two commands.

    It is true until an event names the order, or a trailing stop is among
    `MatchingEngine.moved`; nothing else changes what stands here.

    Attributes:
        terms: The command it came with.
        sequence: Number of its acceptance.
        queued: Rank in the queue of its price; of two, the smaller is first.
        status: In the API's words.
        place: Value of the `Place` where it stands: the book, the stops, or held by its list.
        lots: Quantity, amended or not.
        leaves: What is neither executed nor cancelled.
        shown: The part of ``leaves`` the book shows.
        executed: Lots traded.
        cancelled: Lots cancelled.
        limit: Limit price in ticks; 0: none.
        stop: Trigger price in ticks; of a trailing stop, where it stood.
        budget: What is left to spend.
        expire_at: When it ends, milliseconds UTC; 0: never.
        list_id: Its order list, while another order of it is open and bound to this one.
        contingency: Kind of the list; ``None``: no list.
        leg: Which order of the list it is, counted from 0.
        ahead: On a mirrored venue, the lots still in front of it.
    """

    terms: Submit
    sequence: int
    status: OrderStatus
    place: str
    queued: int = 0
    lots: int = 0
    leaves: int = 0
    shown: int = 0
    executed: int = 0
    cancelled: int = 0
    limit: int = 0
    stop: int = 0
    budget: int = 0
    expire_at: int = 0
    list_id: str = ""
    contingency: ContingencyType | None = None
    leg: int = 0
    ahead: int = 0


def saved_of(order: Order) -> SavedOrder:
    """What to write down of an order, once the command that changed it is done."""
    of = order.order_list
    if of is not None and not of.binds(order):
        of = None
    return SavedOrder(
        terms=order.terms,
        sequence=order.sequence,
        queued=order.queued,
        status=order.status,
        place=order.place.value,
        lots=order.lots,
        leaves=order.leaves,
        shown=order.shown,
        executed=order.executed,
        cancelled=order.cancelled,
        limit=order.limit,
        stop=order.stop,
        budget=order.budget,
        expire_at=order.expire_at,
        list_id=of.list_id if of is not None else "",
        contingency=of.contingency if of is not None else None,
        leg=of.leg(order) if of is not None else 0,
        ahead=order.ahead,
    )


def order_of(saved: SavedOrder) -> Order:
    """The order again, not yet anywhere; its list and its place are the engine's to give.

    Raises:
        KeyError: If no order has such a type with such a time in force.
        ValueError: If there is no such place.
    """
    terms = saved.terms
    return Order(
        terms=terms,
        order_id=terms.order_id,
        owner=terms.owner,
        is_buy=terms.side is OrderSide.BUY,
        limit=saved.limit,
        lots=saved.lots,
        leaves=saved.leaves,
        shown=saved.shown,
        shape=SHAPES[terms.type, terms.time_in_force],
        sequence=saved.sequence,
        status=saved.status,
        stop=saved.stop,
        executed=saved.executed,
        cancelled=saved.cancelled,
        budget=saved.budget,
        expire_at=saved.expire_at,
        place=Place(saved.place),
        queued=saved.queued,
        ahead=saved.ahead,
    )
