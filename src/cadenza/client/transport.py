"""The interface of a connection that carries frames; ``websocket.py`` implements it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from cadenza.client.codec import Codec
from cadenza.client.options import ClientOptions

ABNORMAL: Final = 1006
"""The code of an end without a close frame (RFC 6455, 7.4.1)."""


class Receiver(Protocol):
    """The receiver of frames. It is called inside the event loop, and never waits or raises."""

    def frame(self, data: bytes) -> None:
        """A message came."""

    def writable(self) -> None:
        """The peer reads again, after ``Transport.is_writable`` was false."""

    def lost(self, code: int, reason: str) -> None:
        """The connection has ended; nothing comes after it.

        Args:
            code: The code of the close frame, or ``ABNORMAL``.
            reason: Its words.
        """


class Transport(Protocol):
    """An open connection. It calls its receiver; nothing but ``close`` waits.

    Attributes:
        is_writable: Whether the peer reads. Frames that are written while it does not are kept.
    """

    is_writable: bool

    def start(self, receiver: Receiver) -> None:
        """Begin to deliver, first the frames that have come already."""

    def write(self, frame: bytes) -> None:
        """Send a message; after the end it is dropped."""

    def pause(self) -> None:
        """Deliver nothing more until ``resume``, and stop reading from the peer."""

    def resume(self) -> None:
        """Deliver again, first the frames that came meanwhile."""

    async def close(self) -> None:
        """End it; never raises, returns soon. The receiver is not called any more."""


Dial = Callable[[str, Codec, ClientOptions], Awaitable[Transport]]
"""Opens a transport; raises ``TransportError``."""
