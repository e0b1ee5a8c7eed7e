"""Calls of the trading API over ``rpc``: envelopes, pages, and sending until there is an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.client.clock import sleep
from cadenza.client.deadline import Deadline, DeadlineError
from cadenza.client.errors import (
    CallTimeoutError,
    ClosedError,
    ConnectionLostError,
    DisconnectedError,
    ReplyError,
)
from cadenza.client.host import TradingHost
from cadenza.client.trading.errors import OutcomeUnknownError, TradingError
from cadenza.models import Pagination, RpcError

T = TypeVar("T")

PAGE: Final = 1000
"""Items a page, the most that the API gives."""
NOTICED: Final = 0.01
"""Seconds between two looks whether the client has noticed that its connection is lost."""

_LOST: Final = (ConnectionLostError, CallTimeoutError)
_OVER: Final = (DisconnectedError, ClosedError)


class Envelope(msgspec.Struct, frozen=True):
    """The data of an ``rpc`` reply."""

    data: Any = None
    error: RpcError | UnsetType = UNSET
    pagination: Pagination | UnsetType = UNSET


class TradingCalls:
    """The calls of one client.

    Args:
        host: The client.
    """

    def __init__(self, host: TradingHost) -> None:
        self._host = host

    async def call(self, method: str, **params: Any) -> Any:
        """The data of the answer; sent once.

        Raises:
            TradingError: The venue refused.
            ReplyError: The server did, or answers with something else than this API.
            ClientError: As ``Client.rpc``.
        """
        return (await self._envelope(method, params)).data

    async def pages(self, method: str, **params: Any) -> AsyncIterator[list[Any]]:
        """The pages of a list, one after another."""
        cursor: dict[str, Any] = {}
        while True:
            asked = {**params, "pagination": {"limit": PAGE, **cursor}}
            envelope = await self._envelope(method, asked)
            yield envelope.data
            page = envelope.pagination
            if page is UNSET or not page.has_next or page.cursor is UNSET:
                return
            cursor = {"cursor": page.cursor}

    async def certain(
        self,
        method: str,
        send: Callable[[bool], Awaitable[T]],
        deadline: Deadline,
        client_order_id: str = "",
    ) -> T:
        """Send until there is an answer, over new connections too.

        Args:
            method: What is sent, for the error.
            send: Sends it; told whether it may have been carried out already.
            deadline: When to give up.
            client_order_id: For the error.

        Raises:
            OutcomeUnknownError: It was sent, and no answer came in time.
            CallTimeoutError: There was no connection to send it over.
            ClientError: What ``send`` raises otherwise.
        """
        host, is_sent = self._host, False
        trouble: Exception | None = None
        while True:
            connection = host.stats.connects
            try:
                async with deadline:
                    await host.wait_connected()
                    connection = host.stats.connects
                    again, is_sent = is_sent, True
                    return await send(again)
            except _LOST as error:
                trouble = error
            except DeadlineError:
                if is_sent:
                    unknown = OutcomeUnknownError(method, deadline.seconds, client_order_id)
                    raise unknown from trouble
                raise CallTimeoutError(method, deadline.seconds) from trouble
            except _OVER as error:
                if not is_sent:
                    raise
                unknown = OutcomeUnknownError(method, deadline.seconds, client_order_id)
                raise unknown from error
            if isinstance(trouble, ConnectionLostError):
                await self._noticed(connection, deadline)

    async def _noticed(self, connection: int, deadline: Deadline) -> None:
        """Return when the client has given up a connection that has ended.

        Until then commands would still be taken, and never answered.
        """
        host = self._host
        while host.is_connected and host.stats.connects == connection and deadline.left > 0:
            await sleep(host.options.clock, NOTICED)

    async def _envelope(self, method: str, params: dict[str, Any]) -> Envelope:
        answer = await self._host.rpc(method, params)
        try:
            envelope = msgspec.convert(answer, Envelope)
        except msgspec.ValidationError as error:
            wrong = f"the answer is not one of the trading API: {error}"
            raise ReplyError(method, 0, wrong, temporary=False) from error
        if envelope.error is not UNSET:
            code, message, temporary = msgspec.structs.astuple(envelope.error)
            raise TradingError(method, code, message, temporary=temporary)
        return envelope


def converted(method: str, data: Any, kind: type[T]) -> T:
    """Data of an answer as ``kind``.

    Raises:
        ReplyError: It is something else.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ReplyError(method, 0, f"the answer does not fit: {error}", temporary=False) from error
