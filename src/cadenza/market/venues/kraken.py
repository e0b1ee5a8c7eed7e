"""The decoder of Kraken spot, v1 and v2: books, every update checked by its CRC32, and trades.

The API's list of venues has no Kraken and its clients refuse a venue that is not on the list, so
these instruments are published under ``MOCK``: ``XBT/CHF`` is ``MOCK:XBT/CHF``. The description
names the true origin.

The checksum of v2 goes over digits at the instrument's full precision. The channel ``instrument``
tells it; without that channel, and in recordings whose writer has dropped zeros at the end, it is
found with the first checksum.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, product
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.errors import ChecksumError
from cadenza.market.feed import BookCheck
from cadenza.market.instrument import common_step, finest_step, make_instrument, significant
from cadenza.market.order_book import OrderBook
from cadenza.market.venues.decoder import NOTHING, Instruments, VenueDecoder, checksum_check, unused
from cadenza.market.venues.messages import (
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    NotUnderstood,
    TradePrint,
)
from cadenza.market.venues.numbers import decimal_text, time_ms
from cadenza.models import Instrument, OrderSide, Row, Venue

CHECKED_LEVELS: Final = 10

DEPTHS: Final = (10, 25, 100, 500, 1000)
"""Levels a side that can be subscribed to."""

USUAL_PLACES: Final = 8
"""Decimal places of most quantities."""

MOST_PLACES: Final = 12
"""Decimal places tried for a checksum whose precision nobody told."""

_BOOK: Final = re.compile(r"book-([0-9]+)")
_SIDES: Final = {"b": OrderSide.BUY, "s": OrderSide.SELL, "buy": OrderSide.BUY} | {
    "sell": OrderSide.SELL
}


class _Part(msgspec.Struct):
    """v1: a snapshot (``as``, ``bs``), or one or both sides of an update (``a``, ``b``).

    A row is price, volume, time in seconds, and "r" on a level that the venue sends again.
    """

    asks_snapshot: list[list[str]] | None = msgspec.field(name="as", default=None)
    bids_snapshot: list[list[str]] | None = msgspec.field(name="bs", default=None)
    asks: list[list[str]] = msgspec.field(name="a", default_factory=list)
    bids: list[list[str]] = msgspec.field(name="b", default_factory=list)
    checksum: str = msgspec.field(name="c", default="")


class _Level(msgspec.Struct):
    price: Any
    qty: Any


class _Book(msgspec.Struct):
    symbol: str
    bids: list[_Level] = []
    asks: list[_Level] = []
    checksum: int | None = None
    timestamp: Any = ""


class _Trade(msgspec.Struct):
    symbol: str
    side: str
    price: Any
    qty: Any
    trade_id: Any = ""
    timestamp: Any = ""


class _Pair(msgspec.Struct):
    symbol: str
    price_precision: int | None = None
    qty_precision: int | None = None
    price_increment: Any = None
    qty_increment: Any = None


class _Pairs(msgspec.Struct):
    pairs: list[_Pair] = []


class _Subscribed(msgspec.Struct):
    channel: str = ""
    symbol: Any = ""
    depth: int = 0


class _Envelope(msgspec.Struct):
    channel: str = ""
    type: str = ""
    method: str = ""
    event: str = ""
    status: Any = ""
    success: bool | None = None
    result: _Subscribed | None = None
    data: msgspec.Raw = msgspec.Raw(b"[]")


_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_part = msgspec.json.Decoder(_Part).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_rows = msgspec.json.Decoder(list[list[str]]).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_books = msgspec.json.Decoder(list[_Book], float_hook=str).decode
_decode_trades = msgspec.json.Decoder(list[_Trade], float_hook=str).decode
_decode_pairs = msgspec.json.Decoder(_Pairs, float_hook=str).decode

_V2_CHANNELS: Final = frozenset({"book", "trade", "ticker", "ohlc", "instrument", "level3"})


def checksum(book: OrderBook) -> int:
    """The venue's CRC32: asks, then bids, each number's digits without dot and leading zeros."""
    numbers = chain.from_iterable(_checked(book))
    return zlib.crc32("".join(text.replace(".", "").lstrip("0") for text in numbers).encode())


def _checked(book: OrderBook) -> Iterator[Row]:
    asks, bids = book.asks.top(CHECKED_LEVELS), book.bids.top(CHECKED_LEVELS)
    return (row for _, row in chain(asks, bids))


class _Precision:
    """The decimal places with which an instrument's checksums are made.

    Attributes:
        places: Of prices and of quantities; ``None``: nobody has told and none has been found.
        is_told: Whether the venue has told them.
    """

    def __init__(self) -> None:
        self.places: tuple[int, int] | None = None
        self.is_told = False

    def check(self, expected: int) -> BookCheck:
        """A check that a book has a checksum, with whichever precision."""

        def check(book: OrderBook) -> None:
            rows = list(_checked(book))
            for places in self._tried(rows):
                if _crc(rows, places) == expected:
                    self.places = places
                    return
            if checksum(book) == expected:
                return
            actual = checksum(book) if self.places is None else _crc(rows, self.places)
            raise ChecksumError(str(book.listing.id), expected, actual)

        return check

    def _tried(self, rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
        """The places it has, then, if they are not told, all that could be."""
        if self.places is not None:
            yield self.places
        if not self.is_told:
            prices = max((significant(price) for price, _ in rows), default=0)
            quantities = max((significant(quantity) for _, quantity in rows), default=0)
            # From coarse to fine, the usual eight places of quantities first.
            yield from product(
                range(prices, MOST_PLACES + 1),
                sorted(range(quantities, MOST_PLACES + 1), key=lambda it: it != USUAL_PLACES),
            )


def _crc(rows: Iterable[Row], places: tuple[int, int]) -> int:
    price_places, quantity_places = places
    return zlib.crc32(
        "".join(
            _digits(price, price_places) + _digits(quantity, quantity_places)
            for price, quantity in rows
        ).encode()
    )


def _digits(text: str, places: int) -> str:
    whole, _, fraction = text.partition(".")
    return (whole + fraction[:places].ljust(places, "0")).lstrip("0")


class KrakenDecoder(VenueDecoder):
    """Reads the messages of one connection; see ``VenueDecoder``."""

    venue: ClassVar[str] = "Kraken"
    understood: ClassVar[str] = "book and trade of v1 and v2, instrument of v2"

    def __init__(self, instruments: Instruments | None = None) -> None:
        super().__init__(instruments)
        self._precisions: dict[str, _Precision] = {}
        self._steps: dict[str, tuple[str, str]] = {}
        self._depths: dict[str, int] = {}

    @classmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """See ``VenueDecoder``."""
        if address:
            return "kraken.com" in address and "futures" not in address
        return any(_is_ours(one) for one in messages)

    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        if body.lstrip().startswith(b"["):
            return self._v1(body, received_ms)
        envelope = _decode_envelope(body)
        if envelope.event:
            failed = envelope.status == "error"
            return (NotUnderstood(f"failed {envelope.event}"),) if failed else NOTHING
        if envelope.method:
            self._subscribed(envelope.result)
            failed = envelope.success is False
            return (NotUnderstood(f"failed {envelope.method}"),) if failed else NOTHING
        match envelope.channel:
            case "book":
                return self._books(envelope, received_ms)
            case "trade":
                return self._trades(envelope, received_ms)
            case "instrument":
                return self._pairs(_decode_pairs(envelope.data))
            case "heartbeat" | "status" | "pong":
                return NOTHING
            case channel:
                return (NotUnderstood(channel or "message without a channel"),)

    # Version 2.

    def _subscribed(self, result: _Subscribed | None) -> None:
        if result is None or result.channel != "book" or not result.depth:
            return
        symbols = result.symbol if isinstance(result.symbol, list) else [result.symbol]
        self._depths.update((str(symbol), result.depth) for symbol in symbols)

    def _books(self, envelope: _Envelope, received_ms: int) -> Sequence[Message]:
        messages: list[Message] = []
        for book in _decode_books(envelope.data):
            symbol, is_snapshot = book.symbol, envelope.type == "snapshot"
            if not self.instruments.is_book(symbol, "book", 1000, opens=is_snapshot):
                messages += unused("book", self.instruments.book_stream(symbol))
                continue
            bids, asks = _levels(book.bids), _levels(book.asks)
            at = time_ms(book.timestamp) if book.timestamp else received_ms
            check = None
            if book.checksum is not None:
                check = self._precisions.setdefault(symbol, _Precision()).check(book.checksum)
            if is_snapshot:
                # The venue stops updating levels beyond the depth without removing them.
                depth = self._depths.get(symbol) or _depth_of(bids, asks)
                instrument_id = self._id(symbol, self._make, [*bids, *asks], depth_limit=depth)
                messages.append(BookSnapshot(instrument_id, bids, asks, at, check=check))
            elif symbol in self.instruments:
                instrument_id = self._id(symbol, self._make, ())
                messages.append(BookDiff(instrument_id, bids, asks, at, check=check))
        return messages

    def _trades(self, envelope: _Envelope, received_ms: int) -> Sequence[Message]:
        messages: list[Message] = []
        if envelope.type == "snapshot":
            return NOTHING  # trades from before the recording
        for trade in _decode_trades(envelope.data):
            if not self.instruments.is_trades(trade.symbol, "trade"):
                continue
            price, quantity = decimal_text(trade.price), decimal_text(trade.qty)
            messages.append(
                TradePrint(
                    self._id(trade.symbol, self._make, [(price, quantity)]),
                    str(trade.trade_id),
                    price,
                    quantity,
                    _SIDES[trade.side],
                    time_ms(trade.timestamp) if trade.timestamp else received_ms,
                )
            )
        return messages

    def _pairs(self, told: _Pairs) -> Sequence[Message]:
        """Steps and precision; instruments that are known already are declared anew."""
        for pair in told.pairs:
            symbol = pair.symbol
            if pair.price_precision is not None and pair.qty_precision is not None:
                precision = self._precisions.setdefault(symbol, _Precision())
                precision.places = (pair.price_precision, pair.qty_precision)
                precision.is_told = True
            if pair.price_increment is not None and pair.qty_increment is not None:
                tick, lot = decimal_text(pair.price_increment), decimal_text(pair.qty_increment)
                self._steps[symbol] = common_step(tick, tick), common_step(lot, lot)
                if symbol in self.instruments:
                    depth = self.instruments[symbol].depth_limit
                    self._declare(symbol, Declaration(self._make(symbol, ()), depth))
        return NOTHING

    # Version 1.

    def _v1(self, body: bytes, received_ms: int) -> Sequence[Message]:
        _, *parts, channel_raw, pair_raw = _decode_list(body)
        channel, pair = _decode_text(channel_raw), _decode_text(pair_raw)
        if channel == "trade":
            return self._v1_trades(pair, [row for part in parts for row in _decode_rows(part)])
        match = _BOOK.fullmatch(channel)
        if match is None:
            return (NotUnderstood(channel.partition("-")[0]),)
        depth = int(match[1])
        decoded = [_decode_part(part) for part in parts]
        first = decoded[0]
        is_snapshot = first.asks_snapshot is not None or first.bids_snapshot is not None
        if not self.instruments.is_book(pair, channel, depth, opens=is_snapshot):
            return unused(channel, self.instruments.book_stream(pair))
        if is_snapshot:
            bids, asks = _rows(first.bids_snapshot or ()), _rows(first.asks_snapshot or ())
            instrument_id = self._id(pair, self._make, [*bids, *asks], depth_limit=depth)
            return (BookSnapshot(instrument_id, bids, asks, received_ms),)
        if pair not in self.instruments:
            return NOTHING
        return (self._v1_diff(pair, decoded, received_ms),)

    def _v1_diff(self, pair: str, parts: list[_Part], received_ms: int) -> BookDiff:
        bids = [row for part in parts for row in part.bids]
        asks = [row for part in parts for row in part.asks]
        timestamp_ms = max((time_ms(row[2]) for row in chain(bids, asks)), default=received_ms)
        text = "".join(part.checksum for part in parts)
        check = checksum_check(checksum, int(text)) if text else None
        instrument_id = self._id(pair, self._make, ())
        return BookDiff(instrument_id, _rows(bids), _rows(asks), timestamp_ms, check=check)

    def _v1_trades(self, pair: str, rows: list[list[str]]) -> Sequence[Message]:
        """Rows of price, volume, time, side; v1 has no ids, so the time and the place make one."""
        messages: list[Message] = []
        for number, row in enumerate(rows):
            price, volume, time, side = row[:4]
            messages.append(
                TradePrint(
                    self._id(pair, self._make, [(price, volume)]),
                    f"{time}-{number}",
                    price,
                    volume,
                    _SIDES[side],
                    time_ms(time),
                )
            )
        return messages

    # Instruments.

    def _knows_steps(self, symbol: str) -> bool:
        return symbol in self._steps

    def _make(self, pair: str, rows: Iterable[Row]) -> Instrument:
        base, quote = pair.upper().split("/")
        found = list(rows)
        tick, lot = self._steps.get(pair) or (
            finest_step(price for price, _ in found),
            finest_step(quantity for _, quantity in found),
        )
        return make_instrument(
            venue=Venue.MOCK,
            base=base,
            quote=quote,
            tick=tick,
            lot=lot,
            external_symbol=pair,
            description="Recorded from Kraken",
        )


def _is_ours(message: object) -> bool:
    if isinstance(message, list):
        return len(message) > 3 and isinstance(message[-2], str) and "/" in str(message[-1])
    if not isinstance(message, dict):
        return False
    return message.get("channel") in _V2_CHANNELS and "data" in message and "type" in message


def _depth_of(bids: Sequence[Row], asks: Sequence[Row]) -> int:
    """The depth that a snapshot was subscribed with, as far as it shows."""
    levels = max(len(bids), len(asks))
    return next((depth for depth in DEPTHS if levels <= depth), DEPTHS[-1])


def _levels(levels: Iterable[_Level]) -> list[Row]:
    return [(decimal_text(one.price), decimal_text(one.qty)) for one in levels]


def _rows(rows: Iterable[Sequence[str]]) -> list[Row]:
    return [(row[0], row[1]) for row in rows]
