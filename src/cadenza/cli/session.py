"""A connected client for a command: fails at once where waiting would not help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Raw

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.explain import GET_TOKEN
from cadenza.cli.lines import info_fields, publication_json, publication_line
from cadenza.cli.output import emit, json_line, json_text, note, safe
from cadenza.cli.target import Target, is_loopback
from cadenza.client import (
    Cause,
    Client,
    ClientError,
    DisconnectedError,
    Publication,
    ReplyError,
    StreamPosition,
    TransportError,
    connect,
)
from cadenza.protocol import codes

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

    def on_connecting(self, why: Cause) -> None:
        """A connection is being made."""
        if self._connects:
            self._notes(f"connection lost ({why.code} {why.reason}); connecting again")

    def on_connected(self, _: object) -> None:
        """It is there."""
        self._connects += 1
        if self._connects > 1:
            self._notes("connected again")

    def on_disconnected(self, why: Cause) -> None:
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


T = TypeVar("T")


async def publishing(target: Target, channel: str, payload: Raw) -> None:
    """Publish one message."""
    async with connected(target) as client:
        await client.publish(channel, payload)


async def calling(target: Target, method: str, params: Raw) -> None:
    """Print the answer to a call.

    Raises:
        Failure: The answer holds an error.
    """
    async with connected(target) as client:
        answer = await client.rpc(method, params)
    emit(json_text(answer))
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        words = [str(error[it]) for it in ("code", "message") if it in error]
        raise Failure(f"{method} was refused: {' '.join(words) or 'see the answer'}")


async def reading(
    target: Target,
    channel: str,
    limit: int,
    since: tuple[int, str] | None,
    *,
    is_reversed: bool,
    as_json: bool,
    is_quiet: bool,
) -> None:
    """Print a history."""
    position = None if since is None else StreamPosition(*since)
    async with connected(target) as client:
        page = await _as_subscriber(
            client,
            channel,
            lambda: client.history(channel, limit, since=position, reverse=is_reversed),
        )
    show: Callable[[Publication, int | None], str] = (
        publication_json if as_json else publication_line
    )
    for publication in reversed(page.publications) if is_reversed else page.publications:
        emit(show(publication, None))
    if not is_quiet:
        note(f"the stream is at {page.position.offset}:{page.position.epoch}")


async def attending(target: Target, channel: str, *, is_count: bool, as_json: bool) -> None:
    """Print who is in a channel, or how many."""
    async with connected(target) as client:
        if is_count:
            stats = await _as_subscriber(client, channel, lambda: client.presence_stats(channel))
            line = {"clients": stats.clients, "users": stats.users}
            words = f"{stats.clients} connections of {stats.users} users"
            emit(json_line(line) if as_json else words)
            return
        members = await _as_subscriber(client, channel, lambda: client.presence(channel))
    for info in sorted(members.values(), key=lambda it: (it.user, it.client)):
        fields: Any = info_fields(info)
        plain = safe(f"{info.user or '(anonymous)'} {info.client}")
        emit(json_line(fields) if as_json else plain)


async def _as_subscriber(client: Client, channel: str, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask; where only subscribers may, subscribe and ask again."""
    try:
        return await ask()
    except ReplyError as error:
        if error.code != codes.PERMISSION_DENIED.code:
            raise
    await client.subscribe(channel, on_publication=_ignore)
    return await ask()


def _ignore(_: Publication) -> None:
    """A publication that nobody has asked for."""
