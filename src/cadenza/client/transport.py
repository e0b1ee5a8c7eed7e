"""What the client needs of a connection that carries frames; ``websocket.py`` is the real one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from cadenza.client.codec import Codec
from cadenza.client.options import ClientOptions

ABNORMAL: Final = 1006
"""The code of an end without a close frame (RFC 6455, 7.4.1)."""


class Receiver(Protocol):
    """Who is told what comes in, inside the event loop; nothing here waits or raises."""

    def frame(self, data: bytes) -> None:
        """A message came."""

    def writable(self) -> None:
        """The peer reads again, after ``Transport.is_writable`` was false."""

    def lost(self, code: int, reason: str) -> None:
        """The end: the code and reason of the close frame, or ``ABNORMAL``. Nothing comes after."""


class Transport(Protocol):
    """An open connection. It calls its receiver; nothing but ``close`` waits.

    Attributes:
        is_writable: Whether the peer reads. Frames can be written all the same, and are kept.
    """

    is_writable: bool

    def start(self, receiver: Receiver) -> None:
        """Begin to deliver, also what has come already."""

    def write(self, frame: bytes) -> None:
        """Send a message; after the end it comes to nothing."""

    def pause(self) -> None:
        """Deliver nothing more until ``resume``, and let the peer feel it."""

    def resume(self) -> None:
        """Deliver again, first what came meanwhile."""

    async def close(self) -> None:
        """End it; never raises, returns soon. The receiver hears nothing more."""


Dial = Callable[[str, Codec, ClientOptions], Awaitable[Transport]]
"""Opens a transport; raises ``TransportError``."""
