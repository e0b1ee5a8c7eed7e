"""The commands of the matching engine: one frozen struct each, whole numbers throughout.

Prices are in ticks and quantities in lots; 0 means "not given", as neither can be zero. The
smallest cost there is, one lot at a price of one tick, is the unit of money here (``budget``).
``now`` is the time in milliseconds UTC: the engine has no clock. Order ids come from outside too,
so that a journal of commands is all it takes to get the same events again, byte for byte.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderType, TimeInForce


class SelfTrade(StrEnum):
    """Modes of self-trade prevention; that of the incoming order decides."""

    ALLOW = "ALLOW"
    CANCEL_NEWEST = "CANCEL_NEWEST"
    """The incoming order ends."""
    CANCEL_OLDEST = "CANCEL_OLDEST"
    """The resting order ends, the incoming one goes on."""
    CANCEL_BOTH = "CANCEL_BOTH"
    DECREMENT = "DECREMENT"
    """Both lose what the smaller one has left, so the smaller one ends."""


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag=True,
    tag_field="command",
    gc=False,
    omit_defaults=True,
):
    """The time, which every command brings.

    Attributes:
        now: Milliseconds UTC.
    """

    now: int


class Submit(Command, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A new order.

    Attributes:
        order_id: Unique for this engine's life.
        owner: The trading account; self-trade prevention goes by it.
        side: BUY or SELL.
        type: Its type; STOP_LOSS is STOP and STOP_LOSS_LIMIT is STOP_LIMIT.
        time_in_force: DAY ends at midnight UTC. Only limit orders have a choice to rest: a market
            order is IOC unless it is FOK.
        lots: Quantity; exclusive with ``budget``.
        budget: MARKET only: spend (or receive) at most this much instead.
        limit: Limit price.
        stop: Trigger price of stop and take-profit orders.
        trail: TRAILING_STOP: distance of the trigger behind the best price since acceptance.
        visible: Iceberg: the part shown; 0 shows all.
        protection: MARKET and orders that become one: the worst acceptable price.
        expire_at: GTD: the moment it ends.
        self_trade: Mode; ``None`` takes the engine's.
        client_order_id: Carried along, not looked at.
    """

    order_id: str
    owner: str
    side: OrderSide
    type: OrderType
    time_in_force: TimeInForce = TimeInForce.GTC
    lots: int = 0
    budget: int = 0
    limit: int = 0
    stop: int = 0
    trail: int = 0
    visible: int = 0
    protection: int = 0
    expire_at: int = 0
    self_trade: SelfTrade | None = None
    client_order_id: str = ""


class SubmitList(Command, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Orders that depend on each other: all are accepted, or none.

    Attributes:
        list_id: Carried along, not looked at.
        contingency: OCO: two orders of one side; as soon as one trades, triggers or ends, the other
            ends. OTO: the first works, the others are held until it is filled and end with it if it
            ends otherwise. OTOCO: OTO whose two held orders are an OCO.
        orders: The orders, the working one of OTO and OTOCO first.
    """

    list_id: str
    contingency: ContingencyType
    orders: tuple[Submit, ...]


class Cancel(Command, frozen=True, kw_only=True, gc=False):
    """Take an order back."""

    order_id: str


class Amend(Command, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Change an order's terms; what is 0 stays.

    Only a smaller quantity keeps its place in the queue; another price or more lots lose it.

    Attributes:
        order_id: The order.
        lots: The new quantity, with what is already executed.
        limit: The new limit price.
        stop: The new trigger price.
    """

    order_id: str
    lots: int = 0
    limit: int = 0
    stop: int = 0


class CancelAll(Command, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Take back all orders of an owner, in the order they came.

    Attributes:
        owner: The trading account.
        side: Only orders of this side; ``None``: of both.
    """

    owner: str
    side: OrderSide | None = None


class Expire(Command, frozen=True, kw_only=True, gc=False):
    """Nothing but the passing of time; every other command ends what is due first, too."""


class Mark(Command, frozen=True, kw_only=True, gc=False):
    """A trade elsewhere: triggers go by this price until the next trade here."""

    price: int


AnyCommand = Submit | SubmitList | Cancel | Amend | CancelAll | Expire | Mark
