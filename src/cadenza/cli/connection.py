"""The connection of a command: it fails at once where waiting would not help."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.explain import GET_TOKEN
from cadenza.cli.session import Notes
from cadenza.cli.target import Target, is_loopback
from cadenza.client import (
    Cause,
    Client,
    ClientError,
    DisconnectedError,
    TransportError,
    connect,
)

BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that say: try again. Any other, and no answer at all, would stay as it is."""


class Connection:
    """A client of the SDK, and what becomes of its connection.

    Args:
        target: The server and the identity.
        token: The token to begin with; empty for none.
        notes: Hears of losses and of new connections, once there has been a first one.

    Attributes:
        client: The client; not connected before ``start``.
        over: Fails with the error that ends the client for good.
    """

    def __init__(self, target: Target, token: str, notes: Notes) -> None:
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = loop.create_future()
        self.client: Client = connect(
            target.url,
            token=token,
            get_token=target.token if target.renews else None,
            protocol=target.protocol.value,
            name="cadenza-cli",
            # A proxy is for other machines.
            proxy=None if is_loopback(target.url) else True,
            on_error=self._on_error,
            on_connecting=self._on_connecting,
            on_connected=self._on_connected,
            on_disconnected=self._on_disconnected,
        )
        self._has_token = target.token is not None
        self._notes = notes
        self._connects = 0
        # Fails with the reason why waiting for the first connection would not help.
        self._refused: asyncio.Future[None] = loop.create_future()

    async def start(self) -> None:
        """Connect.

        Raises:
            ClientError: It cannot connect.
            Failure: The server wants a token, and none was given.
        """
        starting = asyncio.ensure_future(self.client.connect())
        either: set[asyncio.Future[Any]] = {starting, self._refused}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await (starting if starting.done() else self._refused)
        except DisconnectedError as error:
            if self._has_token:
                raise
            sentence = f"{error}; there is no token: {GET_TOKEN}"
            raise Failure(sentence, Exit.UNAUTHORIZED) from error
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

    def _on_error(self, error: ClientError) -> None:
        """Something failed, and is tried again."""
        if self._connects:
            cause = error.__cause__
            self._notes(str(cause) if isinstance(cause, Failure) else str(error))
        elif isinstance(error, TransportError) and error.status not in BUSY:
            _fail(self._refused, error)

    def _on_connecting(self, why: Cause) -> None:
        if self._connects:
            self._notes(f"connection lost ({why.code} {why.reason}); connecting again")

    def _on_connected(self, _: object) -> None:
        self._connects += 1
        if self._connects > 1:
            self._notes("connected again")

    def _on_disconnected(self, why: Cause) -> None:
        """There will be no other connection."""
        _fail(self.over, DisconnectedError(*why))


def _fail(future: asyncio.Future[None], error: ClientError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # seen, where nobody waits for it
