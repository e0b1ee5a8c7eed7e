"""Profit and loss of trading, computed from fills alone: deposits are no profit.

A position is valued at its average entry price. A fill against it closes a part at that price; one
that is larger closes it and opens another the other way round. All is computed with fractions, and
rounded once, when it is given; so for each instrument, exactly::

    realized + unrealized == received less paid + worth of what is held
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from cadenza.client.errors import UsageError
from cadenza.client.fields import ZERO
from cadenza.client.trading.values import Execution, Position
from cadenza.models import OrderSide

_EXACT: Final = Context(prec=120)
_STEP: Final = Decimal(1).scaleb(-20)
"""Results are rounded to it; the venue keeps fewer decimals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentPnl:
    """Profit and loss in one instrument; amounts are in ``currency``.

    Attributes:
        instrument: The instrument, ``VENUE:BASE/QUOTE``.
        currency: The asset in which it is settled: the quote asset of a spot instrument.
        fills: How many fills it is made of.
        quantity: The quantity that is held now, by these fills; negative if it is short.
        entry_price: The average price of what is held; ``None`` if nothing is.
        price: The price at which that was valued; ``None`` if nothing is held, or nobody trades.
        realized: The profit of what was closed, without fees.
        unrealized: The profit of what is held, without fees; ``None`` if it has no price.
        fees: The fees, less rebates.
        other_fees: The fees in other assets, by asset; no part of ``net``.
    """

    instrument: str
    currency: str
    fills: int
    quantity: Decimal
    entry_price: Decimal | None
    price: Decimal | None
    realized: Decimal
    unrealized: Decimal | None
    fees: Decimal
    other_fees: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def net(self) -> Decimal:
        """What is left: realized and unrealized, less fees. What has no price counts as 0."""
        return _EXACT.subtract(_EXACT.add(self.realized, self.unrealized or ZERO), self.fees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pnl:
    """Profit and loss of an account.

    The amounts of the account are sums over its instruments, which are in one currency; where they
    are not, reading a sum raises ``UsageError``, and ``of`` gives each currency's.

    Attributes:
        since: The time it begins, milliseconds since the epoch, UTC; that of the first fill unless
            one was given, 0 without any fill.
        instruments: Its parts by instrument.
    """

    since: int
    instruments: Mapping[str, InstrumentPnl]

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of its parts."""
        return tuple(sorted({it.currency for it in self.instruments.values()}))

    def of(self, currency: str) -> Pnl:
        """The part that is in one currency."""
        parts = {name: it for name, it in self.instruments.items() if it.currency == currency}
        return Pnl(since=self.since, instruments=parts)

    @property
    def realized(self) -> Decimal:
        """The profit of what was closed, without fees."""
        return self._sum(it.realized for it in self.instruments.values())

    @property
    def unrealized(self) -> Decimal:
        """The profit of what is held, without fees; what has no price counts as 0."""
        return self._sum(it.unrealized or ZERO for it in self.instruments.values())

    @property
    def fees(self) -> Decimal:
        """The fees, less rebates."""
        return self._sum(it.fees for it in self.instruments.values())

    @property
    def net(self) -> Decimal:
        """What is left: realized and unrealized, less fees."""
        return self._sum(it.net for it in self.instruments.values())

    def _sum(self, amounts: Iterable[Decimal]) -> Decimal:
        if len(self.currencies) > 1:
            several = ", ".join(self.currencies)
            raise UsageError(f"the profit is in {several}: choose one, as pnl.of({several[:4]!r})")
        total = ZERO
        for amount in amounts:
            total = _EXACT.add(total, amount)
        return total


class PnlBook:
    """The stay in one instrument, fill by fill.

    Attributes:
        quantity: What is held; negative if it is short.
        entry: The cost of entering that, never negative.
        realized: The profit of what was closed.
    """

    def __init__(self) -> None:
        self.quantity = Fraction(0)
        self.entry = Fraction(0)
        self.realized = Fraction(0)

    def add(self, fill: Execution) -> None:
        """Count a fill."""
        size, cost = Fraction(fill.quantity), Fraction(fill.cost)
        change = size if fill.side is OrderSide.BUY else -size
        if not size:
            return
        if self.quantity * change < 0:
            closed = min(size, abs(self.quantity))
            gained = cost * closed / size - self.entry * closed / abs(self.quantity)
            self.realized += gained if self.quantity > 0 else -gained
            self.entry -= self.entry * closed / abs(self.quantity)
            self.entry += cost * (size - closed) / size
        else:
            self.entry += cost
        self.quantity += change

    def take_away(self) -> None:
        """A reset has ended it, at its entry price."""
        self.quantity = self.entry = Fraction(0)


def pnl_of(
    fills: Sequence[Execution], held: Mapping[str, Position], since: int | None = None
) -> Pnl:
    """Profit and loss of fills.

    Args:
        fills: The fills, oldest first.
        held: The open positions of the account, for their prices; without ``since``, what they lack
            was taken away by a reset.
        since: The time of the first fill that counts; ``None``: there are all.
    """
    by_instrument: dict[str, list[Execution]] = {}
    for fill in fills:
        by_instrument.setdefault(fill.instrument, []).append(fill)
    parts = {
        name: _part(name, found, held.get(name), is_all=since is None)
        for name, found in sorted(by_instrument.items())
    }
    first = fills[0].at if fills else 0
    return Pnl(since=first if since is None else since, instruments=parts)


def _part(
    name: str, fills: Sequence[Execution], position: Position | None, *, is_all: bool
) -> InstrumentPnl:
    book = _counted(fills, 0)
    if is_all and book.quantity != (Fraction(position.net) if position is not None else 0):
        book = _counted(fills, position.opened_at if position is not None else fills[-1].at + 1)
    currency = _currency(name)
    paid = [(asset, amount) for fill in fills for asset, amount in fill.fees.items()]
    fees = sum((Fraction(amount) for asset, amount in paid if asset == currency), Fraction(0))
    others: dict[str, Decimal] = {}
    for asset, amount in paid:
        if asset != currency:
            others[asset] = _EXACT.add(others.get(asset, ZERO), amount)
    price = position.current_price if position is not None and book.quantity else None
    unrealized: Fraction | None = Fraction(0)
    if book.quantity:
        unrealized = None
        if price is not None:
            worth = book.quantity * Fraction(price) * _size(fills[-1])
            unrealized = worth - (book.entry if book.quantity > 0 else -book.entry)
    entry = book.entry / abs(book.quantity) / _size(fills[-1]) if book.quantity else None
    return InstrumentPnl(
        instrument=name,
        currency=currency,
        fills=len(fills),
        quantity=_decimal(book.quantity),
        entry_price=None if entry is None else _decimal(entry),
        price=price,
        realized=_decimal(book.realized),
        unrealized=None if unrealized is None else _decimal(unrealized),
        fees=_decimal(fees),
        other_fees=others,
    )


def _counted(fills: Sequence[Execution], anew: int) -> PnlBook:
    """All fills; what was held before the time ``anew`` was taken away by then."""
    book, is_old = PnlBook(), True
    for fill in fills:
        if is_old and anew and fill.at >= anew:
            book.take_away()
            is_old = False
        book.add(fill)
    if is_old and anew:
        book.take_away()
    return book


def _size(fill: Execution) -> Fraction:
    """The size of a contract: 1 for spot, whose cost is price times quantity."""
    plain = Fraction(fill.price) * Fraction(fill.quantity)
    return Fraction(fill.cost) / plain if plain else Fraction(1)


def _currency(instrument: str) -> str:
    """The asset of costs: the quote asset, or the one named behind it, as in BTC/USDT:USDT."""
    return instrument.rpartition("/")[2].rpartition(":")[2]


def _decimal(number: Fraction) -> Decimal:
    exact = _EXACT.divide(Decimal(number.numerator), Decimal(number.denominator))
    rounded = _EXACT.quantize(exact, _STEP).normalize(_EXACT)
    return Decimal(0) if not rounded else Decimal(format(rounded, "f"))
