"""A connected client for a command.

This module and the command files take the SDK from ``cadenza``, which imports it when one of its
names is first used: help, completion and a usage error need none of it, and it takes longer to load
than they take to run. ``cadenza.cli.connection`` does need it, and asyncio too, so it is imported
here when a command connects, and nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import cadenza
from cadenza.cli.target import Target
from cadenza.protocol import codes

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

Notes = Callable[[str], None]
"""Takes sentences for the user, one a call."""


def silent(_: str) -> None:
    """Notes of a command that has nothing to tell."""


class Session(NamedTuple):
    """A connected client.

    Attributes:
        client: The client of the SDK.
        over: Fails with the error that ends the connection for good; never done before that.
    """

    client: cadenza.Client
    over: asyncio.Future[None]


@asynccontextmanager
async def opened(target: Target, *, notes: Notes = silent) -> AsyncIterator[Session]:
    """A client that is connected, and closed at the end.

    An address where nobody listens is an error at once. A connection that is lost later comes back
    by itself, and ``notes`` hears of it.

    Raises:
        ClientError: It cannot connect.
        Failure: There is no token.
    """
    from cadenza.cli.connection import Connection  # noqa: PLC0415 - the SDK and asyncio load late

    token = await target.token() if target.token is not None else ""
    connection = Connection(target, token, notes)
    try:
        await connection.start()
        yield Session(connection.client, connection.over)
    finally:
        await connection.client.close()


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[cadenza.Client]:
    """As ``opened``, for commands that end by themselves."""
    async with opened(target) as session:
        yield session.client


async def as_subscriber(client: cadenza.Client, channel: str, ask: Callable[[], Awaitable[T]]) -> T:
    """The answer to a question about a channel; subscribes first where only subscribers may ask.

    Raises:
        ClientError: It was refused all the same, or the subscription was.
    """
    try:
        return await ask()
    except cadenza.ReplyError as error:
        if error.code != codes.PERMISSION_DENIED.code:
            raise
    await client.subscribe(channel, on_publication=_ignore)
    return await ask()


def _ignore(_: cadenza.Publication) -> None:
    """A publication that nobody has asked for."""
