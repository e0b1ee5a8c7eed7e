"""What an account has: balances, positions, and what they come to, with numbers as numbers."""

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
class Balance:
    """How much of one asset there is.

    Attributes:
        asset: Its symbol.
        free: What can be used.
        locked: What open orders hold.
        total: Both together.
        updated_at: Milliseconds since the epoch, UTC.
        raw: As the venue sent it.
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
    """What trading did in one instrument. Prices and profits are in its quote asset.

    Attributes:
        instrument: ``VENUE:BASE/QUOTE``.
        side: LONG gains with a rising price.
        is_open: Whether it holds a quantity.
        quantity: Never negative, in the base asset.
        entry_price: Average.
        current_price: The last trade when this was shown.
        unrealized_pnl: At that price, without fees.
        realized_pnl: Without fees.
        updated_at: Milliseconds since the epoch, UTC.
        raw: As the venue sent it.
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
        """The quantity with a sign: negative is short."""
        return self.quantity if self.side is PositionSide.LONG else -self.quantity

    def __repr__(self) -> str:
        return (
            f"<Position {self.side.value} {self.quantity} {self.instrument}"
            f" at {self.entry_price}, realized {self.realized_pnl}>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Balances and positions at one moment.

    Attributes:
        balances: By asset.
        positions: The open ones, by instrument.
        updated_at: When the newest of them changed, milliseconds since the epoch, UTC.
    """

    balances: Mapping[str, Balance]
    positions: Mapping[str, Position]
    updated_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """What an account is worth, in one currency.

    Attributes:
        currency: Of all amounts.
        equity: All balances, converted by last trades.
        margin: In use.
        credit: Granted.
        risk_exposure: At risk.
        raw: As the venue sent it, with its other fields.
    """

    currency: str
    equity: Decimal
    margin: Decimal
    credit: Decimal
    risk_exposure: Decimal
    raw: RpcPortfolioSummary = field(repr=False, compare=False)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """What an account is.

    Attributes:
        account_id: Its id.
        nickname: The owner's name for it.
        venue: Its main venue.
        status: Whether it can trade.
        created_at: Milliseconds since the epoch, UTC.
        raw: As the venue sent it.
    """

    account_id: str
    nickname: str
    venue: str
    status: TradingAccountStatus | None
    created_at: int
    raw: Any = field(repr=False, compare=False)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill.

    Attributes:
        execution_id: Unique.
        order_id: Whose.
        client_order_id: The owner's name of that order; may be empty.
        instrument: ``VENUE:BASE/QUOTE``.
        side: Of the order.
        quantity: In the base asset.
        price: In the quote asset.
        cost: Price times quantity, fees not included.
        fees: By asset; negative is a rebate.
        is_maker: Whether the order was resting.
        at: Milliseconds since the epoch, UTC.
        raw: As the venue sent it.
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
