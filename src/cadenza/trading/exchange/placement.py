"""The placement of an order: its record, its reservation, and the command for its engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderStatus, QuantityType
from cadenza.trading.accounts.account import Account
from cadenza.trading.errors import InsufficientBalanceError, OrderTermsError
from cadenza.trading.exchange.clearing import Clearing
from cadenza.trading.exchange.dealer import Offer, quoted_terms
from cadenza.trading.exchange.live_order import LiveOrder
from cadenza.trading.exchange.terms import Terms, terms_of
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.ledger.fees import MILLION
from cadenza.trading.ledger.units import AssetScales
from cadenza.trading.matching.commands import Amend, SelfTrade, Submit, SubmitList
from cadenza.trading.orders.request import AmendRequest, OrderRequest
from cadenza.trading.orders.state import OrderState

_OCO: Final = ContingencyType.OCO


class Placed(NamedTuple):
    """Orders that are written down, and the command that brings them to their engine."""

    orders: tuple[LiveOrder, ...]
    command: Submit | SubmitList


class _At(NamedTuple):
    """The place of an order in its list, and when it came."""

    place: int
    list_id: str
    contingency: ContingencyType | None
    now: int


class Placement:
    """Makes orders of requests.

    Args:
        clearing: Its ledger and its journal are used.
        scales: The scales of all assets, for the texts of errors.
        new_id: Makes ids of orders and lists, UUIDs.
        protection_ppm: How far from the touch an order without a limit may trade, in millionths of
            the price.
        self_trade: What happens when an order meets another of its owner.

    Attributes:
        next_order: Number of the next order.
    """

    def __init__(
        self,
        clearing: Clearing,
        scales: AssetScales,
        new_id: Callable[[], str],
        *,
        protection_ppm: int,
        self_trade: SelfTrade,
    ) -> None:
        # An entry that lost a part to itself could not buy all that its exits sell.
        is_decrement = self_trade is SelfTrade.DECREMENT
        self._list_self_trade = SelfTrade.CANCEL_NEWEST if is_decrement else None
        self._clearing = clearing
        self._scales = scales
        self._new_id = new_id
        self._protection_ppm = protection_ppm
        self.next_order = 1

    def resume(self, next_order: int) -> None:
        """Number orders from here on, after those that a store has."""
        self.next_order = next_order

    def place(
        self, account: Account, instrument: TradedInstrument, request: OrderRequest, now: int
    ) -> Placed:
        """Write the orders of a request down and reserve what they need.

        Raises:
            FilterError: The instrument does not allow it.
            OrderTermsError: A field is missing, too much, or contradicts another.
            InsufficientBalanceError: The account cannot pay for it.
        """
        all_terms, contingency = terms_of(instrument, request, self._protection_ppm)
        if request.expire_at and request.expire_at <= now:
            raise OrderTermsError("expireAt", "is in the past")
        first = all_terms[0]
        if first.is_buy and not first.limit and not first.shape.waits:
            first = self._within_means(account, instrument, first)
        list_id = self._new_id() if contingency is not None else ""
        orders = tuple(
            self._written(
                account, instrument, request, terms, _At(index, list_id, contingency, now)
            )
            for index, terms in enumerate((first, *all_terms[1:]))
        )
        self._reserve(account, orders, now)
        head = orders[0].state
        head.exits = tuple(order.state.order_id for order in orders[1:])
        if len(orders) > 1 and contingency is not _OCO:
            self._earmark(orders)
        batch = self._clearing.journal.batch
        for order in orders:
            self._clearing.follow(order)
            batch.orders[order.state.order_id] = order.state
        submits = tuple(
            _submit(order, terms, now)
            for order, terms in zip(orders, (first, *all_terms[1:]), strict=True)
        )
        if contingency is None:
            return Placed(orders, submits[0])
        submits = tuple(
            msgspec.structs.replace(submit, self_trade=self._list_self_trade) for submit in submits
        )
        command = SubmitList(now=now, list_id=list_id, contingency=contingency, orders=submits)
        return Placed(orders, command)

    def place_quoted(
        self,
        account: Account,
        instrument: TradedInstrument,
        request: OrderRequest,
        offer: Offer,
        now: int,
    ) -> LiveOrder:
        """Write an order that takes a quote down and reserve what it costs.

        Raises:
            OrderTermsError: It has a field that goes with other types only.
            InsufficientBalanceError: The account cannot pay for it.
        """
        terms = quoted_terms(request, lots=offer.lots, price=offer.price)
        order = self._written(account, instrument, request, terms, _At(0, "", None, now))
        self._reserve(account, (order,), now)
        self._clearing.follow(order)
        self._clearing.journal.batch.orders[order.state.order_id] = order.state
        return order

    def amendment(self, live: LiveOrder, change: AmendRequest, now: int) -> Amend:
        """The command that gives an order new terms, which it can pay for.

        Raises:
            FilterError: The instrument does not allow them.
            OrderTermsError: A field makes no sense for this order.
            InsufficientBalanceError: The account cannot pay for them.
        """
        state, instrument = live.state, live.instrument
        if not (change.quantity or change.limit_price or change.stop_price):
            raise OrderTermsError("quantity", "or limitPrice or stopPrice must be given")
        if change.quantity and (state.list_id or state.budget):
            kind = "an order of a list" if state.list_id else "an order with a QUOTE quantity"
            raise OrderTermsError("quantity", f"cannot be changed for {kind}")
        if change.limit_price and not state.limit:
            raise OrderTermsError("limitPrice", f"is not for {state.type}")
        if change.stop_price and not state.stop:
            raise OrderTermsError("stopPrice", f"is not for {state.type}")
        lots = instrument.filters.quantity(change.quantity) if change.quantity else state.lots
        limit = instrument.filters.price(change.limit_price) if change.limit_price else state.limit
        stop = instrument.filters.price(change.stop_price, "stopPrice") if change.stop_price else 0
        if change.stop_price and not limit and live.is_buy:
            raise OrderTermsError("stopPrice", "of a buy without a limit cannot be changed")
        if limit:
            instrument.filters.notional(limit, lots)
        after = LiveOrder(
            state, instrument, bound=limit or live.bound, leaves=live.leaves + lots - state.lots
        )
        if after.leaves > 0:
            self._check_more(live, after)
        return Amend(
            now=now,
            order_id=state.order_id,
            lots=lots if change.quantity else 0,
            limit=limit if change.limit_price else 0,
            stop=stop,
        )

    def earmarks(self, state: OrderState) -> str:
        """Key of the reservation that takes what an order buys for its exits, if it has some."""
        is_entry = bool(state.exits) and state.contingency is not _OCO
        return _exit_key(state.list_id) if is_entry and state.side is OrderSide.BUY else ""

    def _written(
        self,
        account: Account,
        instrument: TradedInstrument,
        request: OrderRequest,
        terms: Terms,
        at: _At,
    ) -> LiveOrder:
        """Make the record of an order that no engine knows yet."""
        order_id = self._new_id()
        is_first = at.place == 0
        hold = order_id
        if at.contingency is _OCO:
            hold = at.list_id
        elif not is_first:
            hold = _exit_key(at.list_id)
        state = OrderState(
            order_id=order_id,
            number=self.next_order,
            account_id=account.account_id,
            instrument_id=instrument.instrument_id,
            tick=instrument.listing.ticks.step,
            lot=instrument.listing.lots.step,
            side=terms.side,
            type=terms.type,
            time_in_force=terms.time_in_force,
            status=OrderStatus.SUBMITTED,
            quantity_type=request.quantity_type if is_first else QuantityType.BASE,
            rounding=request.rounding,
            lots=terms.lots,
            budget=terms.budget * instrument.units.tick_lot,
            limit=terms.limit,
            stop=terms.stop,
            trail=terms.trail,
            visible=terms.visible,
            hold=hold,
            list_id=at.list_id,
            contingency=at.contingency,
            created_at=at.now,
            updated_at=at.now,
            expire_at=terms.expire_at,
        )
        self.next_order += 1
        if is_first:
            state.client_order_id = request.client_order_id
            state.idempotency_key = request.key
            state.digest = request.digest if request.key else ""
            state.quote_id = request.quote_id
        leaves = 0 if terms.budget else terms.lots
        return LiveOrder(state, instrument, bound=terms.bound, leaves=leaves, budget=terms.budget)

    def _within_means(self, account: Account, instrument: TradedInstrument, terms: Terms) -> Terms:
        """A market buy whose protection price is one the account could pay for all of it."""
        if not terms.lots:
            return terms
        units, fees = instrument.units, self._clearing.fees
        free = self._clearing.ledger.balance(account.account_id, instrument.listing.id.quote).free
        if fees.hold(units.cost(terms.protection, terms.lots)) <= free:
            return terms
        touch = instrument.touch(True)
        affordable = free * MILLION // ((MILLION + fees.worst_ppm) * units.cost(1, terms.lots))
        if not touch or affordable < touch:
            return terms  # the reservation will say what is missing
        return msgspec.structs.replace(terms, protection=min(terms.protection, affordable))

    def _reserve(self, account: Account, orders: tuple[LiveOrder, ...], now: int) -> None:
        """Lock what the orders need, all or nothing; orders with one key share the largest need."""
        fees, ledger = self._clearing.fees, self._clearing.ledger
        needs: dict[str, tuple[str, int]] = {}
        sells_bought = orders[0].is_buy and orders[0].state.contingency is not _OCO
        for index, order in enumerate(orders):
            if index and sells_bought and not order.is_buy:
                continue  # it sells what the first one buys
            asset, need = order.asset, order.need(fees)
            known = needs.get(order.state.hold)
            needs[order.state.hold] = (asset, max(need, known[1]) if known else need)
        totals: dict[str, int] = {}
        for asset, need in needs.values():
            totals[asset] = totals.get(asset, 0) + need
        for asset, total in totals.items():
            self._check_free(account.account_id, asset, total)
        for key, (asset, need) in needs.items():
            entry = ledger.reserve(key, account.account_id, asset, need, at=now)
            self._clearing.posted(entry)

    def _check_more(self, live: LiveOrder, after: LiveOrder) -> None:
        """Refuse new terms that need more than is reserved and free."""
        held = self._clearing.ledger.reservation(live.state.hold)
        if held is not None:
            more = after.need(self._clearing.fees, held.carry) - held.amount
            if more > 0:
                self._check_free(live.state.account_id, live.asset, more)

    def _check_free(self, account_id: str, asset: str, needed: int) -> None:
        free = self._clearing.ledger.balance(account_id, asset).free
        if needed > free:
            texts = self._scales.format(asset, needed), self._scales.format(asset, free)
            raise InsufficientBalanceError(asset, *texts)

    def _earmark(self, orders: tuple[LiveOrder, ...]) -> None:
        """Keep what the first order buys for the exits that sell it."""
        first, *exits = orders
        if first.is_buy and not exits[0].is_buy:
            first.earmarks = _exit_key(first.state.list_id)


def _exit_key(list_id: str) -> str:
    return f"{list_id}/exit"


def _submit(order: LiveOrder, terms: Terms, now: int) -> Submit:
    state = order.state
    return Submit(
        now=now,
        order_id=state.order_id,
        owner=state.account_id,
        side=terms.side,
        type=terms.type,
        time_in_force=terms.time_in_force,
        lots=terms.lots,
        budget=terms.budget,
        limit=terms.limit,
        stop=terms.stop,
        trail=terms.trail,
        visible=terms.visible,
        protection=terms.protection,
        expire_at=terms.expire_at,
    )
