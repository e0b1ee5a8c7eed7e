"""The index of orders by the names that callers use, and the orders whose instrument is missing."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.orders.state import OrderState
from cadenza.trading.store.store import Store

logger: Final = logging.getLogger("cadenza.trading")

KEPT: Final = 100_000
"""Ended orders kept in memory; older ones are looked up in the store."""


class OrderIndex:
    """Orders by id, by client id and by idempotency key.

    The open ones and the last that ended come from memory, all others from the store.

    Args:
        store: Has the older orders.
        kept: The number of ended orders that stay in memory.
    """

    def __init__(self, store: Store, *, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._orders: dict[str, OrderState] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._keys: dict[tuple[str, str], str] = {}
        self._clients: dict[tuple[str, str], str] = {}
        # Whether the store has orders that are not here; until then nobody asks it.
        self._has_older = False

    def __len__(self) -> int:
        return len(self._orders)

    def opened(self, orders: tuple[OrderState, ...], *, next_number: int) -> None:
        """Begin with the open orders of a store, which may have ended ones too."""
        self._has_older = next_number > 1
        for order in orders:
            self.add(order)

    def add(self, order: OrderState) -> None:
        """Take a new order in."""
        self._orders[order.order_id] = order
        if order.idempotency_key:
            self._keys[order.account_id, order.idempotency_key] = order.order_id
        if order.client_order_id:
            self._clients[order.account_id, order.client_order_id] = order.order_id

    def ended(self, order: OrderState) -> None:
        """An order is over; one that ended long ago may be forgotten for it."""
        self._ended[order.order_id] = None
        if len(self._ended) > self._kept:
            self._forget(self._ended.popitem(last=False)[0])

    def of_key(self, account_id: str, key: str) -> OrderState | None:
        """The order that came with an idempotency key."""
        order_id = self._keys.get((account_id, key))
        if order_id is not None:
            return self._orders[order_id]
        return self._store.find_key(account_id, key) if self._has_older else None

    def order(self, account_id: str, order_id: str) -> OrderState | None:
        """An order of an account."""
        found = self._orders.get(order_id)
        if found is None and self._has_older:
            found = self._store.order(order_id)
        return found if found is not None and found.account_id == account_id else None

    def of_client(self, account_id: str, client_order_id: str) -> OrderState | None:
        """The newest order of an account with a client order id, among those in memory."""
        order_id = self._clients.get((account_id, client_order_id))
        return self._orders[order_id] if order_id is not None else None

    def _forget(self, order_id: str) -> None:
        order = self._orders.pop(order_id)
        self._has_older = True
        for names, name in (
            (self._keys, order.idempotency_key),
            (self._clients, order.client_order_id),
        ):
            if names.get((order.account_id, name)) == order_id:
                del names[order.account_id, name]


class ParkedOrders:
    """The open orders of a store, until their instruments come; they can be cancelled meanwhile."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[str, OrderState]] = {}

    def __iter__(self) -> Iterator[OrderState]:
        for orders in self._orders.values():
            yield from orders.values()

    def add(self, orders: Iterable[OrderState]) -> None:
        """Keep orders."""
        for order in orders:
            self._orders.setdefault(order.instrument_id, {})[order.order_id] = order

    def remove(self, order: OrderState) -> bool:
        """Let go of an order; whether it was here."""
        return self._orders.get(order.instrument_id, {}).pop(order.order_id, None) is not None

    def take(self, instrument: TradedInstrument) -> list[OrderState]:
        """The orders for an instrument that is listed now, by number.

        Orders are in whole ticks and lots: those that came when the steps were others stay parked.
        """
        ticks, lots = instrument.listing.ticks.step, instrument.listing.lots.step
        mine = self._orders.pop(instrument.instrument_id, {})
        fitting = [it for it in mine.values() if (it.tick, it.lot) == (ticks, lots)]
        others = [it for it in mine.values() if (it.tick, it.lot) != (ticks, lots)]
        if others:
            self.add(others)
            logger.warning(
                "%d open orders of %s came with other steps (%s, %s) and can only be cancelled",
                len(others),
                instrument.instrument_id,
                others[0].tick,
                others[0].lot,
            )
        return fitting
