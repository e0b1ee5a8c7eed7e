"""The lines of recordings: when a message was received, and its bytes.

::

    1723161253000000000 {"stream": ...}       receive time, in any unit, and the message
    2024-08-08T23:54:13.123456Z {...}         the same
    1618677817.061845: {"type": ...}          a capture of sockets: received
    wss://ws.okx.com:8443 <-> 1652459224.53   a capture: a socket was opened
    wss://ws.okx.com:8443 <- 1652459225.3: {} a capture: sent by the client

Other lines of a capture, such as a closing note, say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from cadenza.market.errors import BadMessageError
from cadenza.market.venues.numbers import time_ms

_NS_DIGITS: Final = 9
_RECEIVED: Final = re.compile(rb"([0-9]{9,19})(?:\.([0-9]+))?(:?)\s+(?=\S)")
_RECEIVED_ISO: Final = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(?:Z|\+00:?00)?):?\s+(?=[{\[])"
)
_OPENED: Final = re.compile(rb"(\S+) <-> [0-9.]+\s*")
_IN_UNITS: Final = {range(9, 12): 10**9, range(12, 15): 10**6, range(15, 18): 10**3}
_NANOSECONDS: Final = {
    digits: factor for lengths, factor in _IN_UNITS.items() for digits in lengths
} | {18: 1, 19: 1}
"""What a time of so many digits is to be multiplied with to be one in nanoseconds."""

_decode: Final = msgspec.json.Decoder().decode


class Line(NamedTuple):
    """One line.

    Attributes:
        time_ns: When it was received, nanoseconds since the epoch.
        body: The message; empty when a socket was opened.
    """

    time_ns: int
    body: bytes


OPENED: Final = Line(0, b"")
"""A socket was opened, or opened again."""


def split_line(line: bytes, *, is_capture: bool) -> Line | None:
    """Cut a line into receive time and message; ``None`` for a line that is no message.

    Raises:
        BadMessageError: It is neither.
    """
    match = _RECEIVED.match(line)
    if match and bool(match[3]) == is_capture:
        return Line(_nanoseconds(match[1], match[2] or b""), line[match.end() :])
    match = _RECEIVED_ISO.match(line)
    if match:
        millis = time_ms(match[1].decode())
        return Line(millis * 1_000_000, line[match.end() :])
    if is_capture:
        return OPENED if _OPENED.fullmatch(line) else None
    if not line.strip():
        return None
    raise BadMessageError(
        "the line does not begin with 19 digits (nanoseconds; fewer for another unit) and a space"
    )


def _nanoseconds(whole: bytes, fraction: bytes) -> int:
    factor = _NANOSECONDS[len(whole)]
    time_ns = int(whole) * factor
    if fraction:
        time_ns += int(fraction[:_NS_DIGITS].ljust(_NS_DIGITS, b"0")) * factor // 10**_NS_DIGITS
    return time_ns


class Sample(NamedTuple):
    """What the first lines of a recording show.

    Attributes:
        is_capture: Whether it is a capture of sockets.
        address: Where the socket leads; empty if that is not said.
        messages: The messages, decoded; those that are no JSON are left out.
        first_ns: When the first one was received.
    """

    is_capture: bool
    address: str
    messages: list[Any]
    first_ns: int

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Sample:
        """Look at lines, whatever the blanks and the order of keys in them."""
        found = list(lines)
        opened = next(filter(None, map(_OPENED.fullmatch, found)), None)
        matches = [match for line in found if (match := _RECEIVED.match(line))]
        is_capture = opened is not None or any(match[3] for match in matches)
        messages, first_ns = [], 0
        for line in found:
            try:
                received = split_line(line, is_capture=is_capture)
                if received is None or not received.body:
                    continue
                message = _decode(received.body)
            except (BadMessageError, ValueError, RecursionError, msgspec.MsgspecError):
                continue
            if isinstance(message, dict | list):
                messages.append(message)
                first_ns = first_ns or received.time_ns
        address = opened[1].decode(errors="replace") if opened else ""
        return cls(is_capture, address, messages, first_ns)
