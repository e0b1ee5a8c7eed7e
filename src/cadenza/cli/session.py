"""A connected client for a command: fails at once where waiting would not help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.explain import GET_TOKEN
from cadenza.cli.target import Target, is_loopback
from cadenza.client import (
    Client,
    ClientError,
    DisconnectedError,
    Left,
    TransportError,
    connect,
)

BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP says: try again. Other answers, and none, stay as they are while one waits."""

Notes = Callable[[str], None]
"""Where sentences for the user go."""


def silent(_: str) -> None:
    """For commands that have nothing to tell."""


class Session(NamedTuple):
    """A connected client, and the error that it may end with for good."""

    client: Client
    over: asyncio.Future[None]


class _Watch:
    """Hears what becomes of a connection.

    Attributes:
        refused: Why the first connection cannot be made, if waiting would not help.
        over: The error that the client ended with.
    """

    def __init__(self, notes: Notes) -> None:
        loop = asyncio.get_running_loop()
        self.refused: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self._notes = notes
        self._connects = 0

    def on_error(self, error: ClientError) -> None:
        """Something failed, and is tried again."""
        if self._connects:
            cause = error.__cause__
            self._notes(str(cause) if isinstance(cause, Failure) else str(error))
        elif isinstance(error, TransportError) and error.status not in BUSY:
            _fail(self.refused, error)

    def on_connecting(self, why: Left) -> None:
        """A connection is being made."""
        if self._connects:
            self._notes(f"connection lost ({why.code} {why.reason}); connecting again")

    def on_connected(self, _: object) -> None:
        """It is there."""
        self._connects += 1
        if self._connects > 1:
            self._notes("connected again")

    def on_disconnected(self, why: Left) -> None:
        """There will be no other."""
        _fail(self.over, DisconnectedError(*why))


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Client]:
    """As ``opened``, for commands that end by themselves."""
    async with opened(target) as session:
        yield session.client


@asynccontextmanager
async def opened(target: Target, *, notes: Notes = silent) -> AsyncIterator[Session]:
    """A client that is connected; closed at the end.

    An address where nobody listens is an error at once. A connection that is lost later comes back
    by itself, and ``notes`` hears of it.

    Raises:
        ClientError: It cannot connect.
        Failure: There is no token.
    """
    token = await target.token() if target.token is not None else ""
    watch = _Watch(notes)
    client = connect(
        target.url,
        token=token,
        get_token=target.token if target.renews else None,
        protocol=target.protocol.value,
        name="cadenza-cli",
        # A proxy is for other machines.
        proxy=None if is_loopback(target.url) else True,
        on_error=watch.on_error,
        on_connecting=watch.on_connecting,
        on_connected=watch.on_connected,
        on_disconnected=watch.on_disconnected,
    )
    try:
        await _start(client, watch, has_token=target.token is not None)
        yield Session(client, watch.over)
    finally:
        await client.close()


async def _start(client: Client, watch: _Watch, *, has_token: bool) -> None:
    starting = asyncio.ensure_future(client.connect())
    either: set[asyncio.Future[Any]] = {starting, watch.refused}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        await (starting if starting.done() else watch.refused)
    except DisconnectedError as error:
        if has_token:
            raise
        sentence = f"{error}; there is no token: {GET_TOKEN}"
        raise Failure(sentence, Exit.UNAUTHORIZED) from error
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


def _fail(future: asyncio.Future[None], error: ClientError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # seen, where nobody waits for it
