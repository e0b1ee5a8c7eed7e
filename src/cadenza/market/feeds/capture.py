"""The lines that captures of several venues share: ``<seconds>.<fraction>: <json>``.

Other lines tell of the capture itself: a socket opened (``<->``), a request sent (``<-``), an HTTP
reply (``->``), or a closing note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from cadenza.market.errors import BadMessageError, ChecksumError
from cadenza.market.feed import BookCheck
from cadenza.market.feeds.continuity import UNNUMBERED
from cadenza.market.feeds.messages import Declaration
from cadenza.market.order_book import OrderBook

_NS_DIGITS: Final = 9
_OPENED: Final = re.compile(rb"(\S+) <-> [0-9.]+\s*")


def opened_address(sample: Sequence[bytes]) -> bytes:
    """The address of the socket that a capture begins with; empty if it is no capture."""
    match = _OPENED.fullmatch(sample[0]) if sample else None
    return match[1] if match else b""


def split_received(line: bytes) -> tuple[int, bytes] | None:
    """Cut a line into receive time (ns since the epoch) and body; ``None`` for other lines."""
    stamp, colon, body = line.partition(b": ")
    if not colon or not line[:1].isdigit():
        return None
    seconds, _, fraction = stamp.partition(b".")
    try:
        nanoseconds = int(fraction[:_NS_DIGITS].ljust(_NS_DIGITS, b"0"))
        return int(seconds) * 10**_NS_DIGITS + nanoseconds, body
    except ValueError:
        raise BadMessageError(f"{stamp[:40]!r} is no receive time") from None


def checksum_check(checksum: Callable[[OrderBook], int], expected: int) -> BookCheck:
    """A check that a book has the checksum that the venue sent with an update."""

    def check(book: OrderBook) -> None:
        actual = checksum(book)
        if actual != expected:
            raise ChecksumError(str(book.listing.id), expected, actual)

    return check


class CaptureDecoder:
    """What the decoders of captured sockets share; see ``Decoder``.

    Such a capture holds many instruments, which are declared with their snapshots, and its books
    have no update numbers.

    Args:
        market: Names the capture in logs.
    """

    def __init__(self, market: str) -> None:
        self.market = market
        self.rule = UNNUMBERED
        self.declarations: Sequence[Declaration] = ()
        self._ids: dict[str, str] = {}

    def split(self, line: bytes) -> tuple[int, bytes] | None:
        """Cut off the receive time."""
        return split_received(line)
