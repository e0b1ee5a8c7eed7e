"""The line format shared by captures of several venues: ``<seconds>.<fraction>: <json>``.

Other lines tell of the capture itself: a socket opened (``<->``), a request sent (``<-``), an HTTP
reply (``->``), or a closing note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cadenza.market.errors import BadMessageError

_NS_DIGITS = 9
_OPENED = re.compile(rb"(\S+) <-> [0-9.]+\s*")


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
