"""The terms of orders: requests in whole numbers, after filters, defaults, lists and protection."""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderType, QuantityType, TimeInForce
from cadenza.trading.errors import OrderTermsError
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.ledger.fees import MILLION
from cadenza.trading.matching.rules import MAX_UNITS, SHAPES, TYPES, Shape
from cadenza.trading.orders.request import Exit, OrderRequest

_BUY: Final = OrderSide.BUY
_AWAY: Final = {OrderSide.BUY: OrderSide.SELL, OrderSide.SELL: OrderSide.BUY}


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One order in whole numbers, before it has an id. Zero means "not given".

    Attributes:
        side: BUY or SELL.
        type: The order type.
        time_in_force: The time in force.
        shape: The demands of the two.
        lots: Quantity; exclusive with ``budget``.
        budget: The amount that a QUOTE market buy may spend, in units of one lot at one tick.
        limit: Limit price in ticks.
        stop: Trigger price in ticks.
        trail: Distance of a trailing stop in ticks.
        visible: Lots that an iceberg shows.
        protection: Worst price in ticks of an order without a limit.
        expire_at: GTD: milliseconds UTC.
    """

    side: OrderSide
    type: OrderType
    time_in_force: TimeInForce
    shape: Shape
    lots: int = 0
    budget: int = 0
    limit: int = 0
    stop: int = 0
    trail: int = 0
    visible: int = 0
    protection: int = 0
    expire_at: int = 0

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side is _BUY

    @property
    def bound(self) -> int:
        """The worst price it can trade at, in ticks."""
        return self.limit or self.protection


def terms_of(
    instrument: TradedInstrument, request: OrderRequest, protection_ppm: int
) -> tuple[tuple[Terms, ...], ContingencyType | None]:
    """The orders of a request, and the kind of their list if they are more than one.

    Args:
        instrument: The instrument; its filters, its touch and its last price are used.
        request: The order as its owner asks for it.
        protection_ppm: How far from the touch an order without a limit may trade, in millionths of
            the price.

    Raises:
        FilterError: The instrument does not allow it.
        OrderTermsError: A field is missing, too much, or contradicts another.
    """
    instrument.filters.status()
    first = _single(instrument, request, protection_ppm)
    exits = [
        _exit(instrument, first, request, found, is_profit=is_profit, protection_ppm=protection_ppm)
        for found, is_profit in ((request.take_profit, True), (request.stop_loss, False))
        if found is not None
    ]
    contingency = _contingency(request, len(exits))
    return (first, *exits), contingency


def _contingency(request: OrderRequest, exits: int) -> ContingencyType | None:
    """The kind of list that an order makes with its exits; ``None``: it has none."""
    asked = request.contingency
    fitting = {
        0: (None,),
        1: (None, ContingencyType.OTO, ContingencyType.OCO),
        2: (None, ContingencyType.OTOCO),
    }[exits]
    if asked not in fitting:
        least = "both takeProfitPrice and stopLossPrice"
        wanted = least if asked is ContingencyType.OTOCO else "takeProfitPrice or stopLossPrice"
        raise OrderTermsError("contingencyType", f"{asked} goes with {wanted}")
    if exits == 0:
        return None
    return asked or (ContingencyType.OTO if exits == 1 else ContingencyType.OTOCO)


def _single(instrument: TradedInstrument, request: OrderRequest, protection_ppm: int) -> Terms:
    kind = instrument.filters.order_type(request.type)
    time_in_force = instrument.filters.time_in_force(request.time_in_force or _default_time(kind))
    shape = _shape(kind, time_in_force)
    if request.side is OrderSide.UNKNOWN:
        raise OrderTermsError("orderSide", "must be BUY or SELL")
    limit = _price(instrument, "limitPrice", request.limit_price, shape.limit, kind)
    stop = _price(instrument, "stopPrice", request.stop_price, shape.stop, kind)
    trail = _price(instrument, "trailingDistance", request.trailing_distance, shape.trail, kind)
    if bool(request.expire_at) is not shape.until:
        problem = "is needed for GTD" if shape.until else f"goes with GTD only, not {time_in_force}"
        raise OrderTermsError("expireAt", problem)
    is_buy = request.side is _BUY
    protection = 0
    if not shape.limit:
        protection = _protection(instrument, is_buy, stop, trail, protection_ppm)
    lots, budget = _amount(instrument, request, kind, limit or _reference(instrument, is_buy, stop))
    visible = 0
    if request.visible_quantity:
        if not shape.rests:
            raise OrderTermsError("visibleQuantity", f"needs an order that rests, not {kind}")
        visible = instrument.filters.iceberg(request.visible_quantity, lots)
    # Without any price there is nobody to trade with either, and the engine will say so.
    price = limit or _reference(instrument, is_buy, stop)
    if lots and price:
        instrument.filters.notional(price, lots)
    return Terms(
        side=request.side,
        type=kind,
        time_in_force=time_in_force,
        shape=shape,
        lots=lots,
        budget=budget,
        limit=limit,
        stop=stop,
        trail=trail,
        visible=visible,
        protection=protection,
        expire_at=request.expire_at,
    )


def _exit(
    instrument: TradedInstrument,
    first: Terms,
    request: OrderRequest,
    found: Exit,
    *,
    is_profit: bool,
    protection_ppm: int,
) -> Terms:
    """The order that closes ``first``, or with OCO its rival of the same side."""
    if not first.lots:
        raise OrderTermsError("quantityType", "must be BASE for an order with exits")
    name = "takeProfit" if is_profit else "stopLoss"
    side = first.side if request.contingency is ContingencyType.OCO else _AWAY[first.side]
    if is_profit:
        kind = OrderType.TAKE_PROFIT_LIMIT if found.limit else OrderType.TAKE_PROFIT
    else:
        kind = OrderType.STOP_LOSS_LIMIT if found.limit else OrderType.STOP_LOSS
    instrument.filters.order_type(kind)
    time_in_force = instrument.filters.time_in_force(found.time_in_force or TimeInForce.GTC)
    if time_in_force is TimeInForce.GTD:
        raise OrderTermsError(f"{name}TimeInForce", "cannot be GTD: exits have no expireAt")
    stop = instrument.filters.price(found.trigger, f"{name}Price")
    limit = instrument.filters.price(found.limit, f"{name}LimitPrice") if found.limit else 0
    protection = 0 if limit else _protection(instrument, side is _BUY, stop, 0, protection_ppm)
    instrument.filters.notional(limit or stop, first.lots)
    return Terms(
        side=side,
        type=kind,
        time_in_force=time_in_force,
        shape=_shape(kind, time_in_force),
        lots=first.lots,
        limit=limit,
        stop=stop,
        protection=protection,
    )


def _shape(kind: OrderType, time_in_force: TimeInForce) -> Shape:
    shape = SHAPES.get((kind, time_in_force))
    if shape is None:
        fitting = sorted(time for name, time in SHAPES if name is kind)
        problem = f"{time_in_force} does not go with {kind}; these do: {', '.join(fitting)}"
        if kind not in TYPES:
            raise OrderTermsError("orderType", f"{kind} is not matched in a book")
        raise OrderTermsError("timeInForce", problem)
    return shape


def _default_time(kind: OrderType) -> TimeInForce:
    return TimeInForce.IOC if kind is OrderType.MARKET else TimeInForce.GTC


def _price(
    instrument: TradedInstrument, field: str, text: str, is_wanted: bool, kind: OrderType
) -> int:
    """A price in ticks, given exactly if the type has one."""
    if bool(text) is not is_wanted:
        raise OrderTermsError(field, f"is needed for {kind}" if is_wanted else f"is not for {kind}")
    return instrument.filters.price(text, field) if text else 0


def _amount(
    instrument: TradedInstrument, request: OrderRequest, kind: OrderType, price: int
) -> tuple[int, int]:
    """Lots or a budget.

    A quantity in the quote asset is a budget for a market buy; for others it is turned into lots
    at the price that is sure, so that no more than the quantity is paid or received.
    """
    if request.quantity_type is QuantityType.BASE:
        return instrument.filters.quantity(request.quantity, request.rounding), 0
    if request.quantity_type is not QuantityType.QUOTE:
        raise OrderTermsError(
            "quantityType", f"{request.quantity_type} is not taken: BASE or QUOTE"
        )
    budget = instrument.filters.budget(request.quantity)
    if kind is OrderType.MARKET and request.side is _BUY:
        return 0, budget
    if not price:
        raise OrderTermsError("quantityType", "QUOTE needs a price to go by, and there is none")
    lots = budget // price
    # The lots of a budget are bounded as a quantity is, so that the refusal names the filter.
    return instrument.filters.quantity(instrument.listing.lots.format(lots)), 0


def _reference(instrument: TradedInstrument, is_buy: bool, stop: int) -> int:
    """The price that an order without a limit goes by: its trigger, or the other side's best."""
    return stop or instrument.touch(is_buy) or instrument.engine.last


def _protection(instrument: TradedInstrument, is_buy: bool, stop: int, trail: int, ppm: int) -> int:
    """The worst price of an order without a limit, in ticks.

    A trailing stop starts at most one distance behind the last price and only comes closer, so a
    buy's trigger can never lie beyond that. Where there is no price at all the order finds nobody.
    """
    last = instrument.engine.last or instrument.touch(is_buy)
    start = stop or (instrument.touch(is_buy) or last if not trail else 0)
    if trail and last:
        start = last + trail if is_buy else max(1, last - trail)
    if not start:
        return 1 if is_buy else MAX_UNITS
    away = start * ppm // MILLION
    return min(MAX_UNITS, start + away) if is_buy else max(1, start - away)
