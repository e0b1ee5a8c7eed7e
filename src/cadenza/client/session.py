"""The state machine of a client: one attempt after another, until it is told to stop."""

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
from cadenza.client.states import CLIENT, Event, Move, State
from cadenza.client.tokens import Refresh, fetch_token
from cadenza.client.transport import Dial
from cadenza.client.values import Left, encode_optional
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
CONNECT_CALLED: Final = Ending(Event.CONNECT, 0, "connect called")
DISCONNECT_CALLED: Final = Ending(Event.DISCONNECT, 0, "disconnect called")
ESTABLISHED: Final = Ending(Event.ESTABLISHED, 0, "")


class SessionOwner(Protocol):
    """Who is told, always inside the event loop, and never waits."""

    def on_connecting(self, why: Left) -> None:
        """A connection is being made; what was connected is so no more."""

    def on_established(self, result: ConnectResult) -> None:
        """Connected."""

    def on_ended(self, why: Left, error: DisconnectedError | None) -> None:
        """Disconnected for good; no error when the user wanted it."""

    @property
    def on_push(self) -> Callable[[Push], None]:
        """Gets the pushes of the server."""

    def on_invalidated(self) -> None:
        """All positions are worth nothing."""

    def trouble(self, error: ClientError) -> None:
        """Something failed and is tried again."""

    def known_subs(self) -> dict[str, SubscribeRequest]:
        """Server-side subscriptions to recover."""

    def is_held(self, calls: bool) -> bool:
        """Whether nothing should be read now; ``calls``: though replies are waited for."""

    async def room(self) -> None:
        """Wait until it should."""


class Session:
    """The connections of one client, one after another.

    Attributes:
        state: Where it is.
        link: The open connection; commands go there while ``state`` is connected.
        gate: Open while connected.
        connects: How many times it has connected.
        trouble: The last thing that failed while connecting.
    """

    def __init__(
        self, url: str, options: ClientOptions, tasks: Tasks, owner: SessionOwner, dial: Dial
    ) -> None:
        self.state = State.DISCONNECTED
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
        self._moves: dict[Move, Callable[[Ending], None]] = {
            Move.DIAL: self._start,
            Move.RETRY: self._lose,
            Move.RENEW: self._renew,
            Move.END: self._end,
        }

    def happen(self, ending: Ending) -> None:
        """Do what the table says."""
        before = self.state
        self.state, move = CLIENT[before, ending.event]
        if ending.error is not None:
            self.trouble = ending.error
            self._owner.trouble(ending.error)
        if ending.code == codes.STATE_INVALIDATED.code:
            self._token = ""
            self._owner.on_invalidated()
        if move is not Move.IGNORE and before is State.CONNECTED:
            self._refresh.cancel()
        if before is State.CONNECTED and self.state is State.CONNECTING:
            self.gate.shut()
            self._owner.on_connecting(Left(ending.code, ending.reason))
        if move in self._moves:
            self._moves[move](ending)

    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Give a command an id and send it; ``done`` gets what comes back.

        Returns:
            The id.
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
        self._owner.on_connecting(Left(0, "connect called"))
        before = self._runner
        self._runner = self._tasks.spawn(self._run(before), "connection")

    async def _run(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:  # its connection closes first: never two of one client
            await asyncio.gather(before, return_exceptions=True)
        while self.state is not State.DISCONNECTED:
            self.happen(await self._attempt())
            if self.state is State.CONNECTING:
                await self._options.clock.sleep(self._backoff.next())

    async def _attempt(self) -> Ending:
        """One connection, from the token to its end."""
        try:
            await self._get_token()
            transport = await self._dial(self._url, self.codec, self._options)
        except UnauthorizedError as error:
            return Ending(Event.UNAUTHORIZED, 1, "unauthorized", error)
        except TokenError as error:
            return Ending(Event.TOKEN_FAILED, CONNECT_TOKEN, "token", error)
        except TransportError as error:
            if error.is_denied:
                return Ending(Event.UNAUTHORIZED, 1, f"HTTP {error.status}", error)
            return Ending(Event.LOST, 1, "transport closed", error)
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
            link.end(Ending(Event.LOST, 1, "connect timeout", error))

    def _judge(self, error: ReplyError) -> Ending:
        if error.code == TOKEN_EXPIRED:
            if self._options.get_token is None:
                return Ending(Event.REFUSED, error.code, error.message)
            return Ending(Event.TOKEN_EXPIRED, error.code, error.message, error)
        if error.retryable:
            return Ending(Event.TEMPORARY, error.code, error.message, error)
        return Ending(Event.REFUSED, error.code, error.message)

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
        """Nothing to do at once: the runner makes the next attempt after a pause."""

    def _renew(self, _: Ending) -> None:
        self._token = ""

    def _end(self, ending: Ending) -> None:
        wanted = ending.event is Event.DISCONNECT
        error = DisconnectedError(ending.code, ending.reason)
        self.gate.fail(error)
        self._owner.on_ended(Left(ending.code, ending.reason), None if wanted else error)

    def _send_token(self, token: str, done: Done) -> None:
        self._token = token
        self.start(Command(refresh=RefreshRequest(token=token)), "refresh", done)

    def _refresh_refused(self, error: ClientError) -> None:
        denied = isinstance(error, UnauthorizedError)
        event = Event.UNAUTHORIZED if denied else Event.REFUSED
        if self.link is not None:
            self.link.end(Ending(event, error.code, str(error)))
