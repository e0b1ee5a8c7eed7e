"""The composition root: every part of the gateway, in the order in which they need each other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from starlette.applications import Starlette

from cadenza import __version__
from cadenza.gateway import channels
from cadenza.gateway.feeds import make_feed
from cadenza.gateway.market_data import MarketData
from cadenza.market.clock import SystemClock
from cadenza.market.feed import Feed
from cadenza.market.market import Market
from cadenza.market.publisher import publish_every
from cadenza.realtime import Access, Handlers, Node
from cadenza.server.app import create_app, create_internal_app
from cadenza.server.config import Config, engine_rules, unidirectional_disconnects
from cadenza.server.gate import Gate
from cadenza.server.run import Server, internal_config, listen, uvicorn_config
from cadenza.server.tokens import TokenVerifier

logger: Final = logging.getLogger("cadenza.gateway")


class Gateway:
    """A configured gateway. ``serve`` runs it; the parts are there for programs that embed it."""

    def __init__(self, config: Config) -> None:
        self.config: Final = config
        self.clock: Final = SystemClock()
        book = config.market.order_book
        self.market: Final = Market(depth=book.depth, is_paced=book.update_interval > 0)
        configured = {namespace.name: namespace for namespace in config.channel.namespaces}
        by_operator = configured.get(channels.MARKET)
        books = by_operator or channels.market_options(config.market.order_book)
        trades = by_operator or channels.market_options(config.market.trade)
        self.feed: Final[Feed | None] = make_feed(config.market, self.market, self.clock)
        late = self.feed is not None and self.feed.declares_late
        self.data: Final = MarketData(self.market, books, trades, declares_late=late)

        rules = engine_rules(config.channel)
        own = channels.own_namespaces(config)
        rules = msgspec.structs.replace(rules, namespaces=(*rules.namespaces, *own))
        self.verifier: Final = TokenVerifier(config.client)
        access = Access(rules, config.client, self.verifier)
        if any(namespace.name == channels.MARKET for namespace in own):
            for kind in channels.BOOK_KINDS:
                access.set_kind(channels.MARKET, kind, books)
            for kind in channels.TRADE_KINDS:
                access.set_kind(channels.MARKET, kind, trades)

        has_market = self.feed is not None
        self.node: Final = Node(
            access=access,
            handlers=Handlers(
                subscribe=self.data.on_subscribe if has_market else None,
                snapshot=self.data.snapshot_of if has_market else None,
            ),
            name=config.node.name or f"{socket.gethostname()}_{config.http_server.port}",
            version=f"{__version__} Cadenza",
            ping_method=config.rpc.ping.method if config.rpc.ping.enabled else "",
            unidirectional_disconnects=unidirectional_disconnects(config.client),
        )
        self.gate: Final = Gate(self.node, config)
        self.app: Final[Starlette] = create_app(
            self.node, config, gate=self.gate, manage_node=False
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The node and its feed run inside this context; the feed stops first."""
        await self.node.start()
        self.data.attach(self.node)
        tasks = [asyncio.create_task(work) for work in self._work()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.node.shutdown()
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
        inside = internal_config(create_internal_app(self.node, self.config))
        return Server(public, self.node, on_started, (inside, internal))

    def _work(self) -> list[Coroutine[None, None, None]]:
        work: list[Coroutine[None, None, None]] = []
        if self.feed is not None:
            for instrument in self.feed.instruments():
                self.market.instrument(instrument)
            work.append(self._feed(self.feed))
            interval = self.config.market.order_book.update_interval
            if interval > 0:
                work.append(publish_every(self.market, self.clock, round(interval * 1000)))
        return work

    async def _feed(self, feed: Feed) -> None:
        """Run the feed. Its end is the end of the market's movement, not of the gateway."""
        try:
            await feed.run()
        except Exception:
            logger.exception("the market feed failed; books stand still")
        else:
            logger.info("the market feed has ended; books stand still")
