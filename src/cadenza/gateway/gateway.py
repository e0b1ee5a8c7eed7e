"""The composition root: every part of the gateway, in the order in which they need each other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from cadenza import __version__
from cadenza.config import Config, unidirectional_disconnects
from cadenza.gateway import channels
from cadenza.gateway.api import Registry, rest_routes, rpc_handler
from cadenza.gateway.faults.injection import FaultInjection
from cadenza.gateway.feeds import make_feed
from cadenza.gateway.market.publisher import MarketData
from cadenza.gateway.market.summaries import MarketSummaries
from cadenza.gateway.operate.calls import OperateCalls
from cadenza.gateway.operations.catalog import registry_of
from cadenza.gateway.trading.account_channel import CHANNEL, AccountAccess
from cadenza.gateway.trading.trading import Trading, TradingCollector, Work
from cadenza.market.clock import SystemClock
from cadenza.market.feed import Feed
from cadenza.market.market import Market, publish_every
from cadenza.models import Venue
from cadenza.models.channels import MARKET, TRADING_ACCOUNT
from cadenza.protocol.codes import Disconnect
from cadenza.realtime import Access, Connection, Handlers, Node, SubscribeEvent, SubscribeReply
from cadenza.server.app import create_app, create_internal_app
from cadenza.server.gate import Gate
from cadenza.server.origin import Origins
from cadenza.server.run import Server, internal_config, listen, uvicorn_config
from cadenza.server.tokens import TokenVerifier

logger: Final = logging.getLogger("cadenza.gateway")


Pages = Callable[[Config, Origins], Iterable[BaseRoute]]
"""Routes of pages for browsers, and who may talk to the server."""


class Gateway:
    """A configured gateway. ``serve`` runs it; the parts are there for programs that embed it.

    Args:
        config: Everything that can be chosen.
        pages: Makes the routes of pages for people, such as ``cadenza.dashboard.routes``.

    Attributes:
        failures: The parts that have failed and stand still, each with its error.
    """

    def __init__(self, config: Config, pages: Pages | None = None) -> None:
        self.config: Final = config
        self.clock: Final = SystemClock()
        book = config.market.order_book
        self.market: Final = Market(depth=book.depth, is_paced=book.update_interval > 0)
        self.faults: Final = FaultInjection(config.faults, self.market)
        self.failures: Final[dict[str, str]] = {}
        configured = {namespace.name: namespace for namespace in config.channel.namespaces}
        by_operator = configured.get(MARKET)
        self.summaries: Final = MarketSummaries(self.market, config.market, self.clock, by_operator)
        self.feed: Final[Feed | None] = make_feed(
            config.market, self.faults.sink(self.market), self.clock
        )
        is_late = self.feed is not None and self.feed.declares_late
        self.data: Final = MarketData(
            self.market,
            by_operator or channels.market_options(config.market.order_book),
            by_operator or channels.market_options(config.market.trade),
            summaries=self.summaries,
            declares_late=is_late,
            is_shared=self.feed is None,
        )
        self.verifier: Final = TokenVerifier(config.client)
        verifier = self.faults.verifier(self.verifier)
        access = channels.access_of(config, self.data.kinds, verifier)
        self.trading: Final = self._trading(access)
        registry = registry_of(self)
        handling = Handling(self.data if self._has_market else None, self.trading, registry)
        self.node: Final = Node(
            access=access,
            handlers=self.faults.handlers(handling.handlers()),
            name=config.node.name or f"{socket.gethostname()}_{config.http_server.port}",
            version=f"{__version__} Cadenza",
            ping_method=config.rpc.ping.method if config.rpc.ping.enabled else "",
            unidirectional_disconnects=unidirectional_disconnects(config.client),
        )
        self.gate: Final = Gate(self.node, config)
        self._api_rpc: Final = self.faults.rpc(OperateCalls(self).rpc)
        self.app: Final[Starlette] = create_app(
            self.node,
            config,
            gate=self.gate,
            routes=[
                *rest_routes(registry, access.verifier or self.verifier, origins=self.gate.origins),
                *(() if pages is None else pages(config, self.gate.origins)),
            ],
            api_rpc=self._api_rpc,
            collectors=self._collectors(),
            manage_node=False,
        )

    def trading_names(self) -> list[str]:
        """The instruments that are traded in books of their own."""
        return [] if self.trading is None else self.trading.names()

    @property
    def _has_market(self) -> bool:
        """Whether anything can ever be in the market."""
        return self.feed is not None or self.config.trading.enabled

    def _trading(self, access: Access) -> Trading | None:
        if not self.config.trading.enabled:
            return None
        venues = tuple(Venue) if self.data.declares_late else self._feed_venues()
        options = access.options(TRADING_ACCOUNT + ":")
        return Trading(
            self.config,
            self.market,
            self.clock,
            options,
            venues=venues,
            faults=self.faults.orders,
        )

    def _feed_venues(self) -> tuple[Venue, ...]:
        instruments = self.feed.instruments() if self.feed is not None else ()
        return tuple(dict.fromkeys(instrument.venue for instrument in instruments))

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

    async def _open(self) -> None:
        await self.node.start()
        self.faults.attach(self.node)
        self.data.attach(self.node, self.faults.listener(self.data))
        if self.feed is not None:
            for instrument in self.feed.instruments():
                # The feed says so once more, and then for sure, when it begins.
                self.market.instrument(instrument, is_guessed=True)
        if self.trading is not None:
            await self.trading.open(self.node)

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

            async with self.running():
                await self.server(started, internal).serve(sockets=[sock])

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
            )
        )
        return Server(public, self.node, on_started, (inside, internal))

    def _collectors(self) -> tuple[TradingCollector, ...]:
        return () if self.trading is None else (TradingCollector(self.trading.venue),)

    def _work(self) -> list[Work]:
        work: list[Work] = []
        if self._has_market:
            work.append(("tickers and klines", self.summaries.run))
            interval = self.config.market.order_book.update_interval
            if interval > 0:
                millis = round(interval * 1000)
                pace = partial(publish_every, self.market, self.clock, millis)
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


class Handling:
    """The handlers of a gateway's node.

    Args:
        data: Decides about market channels; ``None``: there is no market.
        trading: Decides about account channels; ``None``: nobody trades here.
        registry: The operations.
    """

    def __init__(
        self, data: MarketData | None, trading: Trading | None, registry: Registry
    ) -> None:
        self._data = data
        self._trading = trading
        self._registry = registry
        self._accounts = AccountAccess(trading.events) if trading is not None else None

    def handlers(self) -> Handlers:
        """What the node is given."""
        return Handlers(
            subscribe=self._subscribe,
            snapshot=self._data.snapshot_of if self._data is not None else None,
            rpc=rpc_handler(self._registry),
            disconnected=self._disconnected if self._trading is not None else None,
        )

    def _subscribe(self, event: SubscribeEvent) -> SubscribeReply | None:
        if self._accounts is not None and event.channel.startswith(CHANNEL):
            return self._accounts.on_subscribe(event)
        return self._data.on_subscribe(event) if self._data is not None else None

    def _disconnected(self, connection: Connection, _: Disconnect) -> None:
        if self._trading is not None:
            self._trading.sessions.ended(connection.client)
