"""Positions: the holding of an account in an instrument, its entry price, and its profit.

A position is netted: fills that go its way add to it, fills against it close a part at the average
entry price, and one that is larger than the position closes it and opens another the other way
round. Everything is whole: quantities in lots, money in minor units of the quote asset, fees apart.

The one rounding: the cost that a partly closed position gives up is its entry cost in proportion,
rounded half to even to a minor unit; what is left stays in the position, so nothing is lost and a
closed position has no entry cost. Therefore, exactly and at any moment::

    realised + unrealised == cash flow + value of the position

where cash flow is what was received less what was paid, before fees.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import msgspec

from cadenza.models import OrderSide, PositionSide
from cadenza.trading.ledger.units import InstrumentUnits


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stay in the market, from the first fill to the one that closes it.

    Attributes:
        position_id: A UUID.
        account_id: The account.
        instrument_id: The instrument.
        lot: Size of a lot when it was counted, a decimal string.
        side: LONG was bought first, SHORT sold first.
        lots: Open quantity; 0 when closed.
        entry_cost: Cost of entering the open quantity.
        entered_lots: Quantity of all fills its way.
        entered_cost: Their cost.
        exited_lots: Quantity of all fills against it.
        exited_cost: Their cost.
        fees: Paid so far, less rebates; in neither cost nor profit.
        created_at: Milliseconds UTC.
        updated_at: Milliseconds UTC.
        closed_at: Milliseconds UTC; 0 while open.
    """

    position_id: str
    account_id: str
    instrument_id: str
    lot: str = ""
    side: PositionSide
    lots: int
    entry_cost: int
    entered_lots: int
    entered_cost: int
    exited_lots: int = 0
    exited_cost: int = 0
    fees: int = 0
    created_at: int
    updated_at: int
    closed_at: int = 0

    @property
    def sign(self) -> int:
        """1 for LONG, -1 for SHORT."""
        return 1 if self.side is PositionSide.LONG else -1

    @property
    def is_open(self) -> bool:
        """Whether there is a quantity left."""
        return self.lots > 0

    @property
    def cash_flow(self) -> int:
        """Received less paid, before fees."""
        return self.sign * (self.exited_cost - self.entered_cost)

    @property
    def realised(self) -> int:
        """Profit of the closed part, before fees."""
        return self.cash_flow + self.sign * self.entry_cost

    def value(self, units: InstrumentUnits, mark: int) -> int:
        """Worth of the open quantity at a price in ticks; negative for a SHORT."""
        return self.sign * units.cost(mark, self.lots)

    def unrealised(self, units: InstrumentUnits, mark: int) -> int:
        """Profit of closing it at a price in ticks, before fees."""
        return self.value(units, mark) - self.sign * self.entry_cost


class PositionFill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side of a trade, as it changes a position.

    Attributes:
        account_id: The account.
        instrument_id: The instrument.
        lot: Size of a lot, a decimal string.
        side: BUY or SELL.
        lots: Quantity in lots; positive.
        cost: Price times quantity, minor units of the quote asset.
        fee: Fee of this side, the same units; negative for a rebate.
        at: Milliseconds UTC.
    """

    account_id: str
    instrument_id: str
    lot: str = ""
    side: OrderSide
    lots: int
    cost: int
    fee: int
    at: int


class PositionBook:
    """The open positions of all accounts. The same fills and ids make the same positions.

    Args:
        new_id: Makes the id of a new position, a UUID in text form.
    """

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._open: dict[str, dict[str, Position]] = {}

    def get(self, account_id: str, instrument_id: str) -> Position | None:
        """The open position of an account in an instrument."""
        return self._open.get(account_id, {}).get(instrument_id)

    def of_account(self, account_id: str) -> tuple[Position, ...]:
        """All open positions of an account, by instrument."""
        return tuple(position for _, position in sorted(self._open.get(account_id, {}).items()))

    def fill(self, fill: PositionFill) -> tuple[Position, ...]:
        """Change the position of an account by a fill.

        Returns:
            The positions as they are now: the changed or new one, or when the fill turned a
            position round the closed one and then the new one.
        """
        position = self.get(fill.account_id, fill.instrument_id)
        if position is None:
            changed: tuple[Position, ...] = (_opened(fill, self._new_id()),)
        elif position.side is _side_of(fill):
            changed = (_increased(position, fill),)
        elif fill.lots <= position.lots:
            changed = (_reduced(position, fill),)
        else:
            closing, opening = _split(fill, position.lots)
            changed = (_reduced(position, closing), _opened(opening, self._new_id()))
        for after in changed:
            self.put(after)
        return changed

    def put(self, position: Position) -> None:
        """Take a position as it is, for example from a store; a closed one is let go."""
        held = self._open.setdefault(position.account_id, {})
        if position.is_open:
            held[position.instrument_id] = position
        else:
            held.pop(position.instrument_id, None)

    def drop(self, position: Position) -> None:
        """Forget one position."""
        self._open.get(position.account_id, {}).pop(position.instrument_id, None)

    def clear(self, account_id: str) -> None:
        """Forget the positions of an account that is reset."""
        self._open.pop(account_id, None)


def _side_of(fill: PositionFill) -> PositionSide:
    return PositionSide.LONG if fill.side is OrderSide.BUY else PositionSide.SHORT


def _opened(fill: PositionFill, position_id: str) -> Position:
    return Position(
        position_id=position_id,
        account_id=fill.account_id,
        instrument_id=fill.instrument_id,
        lot=fill.lot,
        side=_side_of(fill),
        lots=fill.lots,
        entry_cost=fill.cost,
        entered_lots=fill.lots,
        entered_cost=fill.cost,
        fees=fill.fee,
        created_at=fill.at,
        updated_at=fill.at,
    )


def _increased(position: Position, fill: PositionFill) -> Position:
    return msgspec.structs.replace(
        position,
        lots=position.lots + fill.lots,
        entry_cost=position.entry_cost + fill.cost,
        entered_lots=position.entered_lots + fill.lots,
        entered_cost=position.entered_cost + fill.cost,
        fees=position.fees + fill.fee,
        updated_at=fill.at,
    )


def _reduced(position: Position, fill: PositionFill) -> Position:
    given_up = round(Fraction(position.entry_cost * fill.lots, position.lots))
    left = position.lots - fill.lots
    return msgspec.structs.replace(
        position,
        lots=left,
        entry_cost=position.entry_cost - given_up,
        exited_lots=position.exited_lots + fill.lots,
        exited_cost=position.exited_cost + fill.cost,
        fees=position.fees + fill.fee,
        updated_at=fill.at,
        closed_at=0 if left else fill.at,
    )


def _split(fill: PositionFill, lots: int) -> tuple[PositionFill, PositionFill]:
    """The fill in two: the first ``lots``, and the rest; costs and fees in proportion."""
    cost = round(Fraction(fill.cost * lots, fill.lots))
    fee = round(Fraction(fill.fee * lots, fill.lots))
    first = msgspec.structs.replace(fill, lots=lots, cost=cost, fee=fee)
    rest = msgspec.structs.replace(
        fill, lots=fill.lots - lots, cost=fill.cost - cost, fee=fill.fee - fee
    )
    return first, rest
