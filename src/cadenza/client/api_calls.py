"""Calls of the API over ``rpc``: envelopes, pages, deadlines, and sending until it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.client.errors import (
    ApiError,
    CallTimeoutError,
    ClosedError,
    ConnectionLostError,
    DisconnectedError,
    OutcomeUnknownError,
    ReplyError,
)
from cadenza.client.host import ClientHost
from cadenza.clock import Clock, Timer
from cadenza.models import Pagination, RpcError

T = TypeVar("T")

PAGE: Final = 1000
"""Items of a page, the most that the API gives."""
NOTICED: Final = 0.01
"""Seconds between two checks whether the client has noticed that its connection is lost."""

_LOST: Final = (ConnectionLostError, CallTimeoutError)
_OVER: Final = (DisconnectedError, ClosedError)


class Envelope(msgspec.Struct, frozen=True):
    """The envelope of an answer: data or an error, and the place in a list."""

    data: Any = None
    error: RpcError | UnsetType = UNSET
    pagination: Pagination | UnsetType = UNSET


class DeadlineError(Exception):
    """The time is over; ``ApiCalls.certain`` turns it into an error for the user."""


class Deadline:
    """A point in time: ``async with deadline`` cancels its block then, and raises.

    It may be entered several times, one after another.

    Args:
        clock: The clock of the client.
        seconds: How long from now.

    Attributes:
        seconds: The whole time, as it was given.

    Raises:
        DeadlineError: The time is over, on entering or within the block.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds: Final = seconds
        self._clock = clock
        self._until = clock.monotonic() + seconds
        self._timer: Timer | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._is_over = False

    @property
    def left(self) -> float:
        """Seconds that are left; negative when the time is over."""
        return self._until - self._clock.monotonic()

    async def __aenter__(self) -> None:
        if self.left <= 0:
            raise DeadlineError
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline holds in a task")
        self._task, self._cancelling, self._is_over = task, task.cancelling(), False
        self._timer = self._clock.call_later(self.left, self._cut)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        task, self._task = self._task, None
        if not self._is_over or task is None:
            return
        others = task.uncancel() > self._cancelling  # something else has cancelled it too
        if not others and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise DeadlineError from error

    def _cut(self) -> None:
        if self._task is not None:
            self._is_over = True
            self._task.cancel()


class ApiCalls:
    """Calls of the API, whatever they are about.

    Args:
        host: The client.
    """

    def __init__(self, host: ClientHost) -> None:
        self._host = host

    async def call(self, method: str, **params: Any) -> Any:
        """Call a method once.

        Args:
            method: The method, such as ``query.ticker.get``.
            params: Its parameters, by the names of the wire.

        Returns:
            The data of the answer.

        Raises:
            ApiError: The API refused.
            ReplyError: The server has no such method, or the answer is not one of this API.
            ClientError: As ``Client.rpc``.
        """
        return (await self._envelope(method, params)).data

    async def pages(self, method: str, **params: Any) -> AsyncIterator[list[Any]]:
        """The pages of a list, one after another; raises as ``call``."""
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
            method: The method, for the error.
            send: Sends it; its argument is whether it may have been carried out already.
            deadline: The time to give up.
            client_order_id: The name of the order, for the error.

        Raises:
            OutcomeUnknownError: It was sent, and no answer came in time.
            CallTimeoutError: There was no connection in time.
            ClientError: Any other error of ``send``.
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
        """Return when the client has noticed that its connection has ended.

        Until then it would still take commands, which are never answered.
        """
        host = self._host
        while host.is_connected and host.stats.connects == connection and deadline.left > 0:
            await host.options.clock.sleep(NOTICED)

    async def _envelope(self, method: str, params: dict[str, Any]) -> Envelope:
        answer = await self._host.rpc(method, params)
        try:
            envelope = msgspec.convert(answer, Envelope)
        except msgspec.ValidationError as error:
            wrong = f"the answer is not one of the trading API: {error}"
            raise ReplyError(method, 0, wrong, temporary=False) from error
        if envelope.error is not UNSET:
            code, message, temporary = msgspec.structs.astuple(envelope.error)
            raise ApiError(method, code, message, temporary=temporary)
        return envelope


def converted(method: str, data: Any, kind: type[T]) -> T:
    """The data of an answer as a type.

    Args:
        method: The method, for the error.
        data: The data.
        kind: The type.

    Raises:
        ReplyError: The data does not fit the type.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ReplyError(method, 0, f"the answer does not fit: {error}", temporary=False) from error
