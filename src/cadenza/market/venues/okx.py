"""The decoder of OKX: books of every depth and trades.

Ids: ``BTC-USDT`` is ``OKX:BTC/USDT``, the swap ``UNI-USD-SWAP`` is ``OKX:UNI-PERP/USD``, the dated
future ``BTC-USD-220527`` is ``OKX:BTC-220527/USD``. Quantities of the latter two are contracts.

A book is checked by two witnesses, each where it is there: ``prevSeqId`` chains the updates, and
a CRC32 covers the best levels. The venue has sent 0 for the latter since June 2026, which means
that there is none.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.instrument import finest_step, make_instrument
from cadenza.market.order_book import OrderBook
from cadenza.market.venues.decoder import (
    NOTHING,
    Instruments,
    VenueDecoder,
    checksum_check,
    unused,
)
from cadenza.market.venues.messages import (
    BookDiff,
    BookSnapshot,
    Message,
    NotUnderstood,
    TradePrint,
)
from cadenza.market.venues.numbers import time_ms
from cadenza.market.venues.sequence import CHAINED
from cadenza.models import Instrument, InstrumentType, OrderSide, Row, Venue

CHECKED_LEVELS: Final = 25

WHOLE_BOOK: Final = 400
"""Levels a side of ``books`` and of ``books-l2-tbt``."""

_VenueRow = list[str]
"""Price, size, and what older messages have more: a deprecated field, number of orders."""


class _Argument(msgspec.Struct):
    channel: str = ""
    instrument: str = msgspec.field(name="instId", default="")


class _Envelope(msgspec.Struct):
    arg: _Argument = msgspec.field(default_factory=_Argument)
    action: str = ""
    event: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


class _Book(msgspec.Struct):
    bids: list[_VenueRow] = []
    asks: list[_VenueRow] = []
    timestamp: Any = msgspec.field(name="ts", default="")
    checksum: int | None = None
    seq: int | None = msgspec.field(name="seqId", default=None)
    previous: int | None = msgspec.field(name="prevSeqId", default=None)


class _Trade(msgspec.Struct):
    price: str = msgspec.field(name="px")
    size: str = msgspec.field(name="sz")
    side: str
    trade_id: Any = msgspec.field(name="tradeId", default="")
    instrument: str = msgspec.field(name="instId", default="")
    timestamp: Any = msgspec.field(name="ts", default="")


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_books = msgspec.json.Decoder(list[_Book]).decode
_decode_trades = msgspec.json.Decoder(list[_Trade]).decode

_SIDES: Final = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
_BOOK: Final = re.compile(r"books(\d*)(?:-l2-tbt)?|bbo-tbt")
_TRADES: Final = frozenset({"trades", "trades-all"})


def checksum(book: OrderBook) -> int:
    """The venue's signed CRC32 over the best levels, ``bid:size:ask:size`` interleaved."""
    bids = (row for _, row in book.bids.top(CHECKED_LEVELS))
    asks = (row for _, row in book.asks.top(CHECKED_LEVELS))
    levels = chain.from_iterable(zip_longest(bids, asks, fillvalue=()))
    unsigned = zlib.crc32(":".join(chain.from_iterable(levels)).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


class OkxDecoder(VenueDecoder):
    """Reads the messages of one connection; see ``VenueDecoder``."""

    venue: ClassVar[str] = "OKX"
    understood: ClassVar[str] = (
        "books, books5, books50-l2-tbt, books-l2-tbt, bbo-tbt, trades, trades-all"
    )

    def __init__(self, instruments: Instruments | None = None) -> None:
        super().__init__(instruments)
        self.rule = CHAINED

    @classmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """See ``VenueDecoder``."""
        if address:
            return "okx.com" in address or "okex.com" in address
        return any(
            isinstance(one, dict)
            and isinstance(one.get("arg"), dict)
            and "channel" in one["arg"]
            and ("data" in one or "event" in one)
            for one in messages
        )

    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        if body.strip() == b"pong":
            return NOTHING
        envelope = _decode_envelope(body)
        channel = envelope.arg.channel
        if envelope.event:
            failed = envelope.event == "error"
            return (NotUnderstood("event error"),) if failed else NOTHING
        depth = _BOOK.fullmatch(channel)
        if depth:
            levels = 1 if channel == "bbo-tbt" else int(depth[1] or WHOLE_BOOK)
            return self._books(envelope, levels, received_ms)
        if channel in _TRADES:
            return self._trades(envelope, received_ms)
        return (NotUnderstood(channel or "message without a channel"),)

    def _books(self, envelope: _Envelope, depth: int, received_ms: int) -> Sequence[Message]:
        symbol, stream = envelope.arg.instrument, envelope.arg.channel
        is_change = envelope.action == "update"
        if not self.instruments.is_book(symbol, stream, depth, opens=not is_change):
            return unused(stream, self.instruments.book_stream(symbol))
        messages: list[Message] = []
        for book in _decode_books(envelope.data):
            bids, asks = _rows(book.bids), _rows(book.asks)
            at = time_ms(book.timestamp) if book.timestamp else received_ms
            check = checksum_check(checksum, book.checksum) if book.checksum else None
            if not is_change:
                instrument_id = self._id(symbol, _instrument, [*bids, *asks])
                is_image = not envelope.action
                messages.append(
                    BookSnapshot(instrument_id, bids, asks, at, book.seq or 0, check, is_image)
                )
            elif symbol in self.instruments:
                instrument_id = self.instruments[symbol].instrument.instrument_id
                last_id = book.seq or 0
                previous = book.previous if book.seq is not None else None
                messages.append(
                    BookDiff(instrument_id, bids, asks, at, 0, last_id, previous, check)
                )
        return messages

    def _trades(self, envelope: _Envelope, received_ms: int) -> Sequence[Message]:
        messages: list[Message] = []
        for trade in _decode_trades(envelope.data):
            symbol = trade.instrument or envelope.arg.instrument
            if not self.instruments.is_trades(symbol, envelope.arg.channel):
                return unused(envelope.arg.channel, "other trades")
            messages.append(
                TradePrint(
                    self._id(symbol, _instrument, [(trade.price, trade.size)]),
                    str(trade.trade_id),
                    trade.price,
                    trade.size,
                    _SIDES[trade.side],
                    time_ms(trade.timestamp) if trade.timestamp else received_ms,
                )
            )
        return messages


def _rows(rows: Sequence[_VenueRow]) -> list[Row]:
    return [(row[0], row[1]) for row in rows]


def _instrument(symbol: str, rows: Iterable[Row]) -> Instrument:
    base, quote, *contract = symbol.upper().split("-")
    instrument_type = InstrumentType.SPOT
    if contract == ["SWAP"]:
        instrument_type, base = InstrumentType.PERPETUAL, f"{base}-PERP"
    elif contract:
        instrument_type = InstrumentType.FUTURES if len(contract) == 1 else InstrumentType.OPTION
        base = "-".join([base, *contract])
    is_spot = instrument_type is InstrumentType.SPOT
    found = list(rows)
    return make_instrument(
        venue=Venue.OKX,
        base=base,
        quote=quote,
        tick=finest_step(price for price, _ in found),
        lot=finest_step(quantity for _, quantity in found),
        external_symbol=symbol,
        description=f"Recorded from OKX{'' if is_spot else ', quantities in contracts'}",
        instrument_type=instrument_type,
    )
