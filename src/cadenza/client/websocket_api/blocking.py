"""The documented WebSocket API for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any, Self, TypeVar

from cadenza.client.errors import ClosedError
from cadenza.client.websocket_api.api import Configuration, WebSocketApi
from cadenza.client.websocket_api.connection import WebSocketConnection
from cadenza.client.websocket_api.models import WsCommand, WsReply

T = TypeVar("T")


class _LoopThread:
    """An event loop in a thread of its own; every thread may give it work, and end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = True
        self._stop = asyncio.Event()
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(started)), name="cadenza blocking", daemon=True
        )
        self._thread.start()
        self._loop = started.result()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for it; it is cancelled when the waiting is interrupted.

        Raises:
            ClosedError: The loop has ended before or meanwhile.
        """
        # Under the lock, or the loop could end between the check and the call.
        with self._lock:
            if not self._is_open:
                work.close()
                raise ClosedError
            running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result()
        except CancelledError:
            raise ClosedError from None
        except BaseException:
            running.cancel()
            raise

    def end(self, last: Coroutine[Any, Any, None]) -> None:
        """Run ``last``, cancel everything else, and wait for the thread; the first call counts."""
        with self._lock:
            is_first, self._is_open = self._is_open, False
            running = asyncio.run_coroutine_threadsafe(last, self._loop) if is_first else None
        if running is None:
            last.close()
            self._thread.join()
            return
        try:
            running.result()
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    async def _live(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        started.set_result(asyncio.get_running_loop())
        await self._stop.wait()


class BlockingConnection:
    """A connection whose calls wait; made by ``BlockingWebSocketApi``.

    Several threads may use it. Iterating over it gives replies and pushes, as
    ``WebSocketConnection`` does.

    Args:
        configuration: The address and the token.
        command: The first command; ``None`` connects with the access token.

    Attributes:
        status: 101, as the connection is open.
        data: The reply to the command that the connection was opened with.
    """

    def __init__(self, configuration: Configuration, command: WsCommand | None) -> None:
        self._thread = _LoopThread()
        try:
            self._connection = self._thread.run(_opened(configuration, command))
        except BaseException:
            self._thread.end(_nothing())
            raise
        self.status = self._connection.status
        self.data = self._connection.data

    def send(self, command: WsCommand) -> WsReply | None:
        """Send a command, and wait for its reply.

        Raises:
            ClosedError: The connection was closed.
            ClientError: As ``WebSocketConnection.send``.
        """
        return self._thread.run(self._connection.send(command))

    def __iter__(self) -> Iterator[WsReply]:
        while True:
            try:
                reply = self._thread.run(_next(self._connection))
            except ClosedError:
                return
            if reply is None:
                return
            yield reply

    def close(self) -> None:
        """Close it and end its thread; iterations end. Another call does nothing."""
        self._thread.end(self._connection.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BlockingWebSocketApi:
    """The documented WebSocket API for programs without an event loop.

    Args:
        configuration: The address and the token; by default the public server without a token.

    Attributes:
        configuration: The address and the token.
    """

    def __init__(self, configuration: Configuration | None = None) -> None:
        self.configuration = configuration or Configuration()

    def websocket_connect(self, ws_command: WsCommand | None = None) -> BlockingConnection:
        """Open the WebSocket and send a command; raises as ``WebSocketApi.websocket_connect``."""
        return BlockingConnection(self.configuration, ws_command)


async def _opened(configuration: Configuration, command: WsCommand | None) -> WebSocketConnection:
    return await WebSocketApi(configuration).websocket_connect(command)


async def _next(connection: WebSocketConnection) -> WsReply | None:
    try:
        return await anext(connection)
    except StopAsyncIteration:
        return None


async def _nothing() -> None:
    pass
