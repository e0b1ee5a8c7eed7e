"""Trading, put together: the venue with its store, its instruments, its feeds and its metrics."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Coroutine, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cadenza.clock import Clock
from cadenza.config import Config, StoreConfig, TradingConfig
from cadenza.gateway.feeds import make_participants, paper_instruments
from cadenza.gateway.outlet import Outlet
from cadenza.gateway.trading.account_channel import AccountEvents
from cadenza.market.instrument import Listing
from cadenza.market.market import Market
from cadenza.market.order_book import OrderBook
from cadenza.models import Venue
from cadenza.realtime import ChannelOptions
from cadenza.trading.errors import TradingError
from cadenza.trading.ids import RisingIds
from cadenza.trading.ledger.fees import MILLION, FeeSchedule
from cadenza.trading.matching.commands import AnyCommand, SelfTrade
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import AnyEvent
from cadenza.trading.mirrored.engine import MirroredEngine
from cadenza.trading.mirrored.feed import MirrorFeed
from cadenza.trading.orders.faults import OrderFaults
from cadenza.trading.orders.request import OrderRef
from cadenza.trading.orders.state import OrderState
from cadenza.trading.participants import ParticipantsDriver
from cadenza.trading.store.memory import MemoryStore
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.store.store import Store
from cadenza.trading.venue import PaperVenue, VenueRules

logger: Final = logging.getLogger("cadenza.gateway")

Work = tuple[str, Callable[[], Coroutine[None, None, None]]]
"""The name of something that runs as long as the gateway, and the coroutine function of it."""

TICK_SECONDS: Final = 0.1
"""The time between two looks for orders that have expired."""


class Trading:
    """Everything of trading that a gateway has.

    Args:
        config: The whole configuration.
        market: Shows the paper books, and has the mirrored ones.
        clock: The time.
        outlet: Publishes the events of accounts.
        chance: Ids are made of it, and the participants' seed if none is configured.
        options: Of the account channels.
        venues: Where a new account trades, beside PAPER.
        faults: What happens to orders on purpose.

    Attributes:
        venue: The paper venue.
        events: The account channels.
        sessions: The orders that each connection has sent.
    """

    def __init__(
        self,
        config: Config,
        market: Market,
        clock: Clock,
        outlet: Outlet,
        *,
        chance: random.Random,
        options: ChannelOptions,
        venues: tuple[Venue, ...],
        faults: OrderFaults,
    ) -> None:
        self._config = config
        self._market = market
        self._clock = clock
        self._chance = chance
        new_id = RisingIds(clock.time_ms, chance.randbytes)
        self.events: Final = AccountEvents(
            outlet, options, new_id, currency=config.trading.currency
        )
        self.venue: Final = PaperVenue(
            make_store(config.trading.store),
            clock,
            self.events,
            market,
            rules_of(config.trading, venues),
            new_id=new_id,
            faults=faults,
        )
        self.sessions: Final = OrderSessions(self.venue, is_on=config.trading.cancel_on_disconnect)
        self._mirrors = MirrorFeed(self._mirror, self._heard, clock.time_ms)
        self._engines: dict[str, MatchingEngine] = {}
        self._driver: ParticipantsDriver | None = None

    def names(self) -> list[str]:
        """The instruments with books of their own."""
        return [spec.instrument_id for spec in paper_instruments(self._config.market.simulated)]

    async def open(self) -> None:
        """Take back what the store has, and begin to trade.

        Raises:
            StoreError: The store cannot be used.
        """
        venue = self.venue
        await venue.open()
        self.events.attach(venue)
        self._market.add_observer(self._mirrors)
        simulated = self._config.market.simulated
        for spec in paper_instruments(simulated):
            listing = Listing(spec.instrument())
            self._engines[str(listing.id)] = venue.list_paper(listing)
        paper = self._config.trading.paper
        if paper.participants and self._config.market.feed == "simulated":
            self._open_participants()

    async def close(self) -> None:
        """Let what is decided become durable, and let go of the store."""
        await self.venue.close()

    def work(self) -> list[Work]:
        """The work that goes on as long as trading does."""
        work: list[Work] = [("the clock of the venue", self._tick)]
        if self._driver is not None:
            work.append(("simulated participants", self._driver.run))
        return work

    def _open_participants(self) -> None:
        participants = make_participants(
            self._config.market.simulated,
            self._engines.__getitem__,
            self.venue.marks,
            self._chance,
        )
        for name, crowd in participants.items():
            self.venue.exchange.instruments[name].add_listener(crowd.heard)
        self._driver = ParticipantsDriver(self._simulate, self._clock, participants)
        self._driver.open()

    def _simulate(self, instrument_id: str, command: AnyCommand) -> None:
        exchange = self.venue.exchange
        exchange.check_running()
        exchange.tell(exchange.instruments[instrument_id], command)

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK_SECONDS)
            self.venue.exchange.tick()

    def _mirror(self, book: OrderBook) -> MirroredEngine | None:
        return None if book.listing.id.venue is Venue.PAPER else self.venue.list_mirrored(book)

    def _heard(self, instrument_id: str, _: MirroredEngine, events: list[AnyEvent]) -> None:
        self.venue.exchange.market_did(instrument_id, events)


def make_store(config: StoreConfig) -> Store:
    """The store of a configuration.

    Raises:
        ValueError: SQLite without a folder.
    """
    kind = config.type or ("sqlite" if config.path else "memory")
    if kind == "memory":
        return MemoryStore()
    if not config.path:
        raise ValueError("trading.store.path is missing: a folder, or start with --data DIR")
    return SqliteStore(Path(config.path), sync=config.sync)


def rules_of(config: TradingConfig, venues: tuple[Venue, ...]) -> VenueRules:
    """The venue's rules of a configuration."""
    paper = config.paper
    return VenueRules(
        deposit={it.asset: it.quantity for it in paper.deposit},
        fees=FeeSchedule(maker_ppm=ppm_of(paper.maker_fee), taker_ppm=ppm_of(paper.taker_fee)),
        venues=(Venue.PAPER, *(venue for venue in venues if venue is not Venue.PAPER)),
        self_trade=SelfTrade(paper.self_trade),
        order_rate=config.order_rate_limit,
        account_limit=paper.account_limit,
        open_order_limit=paper.open_order_limit,
        protection_ppm=ppm_of(paper.market_protection),
        quote_spread_ppm=ppm_of(paper.quote_spread),
    )


