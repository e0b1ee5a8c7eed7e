"""The values of an account, with exact decimals: balances, positions, fills, and their sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from msgspec import UNSET, UnsetType

from cadenza.client.fields import decimal_of, millis, optional_decimal, text_of
from cadenza.models import (
    OrderSide,
    PositionSide,
    PositionStatus,
    RpcBalanceEntry,
    RpcPortfolioSummary,
    RpcPositionEntry,
    RpcSecurityQuantity,
    RpcTradeExecution,
    RpcTradingAccount,
    TradingAccountStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """The description of an account.

    Attributes:
        account_id: The venue's id of the account.
        nickname: The owner's name for it; may be empty.
        venue: Its main venue.
        status: Whether it can trade; ``None`` if the venue does not say.
        created_at: The time it was created, milliseconds since the epoch, UTC.
        raw: The account as the venue sent it.
    """

    account_id: str
    nickname: str
    venue: str
    status: TradingAccountStatus | None
    created_at: int
    raw: Any = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The holdings of an account in one asset.

    Attributes:
        asset: The symbol of the asset, such as ``USDT``.
        free: The amount that can be used.
        locked: The amount that open orders hold.
        total: The sum of both.
        updated_at: The time of the last change, milliseconds since the epoch, UTC.
        raw: The balance as the venue sent it.
    """

    asset: str
    free: Decimal
    locked: Decimal
    total: Decimal
    updated_at: int = field(compare=False)
    raw: RpcBalanceEntry = field(repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Balance {self.total} {self.asset}, {self.free} free>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The position of an account in one instrument. Prices and profits are in its quote asset.

    Attributes:
        instrument: The instrument, ``VENUE:BASE/QUOTE``.
        side: LONG, which gains with a rising price, or SHORT.
        is_open: Whether it holds a quantity.
        quantity: The quantity in the base asset, never negative.
        entry_price: The average price of the entry; ``None`` if the venue does not say.
        realized_pnl: The profit of the part that was closed, without fees.
        current_price: The price of the last trade when the venue sent this.
        unrealized_pnl: The profit of the open part at that price, without fees.
        updated_at: The time of the last change, milliseconds since the epoch, UTC.
        raw: The position as the venue sent it.
    """

    instrument: str
    side: PositionSide
    is_open: bool
    quantity: Decimal
    entry_price: Decimal | None
    realized_pnl: Decimal | None
    current_price: Decimal | None = field(compare=False)
    unrealized_pnl: Decimal | None = field(compare=False)
    updated_at: int = field(compare=False)
    raw: RpcPositionEntry = field(repr=False, compare=False)

    @property
    def net(self) -> Decimal:
        """The quantity with a sign: negative if the position is short."""
        return self.quantity if self.side is PositionSide.LONG else -self.quantity

    def __repr__(self) -> str:
        return (
            f"<Position {self.side.value} {self.quantity} {self.instrument}"
            f" at {self.entry_price}, realized {self.realized_pnl}>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The balances and positions of an account at one moment.

    Attributes:
        balances: The balances by asset.
        positions: The open positions by instrument.
        updated_at: The time of the newest change, milliseconds since the epoch, UTC.
    """

    balances: Mapping[str, Balance]
    positions: Mapping[str, Position]
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """The worth of an account, in one currency.

    Attributes:
        currency: The currency of all amounts.
        equity: The sum of all balances, converted at the prices of last trades.
        margin: The margin in use.
        credit: The credit granted.
        risk_exposure: The amount at risk.
        raw: The summary as the venue sent it, with its other fields.
    """

    currency: str
    equity: Decimal
    margin: Decimal
    credit: Decimal
    risk_exposure: Decimal
    raw: RpcPortfolioSummary = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill of an order.

    Attributes:
        execution_id: The venue's id of the fill.
        order_id: The venue's id of the order.
        client_order_id: The owner's name of the order; may be empty.
        instrument: The instrument, ``VENUE:BASE/QUOTE``.
        side: The side of the order.
        quantity: The quantity filled, in the base asset.
        price: The price, in the quote asset.
        cost: Price times quantity in the quote asset, without fees.
        fees: The fees by asset; a negative one is a rebate.
        is_maker: Whether the order was resting.
        at: The time of the fill, milliseconds since the epoch, UTC.
        raw: The fill as the venue sent it.
    """

    execution_id: str
    order_id: str
    client_order_id: str
    instrument: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    cost: Decimal
    fees: Mapping[str, Decimal]
    is_maker: bool
    at: int
    raw: Any = field(repr=False, compare=False)

    def __repr__(self) -> str:
        role = "maker" if self.is_maker else "taker"
        return (
            f"<Execution {self.side.value} {self.quantity} {self.instrument} at {self.price},"
            f" {role}>"
        )


def info_of(data: RpcTradingAccount, raw: Any) -> AccountInfo:
    """An account of the wire."""
    return AccountInfo(
        account_id=text_of(data.trading_account_id),
        nickname=text_of(data.nickname),
        venue=text_of(data.venue),
        status=None if data.status is UNSET else data.status,
        created_at=millis(data.created_at),
        raw=raw,
    )


def balance_of(data: RpcBalanceEntry) -> Balance:
    """A balance of the wire."""
    return Balance(
        asset=text_of(data.security_symbol),
        free=decimal_of(data.free),
        locked=decimal_of(data.locked),
        total=decimal_of(data.total),
        updated_at=millis(data.updated_at),
        raw=data,
    )


def position_of(data: RpcPositionEntry) -> Position:
    """A position of the wire."""
    return Position(
        instrument=text_of(data.instrument_id),
        side=PositionSide.LONG if data.position_side is UNSET else data.position_side,
        is_open=data.status is not PositionStatus.CLOSED,
        quantity=decimal_of(data.quantity),
        entry_price=optional_decimal(data.entry_price),
        realized_pnl=optional_decimal(data.realized_pnl),
        current_price=optional_decimal(data.current_price),
        unrealized_pnl=optional_decimal(data.unrealized_pnl),
        updated_at=millis(data.updated_at),
        raw=data,
    )


def summary_of(data: RpcPortfolioSummary) -> AccountSummary:
    """A summary of the wire."""
    return AccountSummary(
        currency=text_of(data.currency),
        equity=decimal_of(data.equity),
        margin=decimal_of(data.margin),
        credit=decimal_of(data.credit),
        risk_exposure=decimal_of(data.risk_exposure),
        raw=data,
    )


def execution_of(data: RpcTradeExecution, raw: Any) -> Execution:
    """An execution of the wire."""
    return Execution(
        execution_id=text_of(data.execution_id),
        order_id=text_of(data.trade_order_id),
        client_order_id=text_of(data.client_order_id),
        instrument=text_of(data.instrument_id),
        side=OrderSide.UNKNOWN if data.order_side is UNSET else data.order_side,
        quantity=decimal_of(data.executed_quantity),
        price=decimal_of(data.executed_price),
        cost=decimal_of(data.executed_cost),
        fees=fees_of(data.fees),
        is_maker=data.is_maker is True,
        at=millis(data.executed_at),
        raw=raw,
    )


def fees_of(fees: Iterable[RpcSecurityQuantity] | UnsetType) -> dict[str, Decimal]:
    """Fees of the wire, by asset."""
    if fees is UNSET:
        return {}
    return {text_of(fee.asset): decimal_of(fee.quantity) for fee in fees}
