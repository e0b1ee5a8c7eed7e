"""Listening: uvicorn for HTTP, our own socket path for WebSockets, and an orderly end.

The end, in order: stop accepting; disconnect clients with 3001, which makes them reconnect (to
another node); let what was written drain; stop what feeds the node; return, so that the process
exits with 0. A second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import math
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from cadenza.server.gate import Gate
from cadenza.server.http_protocol import HttpProtocol
from cadenza.server.tls import TlsError, load_certificate, server_context
from cadenza.server.websocket import WebSocketProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cadenza.config import Config, TlsConfig
    from cadenza.realtime import Node

logger: Final = logging.getLogger("cadenza.server")

BACKLOG: Final = 4096


class ListenError(OSError):
    """An address that cannot be bound."""


class Server(uvicorn.Server):
    """uvicorn, ending in our order.

    Args:
        config: uvicorn's.
        node: Its clients are disconnected before uvicorn waits for connections to end.
        on_started: Called once it listens.
        internal: A second application and the socket that it is served on.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        node: Node,
        on_started: Callable[[], None] | None = None,
        internal: tuple[uvicorn.Config, socket.socket] | None = None,
    ) -> None:
        super().__init__(config)
        self._node = node
        self._on_started = on_started
        self._internal = internal

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        if self._internal is not None and not self.should_exit:
            await self._listen_internally(*self._internal)
        if self._on_started is not None and not self.should_exit:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        logger.info("shutting down: %d connections", len(self._node.open_connections))
        for server in self.servers:
            server.close()
        await self._node.shutdown()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn. A signal that was obeyed is not raised again: the process exits with 0."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

    def renew_certificate(self, config: TlsConfig) -> None:
        """Read the certificate again; what is wrong with it is logged, and the old one stays."""
        if self.config.ssl is None:
            return
        try:
            load_certificate(self.config.ssl, config)
        except TlsError as error:
            logger.error("the certificate stays as it is: %s", error)  # noqa: TRY400 - no fault here
        else:
            logger.info("the certificate was read again")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn. The second signal ends the waiting, whichever it is."""
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)

    async def _listen_internally(self, config: uvicorn.Config, sock: socket.socket) -> None:
        """Serve the second application with the connections and the end of the first."""
        config.load()
        protocol = functools.partial(
            HttpProtocol,
            config=config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        loop = asyncio.get_running_loop()
        self.servers.append(await loop.create_server(protocol, sock=sock, backlog=BACKLOG))


@contextlib.contextmanager
def obeying_hangups(reload: Callable[[], None]) -> Iterator[None]:
    """SIGHUP (``systemctl reload``, a closed terminal) reloads in place of ending the process."""
    is_main = threading.current_thread() is threading.main_thread()
    if sys.platform == "win32" or not is_main:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def listen(address: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Without an address it takes connections of both families, IPv6 and IPv4.

    Raises:
        ListenError: The address cannot be bound; the message says which.
    """
    is_for_all = not address and socket.has_dualstack_ipv6()
    is_v6 = is_for_all or ":" in address
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_for_all:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise ListenError(f"cannot listen on {address}:{port}: {error.strerror}") from None
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


def uvicorn_config(app: ASGIApp, gate: Gate, config: Config) -> uvicorn.Config:
    """How uvicorn serves the application.

    Raises:
        TlsError: The certificate cannot be used.
    """
    http: Any = functools.partial(HttpProtocol, upgrades=gate.opens_websockets)
    websocket: Any = functools.partial(_protocol, gate)
    served = uvicorn.Config(
        app,
        http=http,
        ws=websocket,
        timeout_keep_alive=math.ceil(config.http_server.keep_alive_timeout),
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, int(config.shutdown.timeout)),
    )
    if config.http_server.tls.enabled:
        served.load()  # which would forget what uvicorn itself can only read from two files
        served.ssl = server_context(config.http_server.tls)
    return served


def internal_config(app: ASGIApp, config: Config) -> uvicorn.Config:
    """How uvicorn serves the application of the internal port: plain HTTP and no WebSockets."""
    return uvicorn.Config(
        app,
        http=HttpProtocol,
        ws="none",
        timeout_keep_alive=math.ceil(config.http_server.keep_alive_timeout),
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )


def _protocol(gate: Gate, *, server_state: Any, **_: object) -> WebSocketProtocol:
    """What uvicorn calls to make the protocol of an upgraded connection."""
    return WebSocketProtocol(gate, server_state=server_state)


GARBAGE_THRESHOLDS: Final = (10_000, 20, 100)
"""How seldom the cycle collector looks. Hardly anything here is a cycle, and with Python's own
thresholds every few hundred messages pay for a walk over what is young, and now and then over all
open orders and connections: a fifth of the CPU of an order. Much larger ones make pauses of more
than ten milliseconds."""


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run a program on the fastest event loop there is; the process is its own from here on."""
    gc.collect()
    gc.freeze()  # modules live as long as the process
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    if sys.platform == "win32":
        asyncio.run(_awaited(main))
        return
    import uvloop  # noqa: PLC0415 - not there on Windows

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_awaited(main))


async def _awaited(main: Callable[[], Awaitable[None]]) -> None:
    await main()
