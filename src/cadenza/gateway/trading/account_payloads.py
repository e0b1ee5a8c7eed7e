"""Accounts, balances and positions as payloads of the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from cadenza.models import (
    AccountRecord,
    BalanceRecord,
    BalanceStatus,
    CollateralMode,
    MarginMode,
    PortfolioRecord,
    PositionEntry,
    PositionMode,
    PositionStatus,
    SecurityType,
    SummaryRecord,
    UpdateMode,
)
from cadenza.trading.accounts.account import Account, is_uuid
from cadenza.trading.accounts.position import Position
from cadenza.trading.accounts.valuation import Holdings, Valuation, Worth
from cadenza.trading.ledger.entry import Balance
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits


def balance_record(
    balance: Balance,
    scales: AssetScales,
    *,
    updated_at: int,
    security_type: SecurityType = SecurityType.CRYPTO,
) -> BalanceRecord:
    """A balance as the payload that both surfaces are made from.

    Raises:
        UnknownAssetError: The asset has no scale.
    """
    total = scales.format(balance.asset, balance.total)
    return BalanceRecord(
        security_symbol=balance.asset,
        security_type=security_type,
        trading_account_id=balance.account_id,
        status=BalanceStatus.ACTIVE,
        free=scales.format(balance.asset, balance.free),
        locked=scales.format(balance.asset, balance.locked),
        borrowed="0",
        total=total,
        net=total,
        updated_at=updated_at,
    )


def portfolio_record(
    holdings: Holdings,
    valuation: Valuation,
    scales: AssetScales,
    *,
    updated_at: int,
    security_types: Mapping[str, SecurityType] | None = None,
) -> PortfolioRecord:
    """A whole portfolio (SNAPSHOT) as the payload that both surfaces are made from.

    Args:
        holdings: The balances and positions of the account.
        valuation: Currency, instruments and marks.
        scales: The scales of all assets.
        updated_at: Milliseconds UTC.
        security_types: The types of assets by name; those not named are CRYPTO.

    Raises:
        UnknownAssetError: An asset has no scale.
    """
    types = security_types or {}
    worth = valuation.worth(holdings.balances, holdings.positions, scales)
    return PortfolioRecord(
        trading_account_id=holdings.account_id,
        venue=holdings.venue,
        positions=_entries(holdings.positions, valuation, types),
        balances=tuple(
            balance_record(
                balance,
                scales,
                updated_at=updated_at,
                security_type=types.get(balance.asset, SecurityType.CRYPTO),
            )
            for balance in holdings.balances
        ),
        summary=summary_record(holdings.account_id, valuation.currency, worth),
        updated_at=updated_at,
        update_mode=UpdateMode.SNAPSHOT,
    )


def _entries(
    positions: Iterable[Position], valuation: Valuation, types: Mapping[str, SecurityType]
) -> tuple[PositionEntry, ...]:
    entries = []
    for position in positions:
        units = valuation.units[position.instrument_id]
        kind = types.get(units.listing.id.base, SecurityType.CRYPTO)
        mark = valuation.marks.get(position.instrument_id)
        entries.append(position_entry(position, units, mark, security_type=kind))
    return tuple(entries)


def summary_record(account_id: str, currency: str, worth: Worth) -> SummaryRecord:
    """The summary of an unleveraged account."""
    return SummaryRecord(
        trading_account_id=account_id,
        currency=currency,
        leverage=1,
        equity=worth.equity,
        margin="0",
        margin_loan="0",
        margin_usage="0",
        margin_requirement="0",
        margin_level="0",
        credit="0",
        risk_exposure=worth.exposure,
    )


def position_entry(
    position: Position,
    units: InstrumentUnits,
    mark: int | None,
    *,
    security_type: SecurityType = SecurityType.CRYPTO,
) -> PositionEntry:
    """A position as the payload that both surfaces are made from.

    Args:
        position: Open or closed.
        units: The units of its instrument.
        mark: The current price in ticks; ``None`` leaves the current price and the unrealised
            profit out.
        security_type: The type of the base asset.
    """
    listing = units.listing
    quote = listing.id.quote
    optional: dict[str, str | int] = {}
    if mark is not None:
        optional["current_price"] = listing.ticks.format(mark)
        unrealised = position.unrealised(units, mark)
        optional["unrealized_pnl"] = units.scales.format(quote, unrealised)
    if position.exited_lots:
        optional["exit_price"] = units.price(position.exited_cost, position.exited_lots)
    if position.closed_at:
        optional["closed_at"] = position.closed_at
    cost, lots = position.entry_cost, position.lots
    if not position.is_open:
        cost, lots = position.entered_cost, position.entered_lots
    return PositionEntry(
        position_id=position.position_id,
        security_symbol=listing.id.base,
        trading_account_id=position.account_id,
        security_type=security_type,
        status=PositionStatus.OPEN if position.is_open else PositionStatus.CLOSED,
        position_side=position.side,
        quantity=listing.lots.format(lots if position.is_open else 0),
        created_at=position.created_at,
        updated_at=position.updated_at,
        instrument_id=position.instrument_id,
        entry_price=units.price(cost, lots),
        realized_pnl=units.scales.format(quote, position.realised),
        **optional,  # type: ignore[arg-type]  # the keys above fit their values
    )


def account_record(account: Account) -> AccountRecord:
    """An account as the payload that both surfaces are made from.

    ``userId`` is left out for owners whose id is no UUID: the API's clients refuse it.
    """
    return AccountRecord(
        trading_account_id=account.account_id,
        external_trading_account_id=account.account_id,
        venue=account.venue,
        nickname=account.nickname,
        account_type=account.account_type,
        external_account_type=account.account_type.value,
        credentials=(),
        status=account.status,
        created_at=account.created_at,
        updated_at=account.updated_at,
        position_mode=PositionMode.NETTING,
        collateral_mode=CollateralMode.CROSS,
        margin_mode=MarginMode.CROSS,
        user_id=account.owner if is_uuid(account.owner) else UNSET,
    )
