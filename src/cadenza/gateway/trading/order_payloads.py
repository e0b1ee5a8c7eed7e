"""Orders, executions and quotes as the payloads that both surfaces of the API are made from."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.api.views import view
from cadenza.market.instrument import InstrumentId
from cadenza.market.scale import DecimalScale
from cadenza.models import (
    ExecutionRecord,
    OrderRecord,
    QuantityType,
    Quote,
    QuoteStatus,
    RpcTradeOrder,
    SecurityQuantity,
    TradeExecution,
    Venue,
    iso_of,
)
from cadenza.trading.exchange.dealer import DEALER_ID, Offer
from cadenza.trading.ledger.units import PRICE_DECIMALS, AssetScales
from cadenza.trading.orders.state import Execution, OrderState

_encode: Final = msgspec.json.Encoder().encode

KEPT: Final = 50_000
"""The number of orders whose unchanging half is kept; more are encoded whole at each change."""

_Key = tuple[int, int, int]


class Scales:
    """The scales of the numbers of one order: its own steps, whatever is listed now.

    Args:
        instrument_id: The instrument of the order.
        tick: The price step when the order came, a decimal string.
        lot: The quantity step when the order came, a decimal string.
    """

    __slots__ = ("average_decimals", "id", "lot_power", "lot_units", "lots", "ticks")

    def __init__(self, instrument_id: str, tick: str, lot: str) -> None:
        self.id = InstrumentId.parse(instrument_id)
        self.ticks = DecimalScale(tick, "price")
        self.lots = DecimalScale(lot, "quantity")
        fraction = Fraction(lot)
        self.lot_units, self.lot_power = fraction.numerator, fraction.denominator
        self.average_decimals = len(tick.partition(".")[2]) + PRICE_DECIMALS


@lru_cache(maxsize=4096)
def scales_of(instrument_id: str, tick: str, lot: str) -> Scales:
    """The scales of orders of one instrument; made once."""
    return Scales(instrument_id, tick, lot)


def order_record(
    order: OrderState, assets: AssetScales, executions: Iterable[Execution] | None = None
) -> OrderRecord:
    """An order as a payload.

    Args:
        order: The record of the order.
        assets: The scales of all assets.
        executions: Its executions, to be shown with it; ``None`` leaves them out.
    """
    scales = scales_of(order.instrument_id, order.tick, order.lot)
    ticks, lots, found = scales.ticks, scales.lots, scales.id
    quote = found.quote
    is_quote = order.quantity_type is QuantityType.QUOTE and order.budget
    executed, cost = lots.format(order.executed), assets.format(quote, order.cost)
    return OrderRecord(
        trade_order_id=order.order_id,
        trading_account_id=order.account_id,
        venue=found.venue,
        instrument_id=order.instrument_id,
        base_asset=found.base,
        quote_asset=quote,
        order_side=order.side,
        order_type=order.type,
        time_in_force=order.time_in_force,
        status=order.status,
        quantity=assets.format(quote, order.budget) if is_quote else lots.format(order.lots),
        order_quantity_type=QuantityType.QUOTE if is_quote else QuantityType.BASE,
        quantity_rounding=order.rounding,
        executed_price=average_price(order, scales, assets) if order.executed else "0",
        executed_quantity=executed,
        executed_cost=cost if order.cost else "0",
        filled=executed,
        cost=cost if order.cost else "0",
        fees=_fees(found.venue, quote, order.fees, assets),
        created_at=order.created_at,
        updated_at=order.updated_at,
        order_list_id=order.list_id or UNSET,
        contingency_type=order.contingency or UNSET,
        quote_id=order.quote_id or UNSET,
        reject_reason=order.reject_reason or UNSET,
        cancel_reason=order.cancel_reason or UNSET,
        limit_price=ticks.format(order.limit) if order.limit else UNSET,
        stop_price=ticks.format(order.stop) if order.stop else UNSET,
        trailing_distance=ticks.format(order.trail) if order.trail else UNSET,
        visible_quantity=lots.format(order.visible) if order.visible else UNSET,
        prevented_quantity=lots.format(order.prevented) if order.prevented else UNSET,
        is_working=is_working(order),
        waits_for=order.waits_for or UNSET,  # type: ignore[arg-type]  # one of the two words
        triggered_at=order.triggered_at or UNSET,
        executions=UNSET
        if executions is None
        else tuple(view(execution_record(it, order, assets), TradeExecution) for it in executions),
        expire_at=order.expire_at or UNSET,
        canceled_at=order.ended_at if order.cancel_reason else UNSET,
        client_order_id=order.client_order_id or UNSET,
        idempotency_key=order.idempotency_key or UNSET,
        external_order_id=order.order_id,
        last_execution_at=order.last_execution_at or UNSET,
    )


def is_working(order: OrderState) -> bool:
    """Whether an order is open and waits for nothing but somebody to trade with."""
    return order.is_open and not order.waits_for


def execution_record(
    execution: Execution, order: OrderState, assets: AssetScales
) -> ExecutionRecord:
    """An execution as a payload.

    Args:
        execution: The record of the execution.
        order: The order that it belongs to.
        assets: The scales of all assets.
    """
    scales = scales_of(order.instrument_id, order.tick, order.lot)
    found = scales.id
    return ExecutionRecord(
        execution_id=execution.execution_id,
        venue=found.venue,
        instrument_id=execution.instrument_id,
        executed_quantity=scales.lots.format(execution.lots),
        executed_price=scales.ticks.format(execution.price),
        executed_cost=assets.format(found.quote, execution.cost),
        executed_at=execution.at,
        external_trade_id=execution.trade_id,
        order_side=execution.side,
        fees=_fees(found.venue, found.quote, execution.fee, assets),
        trading_account_id=execution.account_id,
        trade_order_id=execution.order_id,
        client_order_id=order.client_order_id or UNSET,
        is_maker=execution.is_maker,
    )


def quote_record(offer: Offer) -> Quote:
    """A quote as the payload that both surfaces are made from."""
    request, found = offer.request, offer.instrument.listing.id
    return Quote(
        quote_id=offer.quote_id,
        dealer_account_id=DEALER_ID,
        base_asset=found.base,
        quote_asset=found.quote,
        order_side=request.side,
        quantity=offer.quantity,
        quote_quantity=offer.quote_quantity,
        price=offer.instrument.listing.ticks.format(offer.price),
        status=QuoteStatus.CREATED,
        created_at=offer.created_at,
        expire_at=offer.expire_at,
        quote_request_id=request.request_id or UNSET,
        venue=found.venue,
        instrument_id=offer.instrument.instrument_id,
        trader_account_id=request.account_id or UNSET,
        quantity_type=QuantityType.BASE if request.quantity else QuantityType.QUOTE,
        updated_at=offer.created_at,
        pricing_profile_id=request.profile_id or UNSET,
    )


def average_price(order: OrderState, scales: Scales, assets: AssetScales) -> str:
    """The average price of what is executed, rounded half to even, without zeros at the end."""
    decimals = scales.average_decimals
    above = order.cost * scales.lot_power * 10**decimals
    below = order.executed * scales.lot_units * 10 ** assets.decimals(scales.id.quote)
    units, rest = divmod(above, below)
    if 2 * rest > below or (2 * rest == below and units & 1):
        units += 1
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".")


def _fees(venue: Venue, asset: str, fee: int, assets: AssetScales) -> tuple[SecurityQuantity, ...]:
    if not fee:
        return ()
    return (
        SecurityQuantity(
            security=f"{venue}:{asset}",
            asset=asset,
            venue=venue,
            quantity=assets.format(asset, fee),
        ),
    )


class OrderJson:
    """Encodes orders as RPC shows them, and keeps the half that seldom changes.

    Args:
        assets: The scales of all assets.
    """

    def __init__(self, assets: AssetScales) -> None:
        self._assets = assets
        self._fixed: dict[str, tuple[_Key, bytes]] = {}

    def encode(self, order: OrderState) -> bytes:
        """The JSON of an order's view as ``RpcTradeOrder``, as the order is now."""
        key = (order.lots, order.limit, order.stop)
        kept = self._fixed.get(order.order_id)
        scales = scales_of(order.instrument_id, order.tick, order.lot)
        if kept is not None and kept[0] == key:
            fixed = kept[1]
        else:
            fixed = _fixed(order, scales, self._assets)
            if order.is_open and len(self._fixed) < KEPT:
                self._fixed[order.order_id] = (key, fixed)
        if not order.is_open:
            self._fixed.pop(order.order_id, None)
        return fixed + self._changing(order, scales)

    def _changing(self, order: OrderState, scales: Scales) -> bytes:
        quote = scales.id.quote
        text = f',"status":"{order.status.value}","updatedAt":"{iso_of(order.updated_at)}"'
        if order.executed:
            text += (
                f',"executedPrice":"{average_price(order, scales, self._assets)}"'
                f',"executedQuantity":"{scales.lots.format(order.executed)}"'
                f',"executedCost":"{self._assets.format(quote, order.cost)}"'
                f',"lastExecutionAt":"{iso_of(order.last_execution_at)}"'
            )
        else:
            text += _none_executed(scales.lots.format(0))
        if order.fees:
            amount = self._assets.format(quote, order.fees)
            text += f',"fees":[{{"asset":"{quote}","quantity":"{amount}"}}]'
        else:
            text += ',"fees":[]'
        text += ',"isWorking":true' if is_working(order) else ',"isWorking":false'
        if order.waits_for:
            text += f',"waitsFor":"{order.waits_for}"'
        if order.triggered_at:
            text += f',"triggeredAt":"{iso_of(order.triggered_at)}"'
        if order.prevented:
            text += f',"preventedQuantity":"{scales.lots.format(order.prevented)}"'
        if order.reject_reason:
            text += f',"rejectReason":{_text(order.reject_reason)}'
        if order.cancel_reason:
            text += f',"cancelReason":{_text(order.cancel_reason)}'
            if order.ended_at:
                text += f',"canceledAt":"{iso_of(order.ended_at)}"'
        return text.encode() + b"}"


