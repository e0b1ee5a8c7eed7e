"""The engine's rules of terms: the shapes of the order types, and the objections to an order.

They are about whole numbers. The limits that an instrument sets beyond them stand in
``cadenza.trading.orders.filters``, and are checked before a command is made.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderType, TimeInForce
from cadenza.trading.matching.commands import Submit, SubmitList
from cadenza.trading.matching.events import RejectReason as R

MAX_UNITS: Final = 2**53 - 1
"""Ticks and lots above this are refused: readers of JSON would round them."""

MAX_BUDGET: Final = 2**63 - 1

UNKNOWN: Final = OrderSide.UNKNOWN


class Shape(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The demands and the behaviour of an order type with a time in force.

    Attributes:
        limit: It has a limit price; otherwise it takes any price up to its protection.
        stop: It waits for a trigger price.
        trail: Its trigger price follows the market.
        profit: Its trigger lies on the other side: a buy below the market, a sell above.
        waits: It is triggered before it is matched (``stop`` or ``trail``).
        post_only: It never takes.
        rests: The part that is not filled at once stays in the book.
        whole: It is filled completely at once, or not at all.
        until: It ends at a time of its owner's choice.
        today: It ends with the day.
        plain: It needs a quantity and a limit price and nothing else, and may take and rest.
    """

    limit: bool
    stop: bool
    trail: bool
    profit: bool
    waits: bool
    post_only: bool
    rests: bool
    whole: bool
    until: bool
    today: bool
    plain: bool


def _shapes(
    kind: OrderType,
    times: str,
    *,
    limit: bool = False,
    stop: bool = False,
    trail: bool = False,
    profit: bool = False,
    post_only: bool = False,
) -> dict[tuple[OrderType, TimeInForce], Shape]:
    return {
        (kind, time): Shape(
            limit=limit,
            stop=stop,
            trail=trail,
            profit=profit,
            waits=stop or trail,
            post_only=post_only or time is TimeInForce.GTX,
            rests=limit and time not in (TimeInForce.IOC, TimeInForce.FOK),
            whole=time is TimeInForce.FOK,
            until=time is TimeInForce.GTD,
            today=time is TimeInForce.DAY,
            plain=limit
            and not (stop or trail or post_only)
            and time not in (TimeInForce.GTD, TimeInForce.DAY, TimeInForce.GTX),
        )
        for time in map(TimeInForce, times.split())
    }


_ANY_TIME: Final = "GTC GTD DAY GTX IOC FOK"
_NO_LIMIT: Final = "GTC GTD DAY IOC FOK"

SHAPES: Final[dict[tuple[OrderType, TimeInForce], Shape]] = {
    **_shapes(OrderType.MARKET, "GTC IOC FOK"),
    **_shapes(OrderType.LIMIT, _ANY_TIME, limit=True),
    **_shapes(OrderType.LIMIT_MAKER, "GTC GTD DAY GTX", limit=True, post_only=True),
    **_shapes(OrderType.STOP, _NO_LIMIT, stop=True),
    **_shapes(OrderType.STOP_LOSS, _NO_LIMIT, stop=True),
    **_shapes(OrderType.STOP_LIMIT, _ANY_TIME, stop=True, limit=True),
    **_shapes(OrderType.STOP_LOSS_LIMIT, _ANY_TIME, stop=True, limit=True),
    **_shapes(OrderType.TAKE_PROFIT, _NO_LIMIT, stop=True, profit=True),
    **_shapes(OrderType.TAKE_PROFIT_LIMIT, _ANY_TIME, stop=True, profit=True, limit=True),
    **_shapes(OrderType.TRAILING_STOP, _NO_LIMIT, trail=True),
}
"""The shapes that the engine knows; QUOTED and UNKNOWN have none."""

TYPES: Final = frozenset(kind for kind, _ in SHAPES)


LIST_LENGTHS: Final = {
    ContingencyType.OCO: (2, 2),
    ContingencyType.OTO: (2, 3),
    ContingencyType.OTOCO: (3, 3),
}
"""The least and the greatest number of orders in a list."""


def objection(terms: Submit, shape: Shape | None) -> R | None:  # noqa: C901 - a rule a line
    """The reason to reject an order of this shape; ``None``: there is none."""
    if shape is None:
        return R.BAD_TIME_IN_FORCE if terms.type in TYPES else R.BAD_TYPE
    if terms.side is UNKNOWN:
        return R.BAD_SIDE
    if terms.budget and (
        terms.type is not OrderType.MARKET or terms.lots or not 0 < terms.budget <= MAX_BUDGET
    ):
        return R.BAD_BUDGET
    if not (terms.budget or 0 < terms.lots <= MAX_UNITS):
        return R.BAD_QUANTITY
    if not _is_given(terms.limit, shape.limit):
        return R.BAD_LIMIT
    if not _is_given(terms.stop, shape.stop):
        return R.BAD_STOP
    if not _is_given(terms.trail, shape.trail):
        return R.BAD_TRAIL
    if not 0 <= terms.protection <= (0 if shape.limit else MAX_UNITS):
        return R.BAD_PROTECTION
    if not 0 <= terms.visible <= (terms.lots if shape.rests else 0):
        return R.BAD_VISIBLE
    if not (terms.now < terms.expire_at <= MAX_UNITS if shape.until else terms.expire_at == 0):
        return R.BAD_EXPIRE_AT
    return None


def _is_given(units: int, is_wanted: bool) -> bool:
    """Whether a number is there and in range if it is wanted, and absent if not."""
    return 0 < units <= MAX_UNITS if is_wanted else units == 0


def list_objection(command: SubmitList) -> R | None:
    """The reason to reject an order list as such; ``None``: there is none."""
    least, most = LIST_LENGTHS[command.contingency]
    orders = command.orders
    if not least <= len(orders) <= most:
        return R.BAD_LIST
    if len({terms.order_id for terms in orders}) < len(orders):
        return R.DUPLICATE_ORDER_ID
    if len({terms.owner for terms in orders}) > 1:
        return R.BAD_LIST
    if command.contingency is ContingencyType.OCO:
        return _rival_objection(orders)
    if command.contingency is ContingencyType.OTOCO:
        return _rival_objection(orders[1:])
    return None


def _rival_objection(rivals: tuple[Submit, ...]) -> R | None:
    """Rivals must be of one side, and only one may rest: of two limits the better always wins."""
    if len({terms.side for terms in rivals}) > 1:
        return R.BAD_LIST
    shapes = [SHAPES.get((terms.type, terms.time_in_force)) for terms in rivals]
    waiting = sum(shape is not None and shape.waits for shape in shapes)
    is_market = any(terms.type is OrderType.MARKET for terms in rivals)
    return R.BAD_LIST if is_market or waiting < len(rivals) - 1 else None
