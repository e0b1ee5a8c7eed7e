"""Orders that wait for a price: stops, take-profits and trailing stops."""

from __future__ import annotations

from sortedcontainers import SortedDict

from cadenza.trading.matching.order import STOPS, Order


class StopBook:
    """The waiting orders of one instrument, by trigger price.

    A rising trigger (buy stop, sell take-profit) is reached by a trade at its price or above, a
    falling one at its price or below. A trailing stop takes its first trigger price from the first
    trade it sees, and from then on follows every better one; each trade costs time in proportion
    to the number of trailing stops of the side it favours.
    """

    __slots__ = ("_falling", "_moved", "_rising", "_trailing_buys", "_trailing_sells")

    def __init__(self) -> None:
        # Keyed by (trigger, sequence), the trigger negated where it is reached from above.
        self._rising: SortedDict[tuple[int, int], Order] = SortedDict()
        self._falling: SortedDict[tuple[int, int], Order] = SortedDict()
        self._trailing_buys: dict[int, Order] = {}
        self._trailing_sells: dict[int, Order] = {}
        self._moved: dict[int, Order] = {}

    def __len__(self) -> int:
        return len(self.orders())

    def __bool__(self) -> bool:
        return bool(self._rising or self._falling or self._trailing_buys or self._trailing_sells)

    def orders(self) -> list[Order]:
        """All orders that wait, in the order of their acceptance."""
        found = {order.sequence: order for order in self._rising.values()}
        found.update((order.sequence, order) for order in self._falling.values())
        found.update(self._trailing_buys)
        found.update(self._trailing_sells)
        return [found[sequence] for sequence in sorted(found)]

    def add(self, order: Order, last: int) -> None:
        """Let an order wait.

        Args:
            order: The order; its place becomes ``STOPS``.
            last: Price of the last trade, where a trailing stop starts from; 0: there was none.
        """
        order.place = STOPS
        if order.shape.trail:
            trailing = self._trailing_buys if order.is_buy else self._trailing_sells
            trailing[order.sequence] = order
            if order.stop:
                self._file(order)
            if last:
                self._follow(order, last)
        else:
            self._file(order)

    def remove(self, order: Order) -> None:
        """Take an order out; the caller says where it goes."""
        if order.shape.trail:
            trailing = self._trailing_buys if order.is_buy else self._trailing_sells
            del trailing[order.sequence]
            self._moved.pop(order.sequence, None)
        if order.stop:
            self._unfile(order)

    def reached(self, prices: tuple[int, ...]) -> list[Order]:
        """Take out what trades at these prices trigger, in the order of acceptance."""
        found: list[Order] = []
        for price in prices:
            for side, bound in ((self._rising, price), (self._falling, -price)):
                while side and (first := side.peekitem(0))[0][0] <= bound:
                    self.remove(first[1])
                    found.append(first[1])
            for trailing in (self._trailing_buys, self._trailing_sells):
                for order in trailing.values():
                    self._follow(order, price)
        found.sort(key=_by_sequence)
        return found

    def moved(self) -> list[Order]:
        """The trailing stops whose trigger moved since the last call, in order of acceptance.

        No event tells it, as it may happen at every trade; whoever keeps the orders asks here.
        """
        moved, self._moved = self._moved, {}
        return [moved[sequence] for sequence in sorted(moved)]

    def _follow(self, order: Order, price: int) -> None:
        """Move a trailing stop after the market, never back."""
        trail = order.terms.trail
        stop = price + trail if order.is_buy else price - trail
        if stop <= 0:
            return
        if order.stop:
            if stop >= order.stop if order.is_buy else stop <= order.stop:
                return
            self._unfile(order)
        order.stop = stop
        self._moved[order.sequence] = order
        self._file(order)

    def _file(self, order: Order) -> None:
        if order.rising:
            self._rising[order.stop, order.sequence] = order
        else:
            self._falling[-order.stop, order.sequence] = order

    def _unfile(self, order: Order) -> None:
        if order.rising:
            del self._rising[order.stop, order.sequence]
        else:
            del self._falling[-order.stop, order.sequence]


def _by_sequence(order: Order) -> int:
    return order.sequence
