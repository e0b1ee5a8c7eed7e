"""The composition root: every part of the gateway, in the order in which they need each other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from cadenza import __version__
from cadenza.clock import Clock, LoopClock
from cadenza.config import Config, unidirectional_disconnects
from cadenza.gateway import channels
from cadenza.gateway.api import rest_routes, rpc_handler
from cadenza.gateway.faults.injection import FaultInjection, with_early_expiry
from cadenza.gateway.faults.table import FaultTable
from cadenza.gateway.feeds import FeedMaker, make_feed
from cadenza.gateway.market.publisher import MarketData
from cadenza.gateway.market.summaries import MarketSummaries
from cadenza.gateway.operate.calls import OperateCalls
from cadenza.gateway.operate.overview import GatewayHealth, Parts
from cadenza.gateway.operations.catalog import registry_of
from cadenza.gateway.operations.switches import FILE, Switches
from cadenza.gateway.outlet import Outlet
from cadenza.gateway.trading.account_channel import AccountChannelAccess
from cadenza.gateway.trading.trading import Trading, TradingCollector, Work
from cadenza.market.feed import Feed
from cadenza.market.market import Market
from cadenza.models import Venue
from cadenza.models.channels import account_channel, account_of
from cadenza.protocol.codes import Disconnect
from cadenza.realtime import Connection, Handlers, Node, SubscribeEvent, SubscribeReply
from cadenza.server.app import create_app, create_internal_app
from cadenza.server.gate import Gate
from cadenza.server.origin import Origins
from cadenza.server.run import (
    Server,
    internal_config,
    listen,
    obeying_hangups,
    uvicorn_config,
)
from cadenza.server.tokens import TokenVerifier

logger: Final = logging.getLogger("cadenza.gateway")


Pages = Callable[[Config, Origins], Iterable[BaseRoute]]
"""Makes the routes of pages for browsers, given who may talk to the server."""


def _no_pages(_: Config, __: Origins) -> Iterable[BaseRoute]:
    return ()


class Gateway:
    """A configured gateway. ``serve`` runs it; the parts are there for programs that embed it.

    The constructor is the composition root: each part is given the parts above it, so its text is
    the order in which they need each other. It starts nothing.

    Args:
        config: Everything that can be chosen.
        clock: The time of every part; by default the machine's. With a ``VirtualClock`` an hour
            passes as fast as its work can be done.
        chance: All random numbers: ids, delays, and the seeds that the configuration leaves open.
            By default the system's, as ids must not be guessable outside of tests.
        feed: Makes what drives the market.
        pages: Makes the routes of pages for people, such as ``cadenza.dashboard.routes``.

    Attributes:
        registry: The operations of the API that it serves.
        failures: The parts that have failed and stand still, each with its error.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        chance: random.Random | None = None,
        feed: FeedMaker = make_feed,
        pages: Pages = _no_pages,
    ) -> None:
        self.config: Final = config
        self.clock: Final = clock or LoopClock()
        self._chance: Final = chance or random.SystemRandom()
        self.failures: Final[dict[str, str]] = {}

        # The node, which everything else publishes through or decides for.
        faults = FaultTable(config.faults, self.clock, self._chance)
        kinds = channels.market_kinds(config)
        self.verifier: Final = TokenVerifier(config.client)
        self._access: Final = channels.access_of(
            config, kinds, with_early_expiry(self.verifier, faults)
        )
        self.node: Final = self._make_node(faults)
        outlet = Outlet(self.node)

        # The market, and what is published of it.
        book = config.market.order_book
        self.market: Final = Market(depth=book.depth, is_paced=book.update_interval > 0)
        self.faults: Final = FaultInjection(faults, self.node, self.market)
        self.summaries: Final = MarketSummaries(
            self.market, config.market, self.clock, outlet, kinds
        )
        sink = self.faults.sink(self.market)
        self.feed: Final[Feed | None] = feed(config.market, sink, self.clock, self._chance)
        self.data: Final = MarketData(
            self.market,
            outlet,
            kinds,
            summaries=self.summaries,
            declares_late=self.feed is not None and self.feed.declares_late,
            is_shared=self.feed is None,
        )
        self.market.add_listener(self.faults.listener(self.data))

        # Trading, and the operations over all of that.
        self.trading: Final = self._make_trading(outlet) if config.trading.enabled else None
        self._accounts: Final = AccountChannelAccess(self.trading.events) if self.trading else None
        self.parts: Final = self._make_parts()
        self.registry: Final = registry_of(
            self.market,
            self.summaries,
            self.trading,
            config=config.trading,
            clock=self.clock,
            health=GatewayHealth(self.parts),
            switches=Switches(self._switches_file()),
        )
        self.node.handle(self.faults.handlers(self._handlers()))

        # The HTTP side.
        self.gate: Final = Gate(self.node, config, _own_scheme(config))
        self._api_rpc: Final = self.faults.rpc(OperateCalls(self.parts).rpc)
        self.app: Final[Starlette] = self._make_app(pages)

    def _make_node(self, faults: FaultTable) -> Node:
        config = self.config
        return Node(
            access=self._access,
            clock=self.clock,
            chance=self._chance,
            name=config.node.name or f"{socket.gethostname()}_{config.http_server.port}",
            version=f"{__version__} Cadenza",
            ping_method=config.rpc.ping.method if config.rpc.ping.enabled else "",
            unidirectional_disconnects=unidirectional_disconnects(config.client),
            fault_counts=faults.counts,
        )

    def _make_trading(self, outlet: Outlet) -> Trading:
        if self.data.declares_late:
            venues = tuple(Venue)
        else:
            declared = self.feed.instruments() if self.feed is not None else ()
            venues = tuple(dict.fromkeys(instrument.venue for instrument in declared))
        return Trading(
            self.config,
            self.market,
            self.clock,
            outlet,
            chance=self._chance,
            options=self._access.options(account_channel("")),
            venues=venues,
            faults=self.faults.orders,
        )

    def _make_parts(self) -> Parts:
        return Parts(
            node=self.node,
            market=self.market,
            feed=self.feed,
            feed_kind=self.config.market.feed,
            venue=None if self.trading is None else self.trading.venue,
            faults=self.faults.table,
            failures=self.failures,
        )

    def _make_app(self, pages: Pages) -> Starlette:
        verifier = self._access.verifier or self.verifier
        origins = self.gate.origins
        return create_app(
            self.node,
            self.config,
            gate=self.gate,
            routes=[
                *rest_routes(
                    self.registry,
                    verifier,
                    origins=origins,
                    now=self.clock.time,
                    operator_key=self.config.http_api.key.reveal(),
                ),
                *pages(self.config, origins),
            ],
            api_rpc=self._api_rpc,
            collectors=self._collectors(),
            manage_node=False,
        )

    def _switches_file(self) -> Path | None:
        """The file that remembers what an operator has switched; ``None``: nothing outlives us."""
        path = self.config.trading.store.path
        return Path(path) / FILE if path and self.config.trading.enabled else None

    def trading_names(self) -> list[str]:
        """The instruments that are traded in books of their own."""
        return [] if self.trading is None else self.trading.names()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The node, the venue and the feed run inside this context; the feed stops first.

        Raises:
            StoreError: The venue's store cannot be used.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._open()
            tasks += [asyncio.create_task(self._carry_out(*work)) for work in self._work()]
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.node.shutdown()
            self.faults.close()
            if self.trading is not None:
                await self.trading.close()
            await self.verifier.close()

    async def serve(self, on_started: Callable[[int], None] | None = None) -> None:
        """Listen and serve until a signal ends it.

        Args:
            on_started: Called with the port once it listens.
        """
        http = self.config.http_server
        with contextlib.ExitStack() as sockets:
            sock = sockets.enter_context(contextlib.closing(listen(http.address, http.port)))
            port = sock.getsockname()[1]
            internal = None
            if http.internal_port:
                address = http.internal_address or http.address
                internal = listen(address, http.internal_port)
                sockets.enter_context(contextlib.closing(internal))

            def started() -> None:
                feed = self.config.market.feed if self.feed is not None else "none"
                where = http.address or "*"
                logger.info("cadenza %s listens on %s:%d, feed %s", __version__, where, port, feed)
                if on_started is not None:
                    on_started(port)

            server = self.server(started, internal)

            def reload() -> None:
                logger.info("SIGHUP: certificate and key sets are read again; options are not")
                server.renew_certificate(http.tls)
                self.verifier.renew()

            with obeying_hangups(reload):
                async with self.running():
                    await server.serve(sockets=[sock])

    def server(
        self, on_started: Callable[[], None] | None = None, internal: socket.socket | None = None
    ) -> Server:
        """What listens, for the sockets that it will be given.

        Args:
            on_started: Called once it listens.
            internal: The socket of the internal port.
        """
        public = uvicorn_config(self.app, self.gate, self.config)
        if internal is None:
            return Server(public, self.node, on_started)
        inside = internal_config(
            create_internal_app(
                self.node, self.config, api_rpc=self._api_rpc, collectors=self._collectors()
            ),
            self.config,
        )
        return Server(public, self.node, on_started, (inside, internal))

    async def _open(self) -> None:
        await self.node.start()
        if self.feed is not None:
            for instrument in self.feed.instruments():
                # The feed says so once more, and then for sure, when it begins.
                self.market.instrument(instrument, is_guessed=True)
        if self.trading is not None:
            await self.trading.open()

    def _work(self) -> list[Work]:
        """Everything that runs as long as the gateway does."""
        work: list[Work] = []
        if self._has_market:
            work.append(("tickers and klines", self.summaries.run))
            interval = self.config.market.order_book.update_interval
            if interval > 0:
                millis = round(interval * 1000)
                pace = partial(self.market.publish_every, self.clock, millis)
                work.append(("the order book publisher", pace))
        if self.feed is not None:
            work.append(("the market feed", self.feed.run))
        if self.trading is not None:
            work += self.trading.work()
        return work

    async def _carry_out(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run a part. Its end is the end of what it does, not of the gateway."""
        try:
            await work()
        except Exception as error:
            self.failures[name] = f"{type(error).__name__}: {error}"
            logger.exception("%s failed and stands still", name)
        else:
            logger.info("%s has ended", name)

    @property
    def _has_market(self) -> bool:
        """Whether anything can ever be in the market."""
        return self.feed is not None or self.config.trading.enabled

    def _collectors(self) -> tuple[TradingCollector, ...]:
        return () if self.trading is None else (TradingCollector(self.trading.venue),)

    def _handlers(self) -> Handlers:
        return Handlers(
            subscribe=self._on_subscribe,
            snapshot=self.data.snapshot_of if self._has_market else None,
            rpc=rpc_handler(self.registry) if self._has_operations else None,
            disconnected=self._on_disconnected if self.trading is not None else None,
        )

    @property
    def _has_operations(self) -> bool:
        """With neither a market nor trading this is the reference server, which has no RPC."""
        return self.config.market.enabled or self.config.trading.enabled

    def _on_subscribe(self, event: SubscribeEvent) -> SubscribeReply | None:
        if self._accounts is not None and account_of(event.channel) is not None:
            return self._accounts.on_subscribe(event)
        return self.data.on_subscribe(event) if self._has_market else None

    def _on_disconnected(self, connection: Connection, _: Disconnect) -> None:
        if self.trading is not None:
            self.trading.sessions.ended(connection.client)


def _own_scheme(config: Config) -> str:
    """The scheme under which the server has a page of its own; empty: it has none."""
    if not config.dashboard.enabled:
        return ""
    return "https" if config.http_server.tls.enabled else "http"
