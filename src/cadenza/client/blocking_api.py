"""The documented WebSocket API for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Self, TypeVar

from cadenza.client.errors import ClosedError
from cadenza.client.websocket_api import Configuration, WebSocketApi, WebSocketConnection
from cadenza.client.ws_models import WsCommand
from cadenza.client.ws_reply import WsReply

T = TypeVar("T")


class BlockingConnection:
    """A connection whose calls wait. Several threads may use it.

    Attributes:
        status: 101.
        data: The reply to the command that it was opened with.
    """

    def __init__(self, configuration: Configuration, command: WsCommand | None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="cadenza blocking", daemon=True
        )
        self._is_open = True
        self._thread.start()
        try:
            self._connection = self._run(_opened(configuration, command))
        except BaseException:
            self._end()
            raise
        self.status = self._connection.status
        self.data = self._connection.data

    def send(self, command: WsCommand) -> WsReply | None:
        """As ``WebSocketConnection.send``."""
        return self._run(self._connection.send(command))

    def __iter__(self) -> Iterator[WsReply]:
        while True:
            reply = self._run(_next(self._connection))
            if reply is None:
                return
            yield reply

    def close(self) -> None:
        """Close it, and end its thread; harmless when that has happened."""
        if self._is_open:
            try:
                self._run(self._connection.close())
            finally:
                self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._is_open:
            work.close()
            raise ClosedError
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._is_open = False
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BlockingWebSocketApi:
    """As ``WebSocketApi``, for programs without an event loop."""

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
