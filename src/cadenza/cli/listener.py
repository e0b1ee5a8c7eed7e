"""A listener to channels, until something ends it: a limit, the server, a closed pipe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from cadenza.cli.session import Notes, Session
from cadenza.client import (
    ClientInfo,
    Publication,
    Subscribed,
    UnsubscribedError,
)

Handle = Callable[[Publication], bool]
"""Takes a publication, and gives whether it was the last one wanted."""


class Listener:
    """Channels of one client, whose publications go to one function in the order they arrive.

    The function is called by the reader of the connection: while it writes to a slow terminal or
    pipe nothing more is read, and the server notices in its own way.

    Args:
        session: A connected client.
        handle: Takes each publication.
        notes: Hears what becomes of the subscriptions.
        on_member: Takes a channel, whether somebody joins (``True``) or leaves, and who it is.
    """

    def __init__(
        self,
        session: Session,
        handle: Handle,
        notes: Notes,
        on_member: Callable[[str, bool, ClientInfo], None] | None = None,
    ) -> None:
        self._session = session
        self._handle = handle
        self._notes = notes
        self._on_member = on_member
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, channels: Sequence[str], since: tuple[int, str] | None = None) -> None:
        """Subscribe to all channels, and listen until the end.

        Raises:
            ClientError: A subscription failed or ended.
        """
        try:
            for channel in channels:
                await self._subscribe(channel, since)
                if self._ended.done():
                    break
            either = {self._ended, self._session.over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await (self._ended if self._ended.done() else self._session.over)
        finally:
            self._finish()
            self._ended.exception()  # seen, where something else came before

    async def _subscribe(self, channel: str, since: tuple[int, str] | None) -> None:
        member = self._on_member
        await self._session.client.subscribe(
            channel,
            since=since,
            recoverable=True,
            join_leave=member is not None,
            on_publication=self._take,
            on_subscribed=lambda event: self._subscribed(channel, event),
            on_unsubscribed=lambda why: self._fail(UnsubscribedError(channel, *why)),
            on_error=lambda error: self._notes(str(error)),
            on_join=None if member is None else lambda info: member(channel, True, info),
            on_leave=None if member is None else lambda info: member(channel, False, info),
        )

    def _subscribed(self, channel: str, event: Subscribed) -> None:
        if not event.was_recovering:
            self._notes(f"subscribed to {channel}")
        elif event.recovered:
            self._notes(f"{channel}: nothing was missed")
        else:
            self._notes(f"{channel}: publications are missing here, they could not be recovered")

    def _take(self, publication: Publication) -> None:
        if self._ended.done():
            return
        try:
            if self._handle(publication):
                self._finish()
        except Exception as error:  # noqa: BLE001 - it ends the command, as it would outside
            self._fail(error)

    def _finish(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)
