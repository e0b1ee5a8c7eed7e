"""Orders and amendments as their owner asks for them: texts of the wire, not yet checked."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from cadenza.models import (
    ContingencyType,
    OrderSide,
    OrderType,
    QuantityRounding,
    QuantityType,
    TimeInForce,
)

_DIGEST_BYTES: Final = 12
_encode: Final = msgspec.msgpack.Encoder().encode


class Exit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A take-profit or stop-loss that comes with an order.

    Attributes:
        trigger: The price that wakes it.
        limit: Limit price of the order it becomes; empty: a market order.
        time_in_force: Time in force of the order it becomes; ``None``: GTC.
    """

    trigger: str
    limit: str = ""
    time_in_force: TimeInForce | None = None


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for an order, as both surfaces of the API make it.

    Prices are decimal strings in the quote asset, quantities decimal strings; an empty string means
    that nothing was given.

    Attributes:
        instrument_id: The instrument, for example ``PAPER:BTC/USDT``.
        side: BUY or SELL.
        type: The order type.
        quantity: Amount of the base asset, or of the quote asset if ``quantity_type`` says so.
        quantity_type: BASE or QUOTE.
        rounding: The way to round a quantity between two lots; NONE refuses it.
        time_in_force: Time in force; ``None``: IOC for market orders, GTC for all others.
        limit_price: Limit price of the types that have one.
        stop_price: Trigger price of stop and take-profit orders.
        trailing_distance: TRAILING_STOP: distance at which its trigger follows the market.
        visible_quantity: Iceberg: the part shown.
        expire_at: GTD: milliseconds UTC.
        client_order_id: The owner's name for it; also its idempotency key if there is no other.
        idempotency_key: A second request with the same key returns the result of the first.
        quote_id: QUOTED: the quote it accepts.
        contingency: Kind of the list that it makes with its exits; ``None``: OTO with one exit,
            OTOCO with two.
        take_profit: The exit that closes it with a profit; ``None``: there is none.
        stop_loss: The exit that closes it with a loss; ``None``: there is none.
    """

    instrument_id: str
    side: OrderSide
    type: OrderType
    quantity: str
    quantity_type: QuantityType = QuantityType.BASE
    rounding: QuantityRounding = QuantityRounding.NONE
    time_in_force: TimeInForce | None = None
    limit_price: str = ""
    stop_price: str = ""
    trailing_distance: str = ""
    visible_quantity: str = ""
    expire_at: int = 0
    client_order_id: str = ""
    idempotency_key: str = ""
    quote_id: str = ""
    contingency: ContingencyType | None = None
    take_profit: Exit | None = None
    stop_loss: Exit | None = None

    @property
    def key(self) -> str:
        """The key by which a retry is recognised; empty: there is none."""
        return self.idempotency_key or self.client_order_id

    @property
    def digest(self) -> str:
        """A fingerprint: equal for two requests exactly if they ask for the same."""
        return hashlib.blake2b(_encode(self), digest_size=_DIGEST_BYTES).hexdigest()


class OrderRef(msgspec.Struct, frozen=True, kw_only=True):
    """A reference to an order, by one of the names it has.

    Attributes:
        order_id: Its UUID; empty: the other name is given.
        client_order_id: The owner's name for it; the newest order of that name is meant.
    """

    order_id: str = ""
    client_order_id: str = ""

    def __str__(self) -> str:
        return self.order_id or self.client_order_id


class AmendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """New terms of an order; empty strings leave what is there.

    Attributes:
        quantity: The new quantity in the base asset, with what is executed already.
        limit_price: The new limit price.
        stop_price: The new trigger price.
    """

    quantity: str = ""
    limit_price: str = ""
    stop_price: str = ""
