"""An open order as it is written down, and the way back into an engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderStatus
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.order import BOOK, HELD, STOPS, Order, OrderList, Place
from cadenza.trading.matching.rules import LIST_LENGTHS, SHAPES, Shape
from cadenza.trading.order_status import TERMINAL

OCO: Final = ContingencyType.OCO
OTOCO: Final = ContingencyType.OTOCO

_PLACES: Final = frozenset(place.value for place in (BOOK, STOPS, HELD))


class RestoreError(Exception):
    """Saved orders that cannot stand: whoever kept them kept them wrong.

    Attributes:
        order_ids: The orders it is about.
        fault: The contradiction.
    """

    def __init__(self, fault: str, *order_ids: str) -> None:
        self.fault = fault
        self.order_ids = order_ids
        about = f" ({', '.join(order_ids)})" if order_ids else ""
        super().__init__(f"the saved orders cannot be restored: {fault}{about}")


class SavedOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One open order between two commands.

    It is true until an event names the order, or a trailing stop is among
    ``MatchingEngine.moved``; nothing else changes what stands here.

    Attributes:
        terms: The command it came with.
        sequence: Number of its acceptance.
        queued: Rank in the queue of its price; of two, the smaller is first.
        status: Its status in the API's words.
        place: Value of the ``Place`` where it stands: the book, the stops, or held by its list.
        lots: Quantity, amended or not.
        leaves: Lots that are neither executed nor cancelled.
        shown: The part of ``leaves`` the book shows.
        executed: Lots traded.
        cancelled: Lots cancelled.
        limit: Limit price in ticks; 0: none.
        stop: Trigger price in ticks; of a trailing stop, where it stood.
        budget: The rest of what it may spend.
        expire_at: The time of its end, milliseconds UTC; 0: it has none.
        list_id: Its order list, while another order of it is open and bound to this one.
        contingency: Kind of the list; ``None``: no list.
        leg: Its number in the list, counted from 0.
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
    """An order as it is to be written down, once the command that changed it is done."""
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


def restored(saved: Iterable[SavedOrder]) -> list[Order]:
    """The orders of an engine, each with its list, in the order in which they go back in.

    Those of one price come in the order of their ranks, the rest in the order of acceptance.

    Raises:
        RestoreError: If an order contradicts itself or another one, or a list lacks a part.
    """
    found = sorted(saved, key=_turn)
    for one in found:
        fault = _fault(one)
        if fault is not None:
            raise RestoreError(fault, one.terms.order_id)
    _check_unique(found)
    orders = [order_of(one) for one in found]
    _bind(found, orders)
    return orders


def check_uncrossed(orders: Iterable[Order]) -> None:
    """Make sure that no order of a book would trade with another.

    Raises:
        RestoreError: If the best bid reaches the best ask.
    """
    resting = [order for order in orders if order.place is BOOK]
    bid = max((order for order in resting if order.is_buy), key=_limit, default=None)
    ask = min((order for order in resting if not order.is_buy), key=_limit, default=None)
    if bid is not None and ask is not None and bid.limit >= ask.limit:
        raise RestoreError("the book would be crossed", bid.order_id, ask.order_id)


def _turn(one: SavedOrder) -> tuple[int, int]:
    return one.queued, one.sequence


def _limit(order: Order) -> int:
    return order.limit


def _fault(one: SavedOrder) -> str | None:
    """The fault of a saved order as such; ``None``: it has none."""
    terms = one.terms
    shape = SHAPES.get((terms.type, terms.time_in_force))
    if shape is None:
        return f"no {terms.type} order is {terms.time_in_force}"
    if terms.side is OrderSide.UNKNOWN:
        return "it has no side"
    if one.sequence <= 0:
        return f"no order was accepted as number {one.sequence}"
    if one.place not in _PLACES:
        return f'no open order stands in "{one.place}"'
    if one.status in TERMINAL:
        return f"it is {one.status}"
    if min(one.executed, one.cancelled, one.ahead, one.expire_at, one.budget) < 0:
        return "it has a negative quantity"
    if one.leaves + one.executed + one.cancelled != one.lots:
        return "what is left, executed and cancelled is not its quantity"
    if one.leaves <= 0 and not one.budget:
        return "nothing is left of it"
    return _fault_of_place(one, shape)


def _fault_of_place(one: SavedOrder, shape: Shape) -> str | None:
    """The fault of an order in the place where it stands; ``None``: there is none."""
    if one.place == BOOK.value:
        if not (shape.rests and one.limit > 0 and one.queued > 0):
            return "it cannot rest in the book"
        if not 0 < one.shown <= one.leaves:
            return f"it shows {one.shown} of {one.leaves} lots"
    elif one.place == STOPS.value:
        if not (shape.trail or (shape.stop and one.stop > 0)):
            return "it has no trigger price to wait for"
    elif one.contingency in (None, OCO) or one.leg == 0:
        return "it is held by no other order"
    return None


def _check_unique(found: list[SavedOrder]) -> None:
    """No two orders have one id, one sequence, or one rank at a price."""
    ids: dict[str, str] = {}
    sequences: dict[int, str] = {}
    ranks: dict[tuple[OrderSide, int, int], str] = {}
    for one in found:
        order_id = one.terms.order_id
        if order_id in ids:
            raise RestoreError("an id is there twice", order_id)
        ids[order_id] = order_id
        other = sequences.setdefault(one.sequence, order_id)
        if other != order_id:
            raise RestoreError(f"two orders are number {one.sequence}", other, order_id)
        if one.place == BOOK.value:
            rank = one.terms.side, one.limit, one.queued
            other = ranks.setdefault(rank, order_id)
            if other != order_id:
                raise RestoreError("two orders have one place in a queue", other, order_id)


def _bind(found: list[SavedOrder], orders: list[Order]) -> None:
    """Make the lists again.

    A list of which only the working order is left binds nobody any more, and is not made.
    """
    lists: dict[tuple[int, str], list[tuple[SavedOrder, Order]]] = {}
    for one, order in zip(found, orders, strict=True):
        if one.contingency is not None:
            lists.setdefault((one.sequence - one.leg, one.list_id), []).append((one, order))
    for (first, list_id), parts in lists.items():
        parts.sort(key=lambda part: part[0].leg)
        fault = _fault_of_list([one for one, _ in parts])
        if fault is not None:
            ids = [order.order_id for _, order in parts]
            raise RestoreError(f'order list "{list_id}" {fault}', *ids)
        contingency = parts[0][0].contingency
        if contingency is not None and len(parts) > 1:
            OrderList(list_id, contingency, tuple([order for _, order in parts]), first=first)


def _fault_of_list(parts: list[SavedOrder]) -> str | None:
    """The fault of the orders of a list, given in order of their legs; ``None``: there is none."""
    contingency = parts[0].contingency
    if contingency is None or any(one.contingency is not contingency for one in parts):
        return "is of two kinds"
    if not 0 <= parts[0].leg <= parts[-1].leg < LIST_LENGTHS[contingency][1]:
        return "has more orders than one of its kind"
    if len({one.terms.owner for one in parts}) > 1:
        return "has two owners"
    has_working = contingency is not OCO and parts[0].leg == 0
    others = parts[1:] if has_working else parts
    if any((one.place == HELD.value) is not has_working for one in others):
        return "holds what it should not, or lacks the order that would set the held ones free"
    if contingency in (OCO, OTOCO) and len(others) == 1:
        return "lacks one of the two orders that end each other"
    return None
