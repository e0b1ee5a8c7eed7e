"""The paper venue, put together: accounts, money, orders, quotes and the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.clock import Clock
from cadenza.market.instrument import Listing
from cadenza.market.market import Market
from cadenza.market.order_book import OrderBook
from cadenza.models import SecurityType, Venue
from cadenza.trading.accounts.account import AccountChange
from cadenza.trading.accounts.position import Position, PositionBook
from cadenza.trading.accounts.registry import MOST_ACCOUNTS, AccountRegistry
from cadenza.trading.accounts.valuation import Valuation
from cadenza.trading.contracts import why_not
from cadenza.trading.errors import NotTradableError
from cadenza.trading.exchange.account_service import AccountService
from cadenza.trading.exchange.clearing import Clearing, ExchangeListener
from cadenza.trading.exchange.dealer import Dealer
from cadenza.trading.exchange.endings import Endings
from cadenza.trading.exchange.exchange import Exchange
from cadenza.trading.exchange.index import OrderIndex
from cadenza.trading.exchange.limiter import OrderLimiter
from cadenza.trading.exchange.placement import Placement
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.ids import RisingIds
from cadenza.trading.ledger.entry import LedgerState
from cadenza.trading.ledger.errors import AmountTextError
from cadenza.trading.ledger.fees import FeeSchedule
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.ledger.units import SHOWN_DECIMALS, AssetScales
from cadenza.trading.matching.commands import CancelAll, SelfTrade
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.mirrored.engine import MirroredEngine
from cadenza.trading.orders.faults import OrderFaults
from cadenza.trading.store.journal import Journal
from cadenza.trading.store.store import Batch, Store
from cadenza.trading.tape import PaperTape

logger: Final = logging.getLogger("cadenza.trading")

DECIMALS: Final = 20
"""Decimals of every asset in the ledger, so that amounts in a store mean the same whatever is
listed: two more than the finest tick times the finest lot of any venue (10 and 8 digits)."""

TRADES_A_MILLISECOND: Final = 1000
"""Trade ids begin at the time of the start times this, so that they rise over restarts."""


class VenueRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of the venue.

    Attributes:
        deposit: Funds of a new account: decimal strings by asset.
        fees: Rates of makers and takers.
        venues: Venues that a new account trades at, its main venue first.
        self_trade: What happens when an order meets another of its owner.
        order_rate: Orders and amendments a second and user; 0: no limit.
        account_limit: Accounts a user may have.
        open_order_limit: Open orders an account may have.
        protection_ppm: How far from the touch an order without a limit may trade, in millionths of
            the price.
        quote_spread_ppm: The margin of the dealer, in millionths of the price.
    """

    deposit: Mapping[str, str] = {}
    fees: FeeSchedule = FeeSchedule()
    venues: tuple[Venue, ...] = (Venue.PAPER,)
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    order_rate: int = 0
    account_limit: int = MOST_ACCOUNTS
    open_order_limit: int = 10_000
    protection_ppm: int = 50_000
    quote_spread_ppm: int = 500


