"""Commands with an answer: publish, history, presence, rpc; and send, which has none."""

from __future__ import annotations

import abc
import asyncio
from typing import Any, TypeVar

from cadenza.client.errors import ClientError, ReplyError
from cadenza.client.pending_calls import Done
from cadenza.client.subscription import publication_of
from cadenza.client.values import HistoryPage, Position, PresenceStats, decode, encode
from cadenza.protocol.messages import (
    ChannelRequest,
    ClientInfo,
    Command,
    HistoryRequest,
    PublishRequest,
    Reply,
    RPCRequest,
    SendRequest,
    StreamPosition,
)

R = TypeVar("R")


class Requests(abc.ABC):
    """The commands of a client.

    Each waits until the client is connected, at most ``timeout``, then as long for the answer.

    Raises:
        ReplyError: The server refused.
        CallTimeoutError: No connection, or no answer, in time.
        ConnectionLostError: The connection ended before the answer came.
        DisconnectedError: The client is disconnected for good.
        UsageError: The data cannot be written.
    """

    @property
    @abc.abstractmethod
    def is_json(self) -> bool:
        """Whether payloads have to be JSON."""

    @abc.abstractmethod
    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Send a command; gives its id."""

    @abc.abstractmethod
    def cancel(self, command_id: int) -> None:
        """Nobody waits for this reply any more."""

    @abc.abstractmethod
    async def wait_connected(self) -> None:
        """Wait until commands can be sent."""

    async def publish(self, channel: str, data: Any) -> None:
        """Publish ``data`` (``bytes`` as they stand, all else as JSON)."""
        payload = encode(data, as_json=self.is_json)
        await self._call("publish", Command(publish=PublishRequest(channel=channel, data=payload)))

    async def history(
        self, channel: str, limit: int = 0, *, since: Position | None = None, reverse: bool = False
    ) -> HistoryPage:
        """Read a stream: ``limit`` 0 its position only, below 0 as much as the server gives."""
        start = StreamPosition(offset=since.offset, epoch=since.epoch) if since else None
        request = HistoryRequest(channel=channel, limit=limit, since=start, reverse=reverse)
        reply = await self._call("history", Command(history=request))
        result = _given("history", reply.history)
        found = [publication_of(channel, publication) for publication in result.publications]
        return HistoryPage(found, Position(result.offset, result.epoch))

    async def presence(self, channel: str) -> dict[str, ClientInfo]:
        """Who is in a channel, by client id."""
        reply = await self._call("presence", Command(presence=ChannelRequest(channel=channel)))
        return _given("presence", reply.presence).presence

    async def presence_stats(self, channel: str) -> PresenceStats:
        """How many are in a channel."""
        command = Command(presence_stats=ChannelRequest(channel=channel))
        reply = await self._call("presence_stats", command)
        result = _given("presence_stats", reply.presence_stats)
        return PresenceStats(result.num_clients, result.num_users)

    async def rpc(self, method: str, data: Any = None) -> Any:
        """Call a method of the server's application and give its answer, decoded from JSON."""
        request = RPCRequest(method=method, data=encode(data, as_json=self.is_json))
        reply = await self._call("rpc", Command(rpc=request))
        return decode(_given("rpc", reply.rpc).data)

    async def send(self, data: Any) -> None:
        """Send data that wants no answer; nobody says whether it arrived."""
        request = SendRequest(data=encode(data, as_json=self.is_json))
        await self.wait_connected()
        self.start(Command(send=request), "send", None)

    async def _call(self, what: str, command: Command) -> Reply:
        await self.wait_connected()
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def done(answer: Reply | ClientError) -> None:
            if answered.done():
                return
            if isinstance(answer, ClientError):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)

        number = self.start(command, what, done)
        try:
            return await answered
        except asyncio.CancelledError:
            self.cancel(number)
            if answered.done() and not answered.cancelled():
                answered.exception()  # seen, though nobody waits for it any more
            raise


def _given(what: str, result: R | None) -> R:
    """The result of a reply, which a server could leave out."""
    if result is None:
        raise ReplyError(what, 0, "the reply has no result", temporary=False)
    return result
