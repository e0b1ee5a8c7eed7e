"""The request for a new order: the terms of a trader, as the wire has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Required, TypedDict, TypeVar

from cadenza.client.errors import UsageError
from cadenza.client.fields import Number, decimal_text
from cadenza.models import (
    ContingencyType,
    OrderSide,
    OrderType,
    QuantityRounding,
    QuantityType,
    TimeInForce,
    iso_of,
)

EnumT = TypeVar("EnumT", bound=StrEnum)

BYTES: Final = 16
LONGEST_PREFIX: Final = 64
"""The venue takes names of 128 characters."""


class OrderTerms(TypedDict, total=False):
    """The terms of a new order; the venue has defaults for those that are left out.

    Numbers are ``Decimal``, ``int`` or text. Words may be in upper or lower case.

    Attributes:
        side: BUY or SELL.
        instrument: The instrument, ``VENUE:BASE/QUOTE``.
        type: The type, such as STOP_LIMIT; by default LIMIT if there is a price, else MARKET.
        quantity: The quantity, in the base asset unless ``quantity_type`` is QUOTE.
        quote_quantity: An amount of the quote asset, instead of ``quantity``.
        quantity_type: The asset of ``quantity``: BASE or QUOTE.
        quantity_rounding: How a quantity between two lots is rounded.
        price: The limit price, in the quote asset.
        stop_price: The trigger price of stops and take-profits, in the quote asset.
        trailing_distance: The distance of the trigger from the best price, for a TRAILING_STOP.
        visible_quantity: The part of an iceberg that the book shows.
        time_in_force: GTC, IOC, FOK, GTD, DAY, GTX.
        expire_at: The end of a GTD order: an aware datetime, milliseconds since the epoch, UTC, or
            RFC 3339.
        post_only: Whether the order must never take: a LIMIT becomes a LIMIT_MAKER, other types
            get the time in force GTX.
        take_profit: The trigger price of an exit in profit.
        take_profit_price: The limit price of that exit; without it the exit is a market order.
        take_profit_time_in_force: The time in force of that exit.
        stop_loss: The trigger price of an exit in loss.
        stop_loss_price: The limit price of that exit; without it the exit is a market order.
        stop_loss_time_in_force: The time in force of that exit.
        contingency: How an order and its exits depend on each other: OCO, OTO, OTOCO.
        quote_id: The quote to take; makes the type QUOTED.
    """

    side: Required[OrderSide | str]
    instrument: str
    type: OrderType | str | None
    quantity: Number | None
    quote_quantity: Number | None
    quantity_type: QuantityType | str | None
    quantity_rounding: QuantityRounding | str | None
    price: Number | None
    stop_price: Number | None
    trailing_distance: Number | None
    visible_quantity: Number | None
    time_in_force: TimeInForce | str | None
    expire_at: datetime | int | str | None
    post_only: bool
    take_profit: Number | None
    take_profit_price: Number | None
    take_profit_time_in_force: TimeInForce | str | None
    stop_loss: Number | None
    stop_loss_price: Number | None
    stop_loss_time_in_force: TimeInForce | str | None
    contingency: ContingencyType | str | None
    quote_id: str | None


NUMBERS: Final = {
    "quantity": "quantity",
    "price": "limitPrice",
    "stop_price": "stopPrice",
    "trailing_distance": "trailingDistance",
    "visible_quantity": "visibleQuantity",
    "take_profit": "takeProfitPrice",
    "take_profit_price": "takeProfitLimitPrice",
    "stop_loss": "stopLossPrice",
    "stop_loss_price": "stopLossLimitPrice",
}
"""Terms that are numbers, with their names on the wire."""

_WORDS: Final[dict[str, tuple[str, type[StrEnum]]]] = {
    "side": ("orderSide", OrderSide),
    "quantity_type": ("quantityType", QuantityType),
    "quantity_rounding": ("quantityRounding", QuantityRounding),
    "time_in_force": ("timeInForce", TimeInForce),
    "take_profit_time_in_force": ("takeProfitTimeInForce", TimeInForce),
    "stop_loss_time_in_force": ("stopLossTimeInForce", TimeInForce),
    "contingency": ("contingencyType", ContingencyType),
}
_WAITING_LIMITS: Final = (
    OrderType.STOP_LIMIT,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT_LIMIT,
)
"""Types whose order can rest once it is triggered."""
_KNOWN: Final = frozenset(OrderTerms.__annotations__)


def order_wire(given: Mapping[str, Any]) -> dict[str, Any]:
    """The order in a submit, as the wire has it.

    Args:
        given: The terms, see ``OrderTerms``.

    Raises:
        UsageError: A term is unknown, of the wrong kind, or contradicts another.
    """
    if unknown := set(given) - _KNOWN:
        known = ", ".join(sorted(_KNOWN))
        raise UsageError(f"an order has no {', '.join(sorted(unknown))}; it has {known}")
    terms = {name: value for name, value in given.items() if value is not None}
    _spend(terms)
    wire = {wire: decimal_text(it, terms[it]) for it, wire in NUMBERS.items() if it in terms}
    for name, (field, kind) in _WORDS.items():
        if name in terms:
            wire[field] = word(name, terms[name], kind).value
    wire["orderType"] = _type(terms).value
    if "expire_at" in terms:
        wire["expireAt"] = _moment(terms["expire_at"])
    if "quote_id" in terms:
        wire["quoteId"] = str(terms["quote_id"])
    if "instrument" in terms:
        wire["instrumentId"] = str(terms["instrument"])
    if terms.get("post_only"):
        _post_only(wire)
    _check_complete(wire)
    return wire


def word(name: str, value: Any, kind: type[EnumT]) -> EnumT:
    """A word of a closed vocabulary, in upper or lower case.

    Args:
        name: The name of the argument, for the error.
        value: The word.
        kind: The vocabulary.

    Raises:
        UsageError: It is not one of the vocabulary.
    """
    try:
        return kind(value.upper()) if isinstance(value, str) else kind(value)
    except ValueError:
        words = ", ".join(it.value for it in kind if it.value and it.value != "UNKNOWN")
        raise UsageError(f"{name} is {value!r}, which is none of {words}") from None


def _check_complete(wire: Mapping[str, Any]) -> None:
    needed = {"side": "orderSide", "quantity": "quantity"}
    if "quoteId" not in wire:  # the quote knows
        needed["instrument"] = "instrumentId"
    if lacking := [name for name, field in needed.items() if not wire.get(field)]:
        raise UsageError(f"an order has {', '.join(lacking)} too")


def _spend(terms: dict[str, Any]) -> None:
    amount = terms.pop("quote_quantity", None)
    if amount is None:
        return
    if "quantity" in terms or "quantity_type" in terms:
        raise UsageError("quote_quantity stands alone, without quantity and quantity_type")
    decimal_text("quote_quantity", amount)
    terms |= {"quantity": amount, "quantity_type": QuantityType.QUOTE}


def _type(terms: Mapping[str, Any]) -> OrderType:
    if "type" in terms:
        return word("type", terms["type"], OrderType)
    if "quote_id" in terms:
        return OrderType.QUOTED
    if "stop_price" in terms or "trailing_distance" in terms:
        raise UsageError("an order with a trigger has a type, such as STOP or STOP_LIMIT")
    return OrderType.LIMIT if "price" in terms else OrderType.MARKET


def _post_only(wire: dict[str, Any]) -> None:
    if wire["orderType"] == OrderType.LIMIT:
        wire["orderType"] = OrderType.LIMIT_MAKER.value
    if wire["orderType"] == OrderType.LIMIT_MAKER:
        return
    kind, time = wire["orderType"], wire.setdefault("timeInForce", TimeInForce.GTX.value)
    if kind not in _WAITING_LIMITS or time != TimeInForce.GTX:
        raise UsageError(f"post_only does not go with {kind} and time_in_force {time}")


def _moment(value: datetime | int | str) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError("expire_at has no time zone: datetime.now(UTC) has one")
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return iso_of(value)
        except ValueError as error:
            raise UsageError(f"expire_at: {error}") from error
    if isinstance(value, str):
        return value
    raise UsageError(f"expire_at is a datetime, milliseconds or RFC 3339, not {value!r}")


class OrderIds:
    """Makes a client order id for each new order: a prefix and 128 random bits.

    Args:
        random_bytes: The source of chance, such as ``os.urandom``.
        prefix: The beginning of each id, so that a program knows its own orders.

    Raises:
        UsageError: The prefix is too long, or not printable.
    """

    def __init__(self, random_bytes: Callable[[int], bytes], prefix: str = "") -> None:
        if len(prefix) > LONGEST_PREFIX or not prefix.isprintable():
            raise UsageError(f"an order prefix is printable, at most {LONGEST_PREFIX} characters")
        self._random_bytes = random_bytes
        self._prefix = prefix

    def __call__(self) -> str:
        """The next id."""
        return self._prefix + self._random_bytes(BYTES).hex()
