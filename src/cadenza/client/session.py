"""The state machine of a client: one connection after another, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from cadenza import __version__
from cadenza.client.backoff import Backoff
from cadenza.client.callbacks import Tasks
from cadenza.client.codec import CODECS
from cadenza.client.errors import (
    CONNECT_TOKEN,
    REFRESH_TOKEN,
    TOKEN_EXPIRED,
    ClientError,
    ConnectionLostError,
    DisconnectedError,
    ReplyError,
    TokenError,
    TransportError,
    UnauthorizedError,
)
from cadenza.client.gate import Gate
from cadenza.client.link import Ending, Link
from cadenza.client.options import ClientOptions
from cadenza.client.pending_calls import Done
from cadenza.client.states import CLIENT, ClientEvent, ClientMove, ClientState
from cadenza.client.tokens import Refresh, fetch_token
from cadenza.client.transport import Dial
from cadenza.client.values import Cause, encode_optional
from cadenza.protocol import codes
from cadenza.protocol.messages import (
    Command,
    ConnectRequest,
    ConnectResult,
    Push,
    RefreshRequest,
    Reply,
    SubscribeRequest,
)

LAST_ID: Final = 2**32 - 1
CONNECT_CALLED: Final = Ending(ClientEvent.CONNECT, 0, "connect called")
DISCONNECT_CALLED: Final = Ending(ClientEvent.DISCONNECT, 0, "disconnect called")
ESTABLISHED: Final = Ending(ClientEvent.ESTABLISHED, 0, "")


class SessionOwner(Protocol):
    """The client, as its session sees it. It is called inside the event loop, and never waits."""

    def on_connecting(self, why: Cause) -> None:
        """A connection is being made; an earlier one has ended."""

    def on_established(self, result: ConnectResult) -> None:
        """Connected."""

    def on_ended(self, why: Cause, error: DisconnectedError | None) -> None:
        """Disconnected for good; no error when the user wanted it."""

    @property
    def on_push(self) -> Callable[[Push], None]:
        """The function that takes the pushes of the server."""

    def on_invalidated(self) -> None:
        """All positions in streams have become worthless."""

    def trouble(self, error: ClientError) -> None:
        """Something has failed and will be tried again."""

    def known_subs(self) -> dict[str, SubscribeRequest]:
        """Server-side subscriptions to recover."""

    def is_held(self, calls: bool) -> bool:
        """Whether nothing should be read now; ``calls``: though replies are waited for."""

    async def room(self) -> None:
        """Wait until it should be read again."""


class Session:
    """The connections of one client, as a state machine over ``states.CLIENT``.

    Args:
        url: The address of the server.
        options: The options of the client.
        tasks: The tasks of the client.
        owner: The client.
        dial: Opens a transport.

    Attributes:
        state: Disconnected, connecting or connected.
        link: The open connection, which takes commands while ``state`` is connected.
        codec: The encoding of messages.
        gate: Open while connected.
        connects: How many times it has connected.
        trouble: The last error of an attempt to connect.
    """

    def __init__(
        self, url: str, options: ClientOptions, tasks: Tasks, owner: SessionOwner, dial: Dial
    ) -> None:
        self.state = ClientState.DISCONNECTED
        self.link: Link | None = None
        self.connects = 0
        self.trouble: ClientError | None = None
        self.codec = CODECS[options.protocol]
        self.gate = Gate(
            options.clock, f"connecting to {url}", DisconnectedError(0, "not connected yet")
        )
        self._url = url
        self._options = options
        self._tasks = tasks
        self._owner = owner
        self._dial = dial
        self._token = options.token
        self._data = encode_optional(options.data, as_json=self.codec.is_text)
        self._id = 0
        self._runner: asyncio.Task[None] | None = None
        self._backoff = Backoff(
            options.min_reconnect_delay, options.max_reconnect_delay, options.random
        )
        self._refresh = Refresh(
            tasks,
            options,
            "get_token",
            REFRESH_TOKEN,
            fetch=options.get_token,
            send=self._send_token,
            report=owner.trouble,
            give_up=self._refresh_refused,
        )
        self._moves: dict[ClientMove, Callable[[Ending], None]] = {
            ClientMove.DIAL: self._start,
            ClientMove.RETRY: self._lose,
            ClientMove.RENEW: self._renew,
            ClientMove.END: self._end,
        }

    def happen(self, ending: Ending) -> None:
        """Take the end of an attempt: change the state, and make the move of the table."""
        before = self.state
        self.state, move = CLIENT[before, ending.event]
        if ending.error is not None:
            self.trouble = ending.error
            self._owner.trouble(ending.error)
        if ending.code == codes.STATE_INVALIDATED.code:
            self._token = ""
            self._owner.on_invalidated()
        if move is not ClientMove.IGNORE and before is ClientState.CONNECTED:
            self._refresh.cancel()
        if before is ClientState.CONNECTED and self.state is ClientState.CONNECTING:
            self.gate.shut()
            self._owner.on_connecting(Cause(ending.code, ending.reason))
        if move in self._moves:
            self._moves[move](ending)

    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Give a command an id and send it.

        Args:
            command: The command.
            what: Its name, for errors.
            done: Called with the reply, or with the error that came instead; ``None`` if the
                command has no reply.

        Returns:
            The id.

        Raises:
            ConnectionLostError: There is no connection.
        """
        if self.link is None:
            raise ConnectionLostError(1, "not connected")
        self._id = self._id % LAST_ID + 1
        command.id = self._id if done is not None else 0
        self.link.send(command, what, done)
        return command.id

    async def stop(self) -> None:
        """Disconnect, and wait until the connection is closed."""
        self.happen(DISCONNECT_CALLED)
        runner = self._runner
        if runner is None or runner is asyncio.current_task():
            return
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)

    def _start(self, _: Ending) -> None:
        self.gate.shut()
        self._backoff.reset()
        self._owner.on_connecting(Cause(0, "connect called"))
        before = self._runner
        self._runner = self._tasks.spawn(self._run(before), "connection")

    async def _run(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:  # its connection closes first: never two of one client
            await asyncio.gather(before, return_exceptions=True)
        while self.state is not ClientState.DISCONNECTED:
            self.happen(await self._attempt())
            if self.state is ClientState.CONNECTING:
                await self._options.clock.sleep(self._backoff.next())

    async def _attempt(self) -> Ending:
        """One connection, from the token to its end."""
        try:
            await self._get_token()
            transport = await self._dial(self._url, self.codec, self._options)
        except UnauthorizedError as error:
            return Ending(ClientEvent.UNAUTHORIZED, 1, "unauthorized", error)
        except TokenError as error:
            return Ending(ClientEvent.TOKEN_FAILED, CONNECT_TOKEN, "token", error)
        except TransportError as error:
            if error.is_denied:
                return Ending(ClientEvent.UNAUTHORIZED, 1, f"HTTP {error.status}", error)
            return Ending(ClientEvent.LOST, 1, "transport closed", error)
        self.link = Link(
            transport,
            self.codec,
            self._options,
            on_push=self._owner.on_push,
            is_over=self._owner.is_held,
            room=self._owner.room,
        )
        request = ConnectRequest(
            token=self._token,
            data=self._data,
            subs=self._owner.known_subs(),
            name=self._options.name,
            version=__version__,
        )
        self.start(Command(connect=request), "connect", self._answered)
        try:
            return await self.link.run()
        finally:
            self.link = None

    async def _get_token(self) -> None:
        if self._options.get_token is not None and not self._token:
            self._token = await fetch_token(self._options.get_token, "get_token", CONNECT_TOKEN)

    def _answered(self, answer: Reply | ClientError) -> None:
        link = self.link
        if link is None or isinstance(answer, ConnectionLostError):
            return
        if isinstance(answer, Reply) and answer.connect is not None:
            self._welcome(link, answer.connect)
        elif isinstance(answer, ReplyError):
            link.end(self._judge(answer))
        else:
            error = answer if isinstance(answer, ClientError) else None
            link.end(Ending(ClientEvent.LOST, 1, "connect timeout", error))

    def _judge(self, error: ReplyError) -> Ending:
        if error.code == TOKEN_EXPIRED:
            if self._options.get_token is None:
                return Ending(ClientEvent.REFUSED, error.code, error.message)
            return Ending(ClientEvent.TOKEN_EXPIRED, error.code, error.message, error)
        if error.retryable:
            return Ending(ClientEvent.TEMPORARY, error.code, error.message, error)
        return Ending(ClientEvent.REFUSED, error.code, error.message)

    def _welcome(self, link: Link, result: ConnectResult) -> None:
        self.happen(ESTABLISHED)
        self.trouble = None
        self.connects += 1
        self._backoff.reset()
        link.expect_pings(result.ping, pong=result.pong)
        self._refresh.schedule(expires=result.expires, ttl=result.ttl)
        self._owner.on_established(result)
        self.gate.open()

    def _lose(self, _: Ending) -> None:
        """Do nothing: the runner makes the next attempt after a pause."""

    def _renew(self, _: Ending) -> None:
        self._token = ""

    def _end(self, ending: Ending) -> None:
        wanted = ending.event is ClientEvent.DISCONNECT
        error = DisconnectedError(ending.code, ending.reason)
        self.gate.fail(error)
        self._owner.on_ended(Cause(ending.code, ending.reason), None if wanted else error)

    def _send_token(self, token: str, done: Done) -> None:
        self._token = token
        self.start(Command(refresh=RefreshRequest(token=token)), "refresh", done)

    def _refresh_refused(self, error: ClientError) -> None:
        denied = isinstance(error, UnauthorizedError)
        event = ClientEvent.UNAUTHORIZED if denied else ClientEvent.REFUSED
        if self.link is not None:
            self.link.end(Ending(event, error.code, str(error)))
