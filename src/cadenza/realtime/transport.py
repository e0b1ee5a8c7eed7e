"""A transport carries one connection's bytes: the interface that a server implements.

The contract: a transport hands complete frames to ``Connection.receive`` in order of arrival, calls
``Connection.pause_writing`` when its write buffer is over its high-water mark and
``Connection.resume_writing`` when it has drained, and calls ``Connection.lost`` exactly once when
the peer is gone, for whatever reason. All from the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cadenza.protocol.codes import Disconnect
from cadenza.realtime.wire import Wire


class Transport(Protocol):
    """One connection's way to its client."""

    name: str
    """``websocket``, ``http_stream``, ``sse``, ...: a label of metrics and statistics."""
    wire: Wire
    """How messages become bytes for this transport."""
    emulated: bool
    """Commands arrive over other requests, so the client is told session and node."""
    frame_ping: bool
    """The transport keeps itself alive; the engine sends no pings."""
    headers: Mapping[str, str]
    """Headers of the HTTP request that opened it; names in lower case."""

    def write(self, data: bytes) -> None:
        """Write bytes that the wire framed. Never blocks; what cannot be sent yet is buffered."""

    def close(self, disconnect: Disconnect) -> None:
        """Say why, after everything that was written, and end. Idempotent."""

    def abort(self) -> None:
        """End at once; what was not sent is lost. Idempotent."""

    def pause_reading(self) -> None:
        """Take no more frames from the peer until ``resume_reading``."""

    def resume_reading(self) -> None:
        """Take frames again."""