class PaperVenue:
    """Everything behind the trading operations.

    Args:
        store: Where it is durable; opened and closed here.
        clock: The time.
        listener: Hears every change.
        market: Shows the venue's own books, and has the books that quotes go by.
        rules: The rules of the venue.
        new_id: Makes ids; by default UUIDs that rise with time.
        faults: Faults that orders meet on purpose; by default none.

    Attributes:
        store: As given.
        rules: As given.
        now: Milliseconds UTC.
        exchange: Takes orders.
        accounts: Operations on accounts.
        registry: The accounts of all owners.
        ledger: The money of all accounts.
        positions: The open positions of all accounts.
        journal: Says what is durable.
        scales: The scales of all assets.
        marks: Last prices in ticks, as the store had them; only the venue's own books start there.
        security_types: The types of assets, of those that instruments name.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        listener: ExchangeListener,
        market: Market,
        rules: VenueRules,
        *,
        new_id: Callable[[], str] | None = None,
        faults: OrderFaults | None = None,
    ) -> None:
        self.store = store
        self.rules = rules
        self.now: Final = clock.time_ms
        self._market = market
        new_id = new_id or RisingIds(self.now)
        self.scales: Final = AssetScales({})
        self.ledger: Final = Ledger()
        self.positions: Final = PositionBook(new_id)
        self.journal: Final = Journal(store, clock=clock.monotonic, prepare=self._prepare)
        self.registry: Final = AccountRegistry(
            self.ledger,
            new_id,
            deposit=self._amounts(rules.deposit),
            venues=rules.venues,
            limit=rules.account_limit,
        )
        index, endings = OrderIndex(store), Endings()
        clearing = Clearing(
            self.ledger,
            self.positions,
            self.journal,
            fees=msgspec.structs.replace(rules.fees, grain=10 ** (DECIMALS - SHOWN_DECIMALS)),
            listener=listener,
            new_id=new_id,
            on_end=(index.ended, endings.ended),
        )
        instruments: dict[str, TradedInstrument] = {}
        refused: dict[str, NotTradableError] = {}
        self.exchange: Final = Exchange(
            clearing,
            Placement(
                clearing,
                self.scales,
                new_id,
                protection_ppm=rules.protection_ppm,
                self_trade=rules.self_trade,
            ),
            index,
            OrderLimiter(rules.order_rate),
            self.now,
            instruments=instruments,
            dealer=Dealer(
                instruments,
                market,
                new_id,
                self.now,
                spread_ppm=rules.quote_spread_ppm,
                refused=refused,
            ),
            refused=refused,
            faults=OrderFaults() if faults is None else faults,
            endings=endings,
            open_order_limit=rules.open_order_limit,
        )
        self.accounts: Final = AccountService(self.registry, clearing, new_id, self.now)
        self.marks: dict[str, int] = {}
        self._left_out: dict[tuple[str, str], Position] = {}
        self.security_types: dict[str, SecurityType] = {}

    async def open(self) -> None:
        """Take back everything that the store has; open orders wait for their instruments.

        Raises:
            StoreError: The store cannot be used.
        """
        saved = await self.store.open()
        self.ledger.load(
            LedgerState(
                seq=saved.ledger_seq, balances=saved.balances, reservations=saved.reservations
            )
        )
        for balance in saved.balances:
            self.scales.learn(balance.asset, DECIMALS)
        for account in saved.accounts:
            self.registry.apply(AccountChange(account=account))
        for position in saved.positions:
            self.positions.put(position)
        self.exchange.clearing.resume(saved.next_execution)
        self.exchange.resume(saved.open_orders, saved.next_order)
        self.marks = dict(saved.marks)

    async def close(self) -> None:
        """Commit what is open, and let go of the store."""
        await self.journal.close()
        await self.store.close()

    def valuation(self, currency: str) -> Valuation:
        """Conversion of all assets into a currency, at the prices of this moment."""
        instruments = self.exchange.instruments
        marks = {name: instrument.mark() for name, instrument in instruments.items()}
        return Valuation(
            currency, {name: instrument.units for name, instrument in instruments.items()}, marks
        )

    def list_paper(self, listing: Listing) -> MatchingEngine:
        """Trade an instrument in a book of its own, which the market shows.

        Raises:
            NotTradableError: Its steps are too fine for the ledger.
        """
        engine = MatchingEngine(
            self_trade=self.rules.self_trade, first_trade_id=self.now() * TRADES_A_MILLISECOND
        )
        tape = PaperTape(listing, engine, self._market, self.journal, self.now)

        def touch(is_buy: bool) -> int:
            best = (engine.book.asks if is_buy else engine.book.bids).best
            return best.ticks if best is not None else 0

        instrument = TradedInstrument(listing, self._learned(listing), engine, touch, tape)
        self._list(instrument, self.marks.get(instrument.instrument_id, 0))
        tape.open()
        return engine

    def list_mirrored(self, book: OrderBook) -> MirroredEngine | None:
        """Trade an instrument whose book comes from outside; ``None`` if that cannot be.

        Whoever feeds the engine with what the market says gives the events of the engine to
        ``Exchange.market_did``.
        """
        listing = book.listing
        last = self._unlist(listing)
        engine = MirroredEngine(book, first_trade_id=self.now() * TRADES_A_MILLISECOND)

        def touch(is_buy: bool) -> int:
            best = (book.asks if is_buy else book.bids).best_key()
            return abs(best) if best is not None else 0

        try:
            instrument = TradedInstrument(listing, self._learned(listing), engine, touch)
        except NotTradableError as error:
            logger.warning("%s", error)
            self.exchange.refused[error.instrument_id] = error
            self._market.untradable.add(error.instrument_id)
            return None
        self.exchange.refused.pop(instrument.instrument_id, None)
        self._market.untradable.discard(instrument.instrument_id)
        self._list(instrument, last)
        return engine

    def _prepare(self, batch: Batch) -> None:
        """Complete a batch of the journal, which is made before the exchange."""
        self.exchange.prepare(batch)

    def _unlist(self, listing: Listing) -> int:
        """Let go of the same instrument with coarser steps, as it is declared anew.

        Orders are in whole ticks and lots of the steps they came with, so those that are open are
        cancelled.

        Returns:
            Price of its last trade, in ticks of the new listing; 0: there is none.
        """
        instrument = self.exchange.instruments.pop(str(listing.id), None)
        if instrument is None:
            return 0
        live = self.exchange.clearing.live.values()
        owners = {one.state.account_id for one in live if one.instrument is instrument}
        if owners and self.journal.failure is None:
            logger.warning("%s has finer steps now: its open orders are cancelled", listing.id)
            for owner in sorted(owners):
                self.exchange.tell(instrument, CancelAll(now=self.now(), owner=owner))
        return instrument.engine.last * listing.finer_than(instrument.listing)[0]

    def _list(self, instrument: TradedInstrument, last: int = 0) -> None:
        """Trade an instrument."""
        self.exchange.list_instrument(instrument, last=last)
        for account in self.registry:
            held = self.positions.get(account.account_id, instrument.instrument_id)
            left_out = self._left_out.pop((account.account_id, instrument.instrument_id), None)
            if held is None and left_out is not None:
                # The instrument was listed before with a lot that could not express it.
                held = left_out
                self.positions.put(held)
            if held is not None and held.lot != instrument.listing.lots.step:
                self._rescale(held, instrument.listing)

    def _rescale(self, position: Position, listing: Listing) -> None:
        """Count a position in the lots that its instrument has now, if they can express it."""
        lots = position.lots * Fraction(position.lot or "0") / Fraction(listing.lots.step)
        if lots.denominator == 1 and lots:
            entered = position.entered_lots * Fraction(position.lot) / Fraction(listing.lots.step)
            exited = position.exited_lots * Fraction(position.lot) / Fraction(listing.lots.step)
            position = msgspec.structs.replace(
                position,
                lot=listing.lots.step,
                lots=int(lots),
                entered_lots=int(entered),
                exited_lots=int(exited),
            )
            self.positions.put(position)
            self.journal.batch.positions[position.position_id] = position
            self.journal.touch()
        else:
            logger.warning(
                "a position in %s of %s lots has no whole number of lots of %s; it is left out",
                position.instrument_id,
                position.lot,
                listing.lots.step,
            )
            self.positions.drop(position)
            self._left_out[position.account_id, position.instrument_id] = position

    def _learned(self, listing: Listing) -> AssetScales:
        """The scales, with the instrument's assets among them."""
        instrument = listing.instrument
        for asset, kind in (
            (listing.id.base, instrument.base_security_type),
            (listing.id.quote, instrument.quote_security_type),
        ):
            self.scales.learn(asset, DECIMALS)
            if kind is not UNSET:
                self.security_types[asset] = kind
        problem = why_not(instrument)
        if problem:
            raise NotTradableError(str(listing.id), problem)
        unit = Decimal(listing.ticks.step) * Decimal(listing.lots.step)
        if unit.normalize().as_tuple().exponent < -DECIMALS:  # type: ignore[operator]  # finite
            raise NotTradableError(
                str(listing.id), f"a lot at a tick is {unit:f}, finer than {DECIMALS} decimals"
            )
        return self.scales

    def _amounts(self, texts: Mapping[str, str]) -> dict[str, int]:
        """Texts of the configuration in minor units; raises ``AmountTextError``."""
        amounts = {}
        for asset, text in texts.items():
            self.scales.learn(asset, DECIMALS)
            amounts[asset] = self.scales.parse(asset, text)
            if amounts[asset] <= 0:
                raise AmountTextError(asset, text, "it must be positive")
        return amounts