def ppm_of(text: str) -> int:
    """A fraction of one, a decimal string of the configuration, in millionths."""
    return int(Decimal(text) * MILLION)


class TradingCollector(Collector):
    """Reads the venue's own counters when it is scraped, so that an order costs no metric.

    Args:
        venue: The venue whose counters are shown.
    """

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        journal, clearing = self._venue.journal, self._venue.exchange.clearing
        stats = journal.stats
        for name, text, value in (
            ("cadenza_open_orders", "Open orders of users.", len(clearing.live)),
            ("cadenza_journal_pending", "Records decided and not yet handed to the store.",
             len(journal.batch)),
            ("cadenza_journal_failed", "1: nothing can be written, trading is halted.",
             int(journal.failure is not None)),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, text, value=value)
        for name, text, count in (
            ("cadenza_orders", "Orders taken, over all starts.",
             self._venue.exchange.placement.next_order - 1),
            ("cadenza_executions", "Executions of users' orders, over all starts.",
             clearing.next_execution - 1),
            ("cadenza_journal_commits", "Commits since the start.", stats.commits),
            ("cadenza_journal_records", "Records in them.", stats.records),
            ("cadenza_journal_seconds", "Seconds from handing them over to their being durable.",
             stats.seconds),
        ):  # fmt: skip
            yield CounterMetricFamily(name, text, value=count)


class OrderSessions:
    """Remembers which connection sent which orders, and cancels what is open when it ends.

    Orders over REST belong to no connection. Nor does anything after a restart of the gateway: all
    connections have ended then, but nobody has decided that they would not come back.

    Args:
        venue: Cancels the orders.
        is_on: Whether to do all this; else orders outlive their connections.
    """

    def __init__(self, venue: PaperVenue, *, is_on: bool) -> None:
        self._venue = venue
        self._is_on = is_on
        self._orders: dict[str, dict[str, OrderState]] = {}

    def submitted(self, client: str, orders: Iterable[OrderState]) -> None:
        """A connection has sent orders; ``client`` is its id, empty over REST."""
        if not self._is_on or not client:
            return
        mine = self._orders.setdefault(client, {})
        for order in [order for order in mine.values() if not order.is_open]:
            del mine[order.order_id]
        mine.update((order.order_id, order) for order in orders if order.is_open)

    def ended(self, client: str) -> None:
        """A connection is over: cancel what it left open."""
        for order in self._orders.pop(client, {}).values():
            account = self._venue.registry.any(order.account_id)
            if account is None or not order.is_open:
                continue
            try:
                self._venue.exchange.cancel(account, OrderRef(order_id=order.order_id))
            except TradingError as error:
                logger.warning("cancel on disconnect of %s: %s", order.order_id, error)
