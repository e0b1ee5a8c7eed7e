"""The decoder of Kraken captures: the ``book`` channel, every update checked by its CRC32.

The API's list of venues has no Kraken and its clients refuse a venue that is not on the list, so
these instruments are published under ``MOCK``: ``XBT/CHF`` is ``MOCK:XBT/CHF``. The description
names the true origin. Kraken writes a fixed number of digits for every pair.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec

from cadenza.market.errors import BadMessageError
from cadenza.market.feeds.capture import CaptureDecoder, checksum_check, opened_address
from cadenza.market.feeds.messages import BookDiff, BookSnapshot, Declaration, Message
from cadenza.market.instrument import finest_step, make_instrument
from cadenza.market.order_book import OrderBook
from cadenza.models import Instrument, Row, Venue

CHECKED_LEVELS: Final = 10

_CHANNEL: Final = re.compile(r"book-([0-9]+)")


class _Part(msgspec.Struct):
    """A snapshot (``as``, ``bs``), or one or both sides of an update (``a``, ``b``).

    A row is price, volume, time in seconds, and "r" on a level that the venue sends again.
    """

    asks_snapshot: list[list[str]] | None = msgspec.field(name="as", default=None)
    bids_snapshot: list[list[str]] | None = msgspec.field(name="bs", default=None)
    asks: list[list[str]] = msgspec.field(name="a", default_factory=list)
    bids: list[list[str]] = msgspec.field(name="b", default_factory=list)
    checksum: str = msgspec.field(name="c", default="")


_decode_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_part: Final = msgspec.json.Decoder(_Part).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


def detect(sample: Sequence[bytes]) -> KrakenDecoder | None:
    """A decoder for a capture that begins with these lines, if it is one of Kraken's."""
    return KrakenDecoder() if b"//ws.kraken.com" in opened_address(sample) else None


def checksum(book: OrderBook) -> int:
    """The venue's CRC32: asks, then bids, each number's digits without dot and leading zeros."""
    levels = chain(book.asks.top(CHECKED_LEVELS), book.bids.top(CHECKED_LEVELS))
    numbers = chain.from_iterable(row for _, row in levels)
    return zlib.crc32("".join(text.replace(".", "").lstrip("0") for text in numbers).encode())


class KrakenDecoder(CaptureDecoder):
    """Reads the messages of one socket; see ``Decoder``."""

    def __init__(self) -> None:
        super().__init__("Kraken")

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Read a message of the book channel."""
        if not body.startswith(b"["):
            return ()
        try:
            _, *parts, channel, pair = _decode_list(body)
            match = _CHANNEL.fullmatch(_decode_text(channel))
            if match is None:
                return ()
            decoded = [_decode_part(part) for part in parts]
            return self._book(_decode_text(pair), decoded, int(match[1]), time_ns // 1_000_000)
        except (msgspec.MsgspecError, ValueError, KeyError, IndexError) as error:
            raise BadMessageError(f"{type(error).__name__}: {error}") from error

    def _book(
        self, pair: str, parts: list[_Part], depth: int, received_ms: int
    ) -> Sequence[Message]:
        first = parts[0]
        if first.asks_snapshot is not None and first.bids_snapshot is not None:
            return self._snapshot(
                pair, _rows(first.bids_snapshot), _rows(first.asks_snapshot), depth, received_ms
            )
        bids = [row for part in parts for row in part.bids]
        asks = [row for part in parts for row in part.asks]
        timestamp_ms = max(map(_row_ms, chain(bids, asks)), default=received_ms)
        text = "".join(part.checksum for part in parts)
        check = checksum_check(checksum, int(text)) if text else None
        diff = BookDiff(self._ids[pair], _rows(bids), _rows(asks), timestamp_ms, check=check)
        return (diff,)

    def _snapshot(
        self, pair: str, bids: list[Row], asks: list[Row], depth: int, received_ms: int
    ) -> Sequence[Message]:
        declared: list[Message] = []
        if pair not in self._ids:
            instrument = _instrument(pair, [*bids, *asks])
            self._ids[pair] = instrument.instrument_id
            # The venue stops updating levels beyond the subscribed depth without removing them.
            declared.append(Declaration(instrument, depth_limit=depth))
        return [*declared, BookSnapshot(self._ids[pair], bids, asks, received_ms)]


def _rows(rows: Sequence[Sequence[str]]) -> list[Row]:
    return [(row[0], row[1]) for row in rows]


def _row_ms(row: Sequence[str]) -> int:
    seconds, _, fraction = row[2].partition(".")
    return int(seconds) * 1000 + int(fraction[:3].ljust(3, "0"))


def _instrument(pair: str, rows: Sequence[Row]) -> Instrument:
    base, quote = pair.split("/")
    return make_instrument(
        venue=Venue.MOCK,
        base=base,
        quote=quote,
        tick=finest_step(price for price, _ in rows),
        lot=finest_step(quantity for _, quantity in rows),
        external_symbol=pair,
        description="Recorded from Kraken",
    )
