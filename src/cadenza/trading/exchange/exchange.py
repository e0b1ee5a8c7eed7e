"""The exchange: the one writer through which every order changes.

Decisions are made at once and in memory; what they change is in the journal's open batch when a
call returns. Whoever called shows the result when ``Journal.committed`` says that it is durable.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from cadenza.market.errors import UnknownInstrumentError
from cadenza.models import OrderSide, OrderType, TimeInForce
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.errors import AccountInactiveError
from cadenza.trading.errors import (
    CommandFailedError,
    HaltedError,
    KeyReusedError,
    NotTradableError,
    OpenOrderLimitError,
    OrderNotFoundError,
    OrderRefusedError,
    OrderTermsError,
    TradingError,
    VenueMismatchError,
)
from cadenza.trading.exchange.clearing import ENTRY, TRIGGER, Clearing
from cadenza.trading.exchange.dealer import Dealer, quoted_fill
from cadenza.trading.exchange.endings import Endings
from cadenza.trading.exchange.index import OrderIndex, ParkedOrders
from cadenza.trading.exchange.limiter import OrderLimiter
from cadenza.trading.exchange.live_order import live_order
from cadenza.trading.exchange.placement import Placed, Placement
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.matching.commands import AnyCommand, Cancel, CancelAll, Expire, Submit
from cadenza.trading.matching.events import AnyEvent, Refused
from cadenza.trading.matching.order import HELD, STOPS
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.matching.saved_order import RestoreError, saved_of
from cadenza.trading.orders.faults import OrderFault, OrderFaults
from cadenza.trading.orders.request import AmendRequest, OrderRef, OrderRequest
from cadenza.trading.orders.state import OrderState
from cadenza.trading.store.journal import Journal
from cadenza.trading.store.store import Batch

logger: Final = logging.getLogger("cadenza.trading")

FAULT: Final = "FAULT_INJECTED"
"""Cancel reason of the rest that a partial fill on purpose leaves."""

ENDED: Final = "ORDER_ENDED"
"""Reason to refuse a change of an order that has ended."""

_QUOTED: Final = OrderType.QUOTED

_WAITS_IN: Final = {STOPS.value: TRIGGER, HELD.value: ENTRY}
"""What orders wait for, by the place where their engine has them."""

_NAMES: Final = ("order_id", "maker_id", "taker_id")


class Exchange:
    """Takes orders, and tells engines and clearing about them.

    Args:
        clearing: Works off the events of engines.
        placement: Makes orders of requests.
        index: Finds orders by their names.
        limiter: Bounds how many orders a user sends.
        now: Milliseconds UTC.
        instruments: The instruments that are traded, by id; filled here, read by the dealer.
        dealer: Quotes the prices that QUOTED orders take.
        faults: Faults that orders meet on purpose; whoever submits asks them.
        endings: Told by clearing of the orders that end.
        open_order_limit: Open orders an account may have; those of a list count as one or two.
        refused: Why instruments of the market are not traded, by id; filled by the venue.

    Attributes:
        clearing: As given.
        placement: As given.
        index: As given.
        limiter: As given.
        now: As given.
        instruments: As given.
        dealer: As given.
        faults: As given.
        endings: As given.
        refused: As given.
        parked: Open orders whose instrument is not listed.
    """

    def __init__(
        self,
        clearing: Clearing,
        placement: Placement,
        index: OrderIndex,
        limiter: OrderLimiter,
        now: Callable[[], int],
        *,
        instruments: dict[str, TradedInstrument],
        dealer: Dealer,
        faults: OrderFaults,
        endings: Endings,
        open_order_limit: int,
        refused: dict[str, NotTradableError] | None = None,
    ) -> None:
        self.clearing = clearing
        self.placement = placement
        self.index = index
        self.limiter = limiter
        self.now = now
        self.instruments: Final = instruments
        self.dealer: Final = dealer
        self.faults: Final = faults
        self.endings: Final = endings
        self.refused: Final[dict[str, NotTradableError]] = {} if refused is None else refused
        self.parked: Final = ParkedOrders()
        self._undone: Callable[[], None] = _nothing
        self._journal: Journal = clearing.journal
        self._open_order_limit = open_order_limit

    # Instruments.

    def resume(self, open_orders: tuple[OrderState, ...], next_order: int) -> None:
        """Continue where a store was left: its open orders wait for their instruments."""
        self.placement.resume(next_order)
        self.index.opened(open_orders, next_number=next_order)
        self.parked.add(open_orders)

    def list_instrument(self, instrument: TradedInstrument, *, last: int = 0) -> None:
        """Begin to trade an instrument; its parked orders go back into its engine.

        Args:
            instrument: The instrument; its engine has done nothing yet.
            last: Price of the last trade in ticks; 0: not known.

        Those that cannot stand in it stay parked: they can only be cancelled.
        """
        self.instruments[instrument.instrument_id] = instrument
        back = self._restored(instrument, self.parked.take(instrument), last)
        for state in back:
            if state.saved is not None:
                state.waits_for = _WAITS_IN.get(state.saved.place, "")
            self.clearing.follow(live_order(state, instrument))
        instrument.engine.begin()
        for state in back:
            if (earmarks := self.placement.earmarks(state)) in self.clearing.holders:
                self.clearing.live[state.order_id].earmarks = earmarks

    def _restored(
        self, instrument: TradedInstrument, orders: list[OrderState], last: int
    ) -> list[OrderState]:
        """Put orders back into their engine; those that cannot stand stay parked, and are told."""
        while True:
            saved = [one.saved for one in orders if one.saved is not None]
            lost = {one.order_id for one in orders if one.saved is None}
            problem: Exception = RestoreError("no engine had it", *lost)
            try:
                if not lost:
                    instrument.engine.restore(saved, last=last)
                    return orders
            except RestoreError as error:
                problem, lost = error, set(error.order_ids) & {one.order_id for one in orders}
            except Exception as error:  # noqa: BLE001 - whatever it is, others must trade
                problem, lost = error, set()
            if not lost and not orders:
                raise problem
            lists = {one.list_id for one in orders if one.order_id in lost and one.list_id}
            kept: list[OrderState] = []
            left: list[OrderState] = []
            for one in orders:
                is_lost = not lost or one.order_id in lost or one.list_id in lists
                (left if is_lost else kept).append(one)
            self.parked.add(left)
            logger.error(
                "%d open orders of %s cannot be taken back and can only be cancelled (%s): %s",
                len(left),
                instrument.instrument_id,
                ", ".join(one.order_id for one in left[:5]),
                problem,
            )
            orders = kept

    def instrument(self, instrument_id: str) -> TradedInstrument:
        """An instrument by its id.

        Raises:
            NotTradableError: It is one of the market that cannot be traded.
            UnknownInstrumentError: There is none.
        """
        instrument = self.instruments.get(instrument_id)
        if instrument is None:
            if instrument_id in self.refused:
                raise NotTradableError(instrument_id, self.refused[instrument_id].problem)
            raise UnknownInstrumentError(instrument_id, self.instruments)
        return instrument

    # Orders.

    def submit(
        self, account: Account, request: OrderRequest, fault: OrderFault | None = None
    ) -> tuple[OrderState, ...]:
        """Take an order, or the orders of a list: the first is the one asked for.

        A request with the key of an earlier one of the account gets that one's orders.

        Args:
            account: The account that pays for it.
            request: The order as its owner asks for it.
            fault: A fault that it meets on purpose; the delay of one is the caller's matter.

        Raises:
            TradingError: It cannot be taken; nothing has changed. An order that the engine refuses
                is no error: it is REJECTED.
            UnknownInstrumentError: There is no such instrument.
        """
        self.check_running()
        known = self._known(account.account_id, request)
        if known is not None:
            return self._listed(known)
        if not account.is_active:
            raise AccountInactiveError(account.account_id, account.status)
        now = self.now()
        self.limiter.take(account.owner, now)
        if request.quote_id or request.type is _QUOTED:
            return (self._take_quote(account, request, now),)
        instrument = self.instrument(request.instrument_id)
        _check_venue(account, instrument)
        limit = self._open_order_limit
        if self.clearing.ledger.count_reservations(account.account_id) >= limit:
            raise OpenOrderLimitError(limit)
        self._begin(instrument)
        try:
            placed = self.placement.place(account, instrument, request, now)
        except Exception as error:
            raise self._refused(error, request) from error
        try:
            if fault is None:
                self._carry_out(instrument, placed.command)
            else:
                self._tell_faulty(instrument, placed, fault)
        except Exception as error:
            raise self._failed(error, placed.command, instrument) from error
        for live in placed.orders:
            self.index.add(live.state)
        self.clearing.done()
        return tuple(live.state for live in placed.orders)

    def has_taken(self, account: Account, request: OrderRequest) -> bool:
        """Whether a request repeats one of the account, by its key."""
        return bool(request.key) and self.index.of_key(account.account_id, request.key) is not None

    def cancel(self, account: Account, ref: OrderRef) -> OrderState:
        """Take an order back.

        Raises:
            OrderNotFoundError: The account has no such order.
            OrderRefusedError: It has ended already.
        """
        self.check_running()
        state = self.find(account, ref)
        live = self.clearing.live.get(state.order_id)
        if live is None:
            return self._cancel_parked(state)
        events = self.tell(live.instrument, Cancel(now=self.now(), order_id=state.order_id))
        _check_refused(state, events)
        return state

    def amend(self, account: Account, ref: OrderRef, change: AmendRequest) -> OrderState:
        """Change an order's terms; only a smaller quantity keeps its place in the queue.

        Raises:
            OrderNotFoundError: The account has no such order.
            OrderRefusedError: It has ended, or cannot be changed like this.
            FilterError: The instrument does not allow the new terms.
            InsufficientBalanceError: The account cannot pay for them.
        """
        self.check_running()
        now = self.now()
        self.limiter.take(account.owner, now)
        state = self.find(account, ref)
        live = self.clearing.live.get(state.order_id)
        if live is None:
            raise OrderRefusedError(state.order_id, ENDED, _how_ended(state))
        command = self.placement.amendment(live, change, now)
        _check_refused(state, self.tell(live.instrument, command))
        return state

    def cancel_all(
        self, account: Account, *, instrument_id: str = "", side: OrderSide | None = None
    ) -> tuple[OrderState, ...]:
        """Take back all open orders of an account, of one instrument or side if one is named.

        Raises:
            UnknownInstrumentError: There is no such instrument.
        """
        self.check_running()
        wanted = {self.instrument(instrument_id).instrument_id} if instrument_id else None
        mine: dict[str, OrderState] = {}
        instruments: dict[str, TradedInstrument] = {}
        for live in self.clearing.live.values():
            state = live.state
            if (
                state.account_id == account.account_id
                and side in {None, state.side}
                and (wanted is None or state.instrument_id in wanted)
            ):
                mine[state.order_id] = state
                instruments[state.instrument_id] = live.instrument
        command = CancelAll(now=self.now(), owner=account.account_id, side=side)
        self._begin(*instruments.values())
        try:
            for instrument in instruments.values():
                self._carry_out(instrument, command)
        except Exception as error:
            raise self._failed(error, command, *instruments.values()) from error
        self.clearing.done()
        for state in list(self.parked):
            is_meant = side in {None, state.side} and not wanted
            if state.account_id == account.account_id and is_meant:
                mine[state.order_id] = self._cancel_parked(state)
        return tuple(state for state in mine.values() if not state.is_open)

    def find(self, account: Account, ref: OrderRef) -> OrderState:
        """An order of an account by one of its names.

        Raises:
            OrderNotFoundError: There is none.
        """
        found = None
        if ref.order_id:
            found = self.index.order(account.account_id, ref.order_id)
        elif ref.client_order_id:
            found = self.index.of_client(account.account_id, ref.client_order_id)
        if found is None:
            raise OrderNotFoundError(str(ref))
        return found

    def open_orders(self) -> Iterator[OrderState]:
        """All that is open, of all accounts, by number for each instrument."""
        yield from (live.state for live in self.clearing.live.values())
        yield from self.parked

    # Engines, time and the journal.

    def tell(self, instrument: TradedInstrument, command: AnyCommand) -> list[AnyEvent]:
        """Have an engine do a command, whoever wants it, and work off what follows.

        Raises:
            CommandFailedError: It could not be carried out; nothing has changed.
            HaltedError: Not even that is sure.
        """
        self._begin(instrument)
        try:
            events = self._carry_out(instrument, command)
        except Exception as error:
            raise self._failed(error, command, instrument) from error
        self.clearing.done()
        return events

    def _begin(self, *instruments: TradedInstrument) -> None:
        """Remember what a command changes."""
        self.clearing.begin()
        for instrument in instruments:
            instrument.engine.begin()

    def _carry_out(self, instrument: TradedInstrument, command: AnyCommand) -> list[AnyEvent]:
        return self.heard(instrument, instrument.engine.apply(command))

    def heard(self, instrument: TradedInstrument, events: list[AnyEvent]) -> list[AnyEvent]:
        """Work off events, of a command or of what a market outside did."""
        clearing = self.clearing
        clearing.clear(instrument, events)
        while clearing.follow_ups:
            more = instrument.engine.apply(clearing.follow_ups.pop(0))
            clearing.clear(instrument, more)
            events += more
        for order in instrument.engine.moved():
            live = clearing.opened(order.order_id)
            if live is not None:
                live.state.stop = order.stop
                self._journal.batch.orders[order.order_id] = live.state
        if self._journal.batch:
            self._journal.touch()
        for listener in instrument.listeners:
            listener(events)
        return events

    def market_did(self, instrument_id: str, events: list[AnyEvent]) -> None:
        """Work off what a market outside did to users' orders; does not raise."""
        if self._journal.failure is None:
            instrument = self.instruments[instrument_id]
            try:
                self.clearing.begin()
                self.heard(instrument, events)
            except Exception as error:  # noqa: BLE001 - the feed is not to blame, and goes on
                moved = (instrument,) if events else ()
                self._give_up(instrument, events, self._failed(error, events, *moved))
            else:
                self.clearing.done()

    def _give_up(
        self, instrument: TradedInstrument, events: list[AnyEvent], error: TradingError
    ) -> None:
        """End the orders that the market's news cannot be told to: the market goes on."""
        if isinstance(error, HaltedError):
            return
        names = {getattr(event, name, "") for event in events for name in _NAMES}
        for order_id in sorted(names & self.clearing.live.keys()):
            try:
                self.tell(instrument, Cancel(now=self.now(), order_id=order_id))
            except TradingError as failure:
                logger.critical("order %s can neither trade nor end: %s", order_id, failure)

    def tick(self) -> None:
        """End the orders whose time has come."""
        if self._journal.failure is not None:
            return
        now = self.now()
        for instrument in self.instruments.values():
            if instrument.engine.orders:
                try:
                    self.tell(instrument, Expire(now=now))
                except CommandFailedError:
                    continue  # the log has it; other instruments go on

    def prepare(self, batch: Batch) -> None:
        """Complete a batch on its way to the store: what several decisions may have changed."""
        clearing = self.clearing
        for state in batch.orders.values():
            live = clearing.live.get(state.order_id)
            order = live.instrument.engine.orders.get(state.order_id) if live is not None else None
            state.saved = saved_of(order) if order is not None else None
        for instrument in self.instruments.values():
            if instrument.tape is not None:
                instrument.tape.capture()
        touched, clearing.touched = clearing.touched, {}
        for account_id, assets in touched.items():
            for asset in assets:
                balance = clearing.ledger.balance(account_id, asset)
                batch.balances[account_id, asset] = balance
            if not account_id.startswith("@"):
                clearing.listener.on_balances(account_id, assets)

    def on_undone(self, call: Callable[[], None]) -> None:
        """Have this called when a command was undone, so that nobody shows what it had changed."""
        self._undone = call

    def check_running(self) -> None:
        """Raise ``HaltedError`` if nothing can be made durable any more."""
        if self._journal.failure is not None:
            raise HaltedError(self._journal.failure)

    def _refused(self, error: Exception, request: OrderRequest) -> Exception:
        """Take a request back that could not be placed; what is wrong with it is the answer.

        No engine has heard of it yet.
        """
        is_expected = isinstance(error, TradingError)
        failed = self._failed(error, request, is_expected=is_expected)
        return error if is_expected and not isinstance(failed, HaltedError) else failed

    def _failed(
        self,
        error: Exception,
        what: object,
        *instruments: TradedInstrument,
        is_expected: bool = False,
    ) -> TradingError:
        """Take a command back that went wrong: its sender is told, nobody else notices."""
        if not is_expected:
            logger.error("a command is undone: %r failed", what, exc_info=error)
        try:
            for instrument in instruments:
                instrument.engine.undo()
            self.clearing.undo()
            self._undone()
        except Exception as failure:  # noqa: BLE001 - whatever it is, nothing can be trusted
            return self._halted(failure, what)
        return CommandFailedError()

    def _halted(self, error: Exception, what: object) -> HaltedError:
        """Memory and journal may differ now: nothing of it may become durable."""
        logger.critical("trading halts: %r failed", what, exc_info=error)
        self._journal.abort(error)
        return HaltedError(error)

    def _tell_faulty(self, instrument: TradedInstrument, placed: Placed, fault: OrderFault) -> None:
        """Bring orders to their engine as far as a fault lets them.

        A partial fill is for single orders with a quantity that can trade at once: what the fault
        withholds the engine never hears of, and what is left in the end is cancelled.
        """
        clearing, now = self.clearing, self.now()
        if fault.reject:
            for order in placed.orders:
                clearing.reject(order, fault.reject, now)
            self._journal.touch()
            return
        order, command = placed.orders[0], placed.command
        if fault.fill_permille is None or not isinstance(command, Submit) or not _takes(command):
            self._carry_out(instrument, command)
            return
        some = fault.lots(order.leaves)
        order.withheld = order.leaves - some
        if some:
            at_once = msgspec.structs.replace(
                command, lots=some, visible=0, expire_at=0, time_in_force=TimeInForce.IOC
            )
            self._carry_out(instrument, at_once)
        if order.state.order_id in clearing.live:
            clearing.cancel(order, FAULT, now)
            self._journal.touch()

    def _take_quote(self, account: Account, request: OrderRequest, now: int) -> OrderState:
        """Fill an order at the price it was quoted; the book of the instrument sees nothing."""
        if request.type is not _QUOTED:
            raise OrderTermsError("quoteId", f"goes with QUOTED only, not with {request.type}")
        if not request.quote_id:
            raise OrderTermsError("quoteId", "is needed for QUOTED")
        offer = self.dealer.offer_for(account, request, now)
        instrument, mark = offer.instrument, offer.instrument.engine.last
        _check_venue(account, instrument)
        self._begin(instrument)
        try:
            live = self.placement.place_quoted(account, instrument, request, offer, now)
        except Exception as error:
            raise self._refused(error, request) from error
        order, batch = live.state, self._journal.batch
        try:
            self.clearing.clear(instrument, quoted_fill(order, offer, now))
        except Exception as error:
            raise self._failed(error, request, instrument) from error
        self.dealer.taken(offer, order.order_id)
        self.index.add(order)
        self.clearing.done()
        if mark:
            batch.marks[instrument.instrument_id] = mark
        else:
            batch.marks.pop(instrument.instrument_id, None)  # a quote is no price of the market
        self._journal.touch()
        return order

    def _known(self, account_id: str, request: OrderRequest) -> OrderState | None:
        key = request.key
        known = self.index.of_key(account_id, key) if key else None
        if known is not None and not request.is_repeated_by(known.digest):
            raise KeyReusedError(key, known.order_id)
        return known

    def _listed(self, first: OrderState) -> tuple[OrderState, ...]:
        """The orders that came with a request."""
        others = (self.index.order(first.account_id, order_id) for order_id in first.exits)
        return (first, *(order for order in others if order is not None))

    def _cancel_parked(self, state: OrderState) -> OrderState:
        """End an order that no engine has."""
        if not self.parked.remove(state):
            raise OrderRefusedError(state.order_id, ENDED, _how_ended(state))
        self._begin()
        try:
            self.clearing.end_parked(state, self.now())
        except Exception as error:
            failed = self._failed(error, state)
            self.parked.add((state,))
            raise failed from error
        self.clearing.done()
        self._journal.touch()
        return state


def _nothing() -> None:
    """Nobody wants to know."""


def _check_venue(account: Account, instrument: TradedInstrument) -> None:
    if instrument.venue not in account.venues:
        raise VenueMismatchError(account.account_id, instrument.venue, account.venues)


def _how_ended(state: OrderState) -> str:
    return f"is {state.status} already"


def _takes(command: Submit) -> bool:
    """Whether an order has a quantity and may trade as soon as it comes."""
    shape = SHAPES[command.type, command.time_in_force]
    return bool(command.lots) and not (shape.waits or shape.post_only)


def _check_refused(state: OrderState, events: list[AnyEvent]) -> None:
    for event in events:
        if isinstance(event, Refused) and event.order_id == state.order_id:
            raise OrderRefusedError(state.order_id, event.reason, f"stays: {event.reason}")