def execution_json(execution: Execution, order: OrderState, assets: AssetScales) -> bytes:
    """An execution as RPC shows it: the JSON of its view as ``RpcTradeExecution``."""
    scales = scales_of(order.instrument_id, order.tick, order.lot)
    quote = scales.id.quote
    fees = "[]"
    if execution.fee:
        fees = f'[{{"asset":"{quote}","quantity":"{assets.format(quote, execution.fee)}"}}]'
    name = ""
    if order.client_order_id:
        name = f'"clientOrderId":{_encode(order.client_order_id).decode()},'
    return (
        f'{{"executionId":"{execution.execution_id}","externalTradeId":"{execution.trade_id}",'
        f'"tradingAccountId":"{execution.account_id}","tradeOrderId":"{execution.order_id}",{name}'
        f'"venue":"{scales.id.venue.value}","instrumentId":"{execution.instrument_id}",'
        f'"orderSide":"{execution.side.value}",'
        f'"executedQuantity":"{scales.lots.format(execution.lots)}",'
        f'"executedPrice":"{scales.ticks.format(execution.price)}",'
        f'"executedCost":"{assets.format(quote, execution.cost)}","fees":{fees},'
        f'"isMaker":{"true" if execution.is_maker else "false"},'
        f'"executedAt":"{iso_of(execution.at)}"}}'
    ).encode()


