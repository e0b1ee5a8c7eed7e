"""Subscriptions that the server made for this client: their positions, to recover after a loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cadenza.client.values import Position
from cadenza.protocol.messages import Publication, SubscribePush, SubscribeRequest, SubscribeResult


class _Known(NamedTuple):
    position: Position
    recoverable: bool


class ServerSide:
    """What is known of each channel.

    Attributes:
        gaps: How often publications were missed and could not be recovered.
    """

    def __init__(self) -> None:
        self.gaps = 0
        self._channels: dict[str, _Known] = {}

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def requests(self) -> dict[str, SubscribeRequest]:
        """For the connect command: what to recover from where."""
        return {
            channel: SubscribeRequest(
                recover=True, offset=known.position.offset, epoch=known.position.epoch
            )
            for channel, known in self._channels.items()
            if known.recoverable
        }

    def established(self, subs: dict[str, SubscribeResult]) -> None:
        """A connect result: these channels and no others."""
        self._channels = {}
        for channel, result in subs.items():
            position = Position(result.offset, result.epoch)
            self._channels[channel] = _Known(position, result.recoverable)
            self.gaps += result.was_recovering and not result.recovered

    def added(self, channel: str, push: SubscribePush) -> None:
        """The server subscribed the connection to another channel."""
        position = Position(push.offset, push.epoch)
        self._channels[channel] = _Known(position, push.recoverable)

    def removed(self, channel: str) -> None:
        """The server unsubscribed it."""
        self._channels.pop(channel, None)

    def moved(self, channel: str, publication: Publication) -> None:
        """A publication came."""
        known = self._channels.get(channel)
        if known is not None and publication.offset:
            epoch = publication.epoch or known.position.epoch
            self._channels[channel] = known._replace(position=Position(publication.offset, epoch))

    def invalidate(self) -> None:
        """The positions are worth nothing: the next connect reports what is lost."""
        nowhere = Position(0, "_")
        self._channels = {
            it: known._replace(position=nowhere) for it, known in self._channels.items()
        }
