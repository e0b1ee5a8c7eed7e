"""The records of a venue: orders, their executions, and operations on accounts.

Whole numbers throughout: prices in ticks, quantities in lots, money in minor units of the quote
asset, times in milliseconds UTC; 0 means "none". Every struct encodes as it is, leaves out what is
not set, and decodes from what an older version wrote.
"""

from __future__ import annotations

import msgspec

from cadenza.models import (
    ContingencyType,
    OperationType,
    OrderSide,
    OrderStatus,
    OrderType,
    QuantityRounding,
    QuantityType,
    TimeInForce,
)
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.order_status import TERMINAL


class OrderState(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One order of a customer, from its submission until long after its end.

    Attributes:
        order_id: A UUID.
        number: Rising and unique over all orders of the venue: the store's key, a page's cursor.
        account_id: The account that pays for it.
        instrument_id: The instrument.
        tick: Price step of the instrument when the order came, a decimal string.
        lot: Quantity step, likewise.
        side: BUY or SELL.
        type: The order type.
        time_in_force: The time in force.
        status: The status, see ``order_status``.
        quantity_type: Whether the quantity asked for was of BASE or of QUOTE.
        rounding: The way it was rounded to lots.
        lots: Quantity; of a QUOTE order what it got so far.
        budget: The amount that a QUOTE order may spend.
        limit: Limit price.
        stop: Trigger price.
        trail: Distance of a trailing trigger.
        visible: Iceberg: the part shown, in lots.
        executed: Lots.
        cost: Cost of the executed lots, without fees.
        fees: Paid so far, less rebates.
        hold: Key of its ledger reservation.
        list_id: The order list it came in.
        contingency: The kind of the list.
        exits: Ids of the other orders of its request, if it was the one asked for.
        client_order_id: The client's own name for it; not unique.
        idempotency_key: A later request of the account with this key gets this order.
        digest: Fingerprint of the request behind the key.
        quote_id: The dealer's quote it took.
        reject_reason: The reason if it is REJECTED.
        cancel_reason: The reason if it is CANCELLED, EXPIRED or REVOKED.
        created_at: The time it came.
        updated_at: The time of its last change.
        expire_at: The time at which it ends by itself.
        ended_at: The time of its end.
        last_execution_at: The time of its last trade.
        saved: The order as its engine has it, while it is open: its priority comes back with it.
    """

    order_id: str
    number: int
    account_id: str
    instrument_id: str
    tick: str = ""
    lot: str = ""
    side: OrderSide
    type: OrderType
    time_in_force: TimeInForce
    status: OrderStatus
    quantity_type: QuantityType = QuantityType.BASE
    rounding: QuantityRounding = QuantityRounding.NONE
    lots: int
    budget: int = 0
    limit: int = 0
    stop: int = 0
    trail: int = 0
    visible: int = 0
    executed: int = 0
    cost: int = 0
    fees: int = 0
    hold: str = ""
    list_id: str = ""
    contingency: ContingencyType | None = None
    exits: tuple[str, ...] = ()
    client_order_id: str = ""
    idempotency_key: str = ""
    digest: str = ""
    quote_id: str = ""
    reject_reason: str = ""
    cancel_reason: str = ""
    created_at: int
    updated_at: int
    expire_at: int = 0
    ended_at: int = 0
    last_execution_at: int = 0
    saved: SavedOrder | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.status not in TERMINAL


class Execution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One side of a trade: what an order got.

    Attributes:
        execution_id: A UUID.
        number: Rising and unique over all executions of the venue.
        order_id: The order.
        account_id: The account of the order.
        instrument_id: The instrument.
        trade_id: The trade, as the market's trade channel names it.
        side: BUY or SELL.
        price: Price in ticks.
        lots: Quantity in lots.
        cost: Price times quantity.
        fee: Fee of this side; negative: a rebate.
        is_maker: Whether the order was in the book before.
        at: Milliseconds UTC.
    """

    execution_id: str
    number: int
    order_id: str
    account_id: str
    instrument_id: str
    trade_id: str
    side: OrderSide
    price: int
    lots: int
    cost: int
    fee: int = 0
    is_maker: bool = False
    at: int


class OperationDone(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation on an account, for its history.

    Attributes:
        operation_id: A UUID.
        account_id: The account.
        operation: The operation.
        at: Milliseconds UTC.
    """

    operation_id: str
    account_id: str
    operation: OperationType
    at: int