def _fixed(order: OrderState, scales: Scales, assets: AssetScales) -> bytes:
    """The fields that nothing but an amendment can change, without the closing brace."""
    found, ticks, lots = scales.id, scales.ticks, scales.lots
    is_quote = order.quantity_type is QuantityType.QUOTE and order.budget
    quantity = assets.format(found.quote, order.budget) if is_quote else lots.format(order.lots)
    return _encode(
        RpcTradeOrder(
            trade_order_id=order.order_id,
            external_order_id=order.order_id,
            client_order_id=order.client_order_id or UNSET,
            idempotency_key=order.idempotency_key or UNSET,
            trading_account_id=order.account_id,
            venue=found.venue,
            instrument_id=order.instrument_id,
            base_asset=found.base,
            quote_asset=found.quote,
            order_side=order.side,
            order_type=order.type,
            time_in_force=order.time_in_force,
            limit_price=ticks.format(order.limit) if order.limit else UNSET,
            stop_price=ticks.format(order.stop) if order.stop else UNSET,
            quantity=quantity,
            quantity_type=QuantityType.QUOTE if is_quote else QuantityType.BASE,
            quantity_rounding=order.rounding,
            created_at=iso_of(order.created_at),
            expire_at=iso_of(order.expire_at) if order.expire_at else UNSET,
            trailing_distance=ticks.format(order.trail) if order.trail else UNSET,
            visible_quantity=lots.format(order.visible) if order.visible else UNSET,
            order_list_id=order.list_id or UNSET,
            contingency_type=order.contingency or UNSET,
            quote_id=order.quote_id or UNSET,
        )
    )[:-1]


@lru_cache(maxsize=64)
def _none_executed(zero: str) -> str:
    return f',"executedPrice":"0","executedQuantity":"{zero}","executedCost":"0"'


@lru_cache(maxsize=256)
def _text(reason: str) -> str:
    """A reason as a JSON string; most are names of an enumeration."""
    return _encode(str(reason)).decode()
