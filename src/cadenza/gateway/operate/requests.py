"""What the calls ``operate.*`` take, and the slices that lists are given out in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

LIMIT: Final = 500
"""Entries of one answer."""
OFFSET: Final = 1_000_000
FILTER: Final = 255

T = TypeVar("T")
R = TypeVar("R", bound="Request")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the requests: an unknown field is an error."""


class OverviewRequest(Request, frozen=True, kw_only=True):
    """``operate.overview`` takes nothing."""


class ListRequest(Request, frozen=True, kw_only=True):
    """Which part of a list.

    Attributes:
        filter: A part of a name, in whichever case; empty: all.
        offset: Entries to pass over.
        limit: Entries at most.
    """

    filter: Annotated[str, Meta(max_length=FILTER)] = ""
    offset: Annotated[int, Meta(ge=0, le=OFFSET)] = 0
    limit: Annotated[int, Meta(ge=1, le=LIMIT)] = 50

    @property
    def end(self) -> int:
        """Where the part ends."""
        return self.offset + self.limit


class ConnectionsRequest(ListRequest, frozen=True, kw_only=True):
    """``operate.connections``.

    Attributes:
        slow: Only those that read too slowly.
        order: Oldest first, or by bytes that wait or by subscriptions, most first.
    """

    slow: bool = False
    order: Literal["connected", "queued", "subscriptions"] = "connected"


class ChannelsRequest(ListRequest, frozen=True, kw_only=True):
    """``operate.channels``.

    Attributes:
        order: By name, or by subscribers, most first.
    """

    order: Literal["channel", "subscribers"] = "channel"


class ParamsError(Exception):
    """The parameters of a call are not what it takes; the message says what is wrong."""


def read(kind: type[R], params: bytes) -> R:
    """Read the parameters of a call; without any, all have their defaults.

    Raises:
        ParamsError: Something is wrong with them.
    """
    try:
        return msgspec.json.decode(params or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParamsError(str(error)[:200]) from error


def part(entries: Iterable[T], request: ListRequest) -> list[T]:
    """The part of a list that was asked for."""
    return list(entries)[request.offset : request.end]
