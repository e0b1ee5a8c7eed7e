"""Requests and answers of the calls ``operate.*``; times are Unix milliseconds unless stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from cadenza.gateway.faults.table import FaultReport
from cadenza.models import HealthStatus
from cadenza.realtime.controller import NodeInfo

LIMIT: Final = 500
"""Entries of one answer, at most."""
OFFSET: Final = 1_000_000
"""Entries that may be passed over, at most."""
FILTER: Final = 255
"""Characters of a filter, at most."""

T = TypeVar("T")
R = TypeVar("R", bound="Request")


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the answers."""


class Counters(View, frozen=True, kw_only=True):
    """Counters of a node since its start; rates come from the differences of two answers.

    Attributes:
        messages_sent: Messages written to clients, replies included.
        messages_received: Commands of clients, of every kind.
        commands: The same by method.
        errors: Errors in replies, by code.
        disconnects: Connections that ended, by disconnect code.
        conflations: Snapshots given to slow subscribers in place of what they missed.
        fault_hits: Hits of injected faults, by kind.
    """

    messages_sent: int
    messages_received: int
    commands: Mapping[str, int]
    errors: Mapping[int, int]
    disconnects: Mapping[int, int]
    conflations: int
    fault_hits: Mapping[str, int]


class Queues(View, frozen=True, kw_only=True):
    """Bytes that wait for clients.

    Attributes:
        open_connections: Open transports, also those that have not connected yet.
        queued_bytes: Bytes that wait, of all together.
        queued_bytes_max: The most that wait for one.
        slow_connections: Connections whose transport is full.
        queue_max_size: Bytes for one above which it is disconnected.
    """

    open_connections: int
    queued_bytes: int
    queued_bytes_max: int
    slow_connections: int
    queue_max_size: int


class FeedView(View, frozen=True, kw_only=True):
    """The feed: see ``FeedStatistics``; ``stale`` are the books that nobody can trust now."""

    kind: str
    messages: int
    snapshots: int
    diffs: int
    outdated: int
    trades: int
    skipped: int
    gaps: int
    faults: int
    resyncs: int
    checks: int
    unchecked: int
    crossed: int
    bests: int
    loops: int
    lag_ms: float
    finished: bool
    stale: Sequence[str]
    unknown: Mapping[str, int]


class JournalView(View, frozen=True, kw_only=True):
    """The venue, and what is on its way to the disk.

    Attributes:
        state: Of the journal: idle, collecting, committing, failed or closed.
        pending: Records decided and not yet handed to the store.
        commits: Batches that are durable.
        records: In them.
        seconds: From handing them over to their being durable, all together.
        last_commit_ms: The same, of the last one, in milliseconds.
        open_orders: Of users.
        orders: Taken, over all starts.
        executions: Of users' orders, over all starts.
        failure: Why nothing can be written; empty: it can.
    """

    state: str
    pending: int
    commits: int
    records: int
    seconds: float
    last_commit_ms: float
    open_orders: int
    orders: int
    executions: int
    failure: str


class FaultsView(View, frozen=True, kw_only=True):
    """Faults on demand: whether there are any, and those that are on."""

    enabled: bool
    active: Sequence[FaultReport]


class Overview(View, frozen=True, kw_only=True):
    """Everything at a glance. All but ``nodes`` is of the node ``node``, a uid.

    Attributes:
        failures: Parts that have failed and stand still, each with its error.
    """

    time_ms: int
    node: str
    nodes: Sequence[NodeInfo]
    counters: Counters
    queues: Queues
    health: Mapping[str, HealthStatus]
    failures: Mapping[str, str]
    feed: FeedView | None
    journal: JournalView | None
    faults: FaultsView


class ConnectionView(View, frozen=True, kw_only=True):
    """A connection. All texts but ``transport`` and ``protocol`` are chosen by clients.

    Attributes:
        client: Its id.
        user: Empty: anonymous.
        name: Of its SDK.
        version: Of its SDK.
        transport: How it is connected.
        protocol: ``json`` or ``protobuf``.
        connected_ms: Since when.
        expire_at: When it must have been refreshed, in Unix seconds; 0: never.
        subscriptions: The number of its subscriptions.
        queued_bytes: Bytes that wait for it.
        slow: Whether its transport is full.
    """

    client: str
    user: str
    name: str
    version: str
    transport: str
    protocol: str
    connected_ms: int
    expire_at: int
    subscriptions: int
    queued_bytes: int
    slow: bool


class ConnectionList(View, frozen=True, kw_only=True):
    """Part of the connections; ``total`` of them are meant by the request."""

    time_ms: int
    total: int
    connections: Sequence[ConnectionView]


class ChannelView(View, frozen=True, kw_only=True):
    """A channel, and how many connections are subscribed to it."""

    channel: str
    subscribers: int


class ChannelList(View, frozen=True, kw_only=True):
    """Part of the channels; ``total`` are meant by the request, with so many subscriptions."""

    time_ms: int
    total: int
    subscriptions: int
    channels: Sequence[ChannelView]


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
