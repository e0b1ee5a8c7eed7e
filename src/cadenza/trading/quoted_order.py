"""An order that takes a dealer's quote: its terms, and the fill that follows from it."""

from __future__ import annotations

import uuid
from typing import Final

from cadenza.models import OrderType, TimeInForce
from cadenza.trading.errors import OrderTermsError
from cadenza.trading.exchange.quotes import Offer
from cadenza.trading.exchange.terms import Terms
from cadenza.trading.matching.events import Accepted, AnyEvent, Trade
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.orders.request import OrderRequest
from cadenza.trading.orders.state import OrderState

DEALER: Final = "@dealer"
"""The owner on the other side; it is no customer and has no account in the ledger."""

_AT_ONCE: Final = (None, TimeInForce.IOC, TimeInForce.FOK)
_FILL_OR_KILL: Final = SHAPES[OrderType.LIMIT, TimeInForce.FOK]


def quoted_terms(request: OrderRequest, *, lots: int, price: int) -> Terms:
    """The terms of a QUOTED order: all of it at once, at exactly this price.

    Raises:
        OrderTermsError: It has a field that goes with other types only.
    """
    for field, value in (
        ("stopPrice", request.stop_price),
        ("trailingDistance", request.trailing_distance),
        ("visibleQuantity", request.visible_quantity),
        ("expireAt", request.expire_at),
        ("contingencyType", request.contingency),
        ("takeProfitPrice", request.take_profit),
        ("stopLossPrice", request.stop_loss),
    ):
        if value:
            raise OrderTermsError(field, "is not for QUOTED")
    if request.time_in_force not in _AT_ONCE:
        raise OrderTermsError("timeInForce", "of QUOTED is FOK: it is filled at once")
    return Terms(
        side=request.side,
        type=OrderType.QUOTED,
        time_in_force=TimeInForce.FOK,
        shape=_FILL_OR_KILL,
        lots=lots,
        limit=price,
    )


def quoted_fill(order: OrderState, offer: Offer, now: int) -> list[AnyEvent]:
    """What an engine would say, had the order met the dealer in its book."""
    trade = Trade(
        at=now,
        trade_id=uuid.UUID(offer.quote_id).int,  # like no trade of a market
        price=offer.price,
        lots=offer.lots,
        aggressor=order.side,
        maker_id="",
        taker_id=order.order_id,
        maker_owner=DEALER,
        taker_owner=order.account_id,
        maker_leaves=0,
        taker_leaves=0,
    )
    return [Accepted(at=now, order_id=order.order_id), trade]
