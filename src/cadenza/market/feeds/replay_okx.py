"""The decoder of OKX captures: ``books`` and ``trades``, every book checked by its CRC32.

Ids: ``BTC-USDT`` is ``OKX:BTC/USDT``, the swap ``UNI-USD-SWAP`` is ``OKX:UNI-PERP/USD``, the dated
future ``BTC-USD-220527`` is ``OKX:BTC-220527/USD``. Quantities of the latter two are contracts.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Final

import msgspec

from cadenza.market.errors import BadMessageError
from cadenza.market.feeds.capture import CaptureDecoder, checksum_check, opened_address
from cadenza.market.feeds.messages import (
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    TradePrint,
)
from cadenza.market.instrument import FINEST_LOT, finest_step, make_instrument
from cadenza.market.order_book import OrderBook
from cadenza.models import Instrument, InstrumentType, OrderSide, Row, Venue

CHECKED_LEVELS: Final = 25

_VenueRow = tuple[str, str, str, str]
"""Price, size, a deprecated field, number of orders."""


class _Argument(msgspec.Struct):
    channel: str = ""
    instrument: str = msgspec.field(name="instId", default="")


class _Envelope(msgspec.Struct):
    arg: _Argument = msgspec.field(default_factory=_Argument)
    action: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


class _Book(msgspec.Struct):
    bids: list[_VenueRow]
    asks: list[_VenueRow]
    timestamp: str = msgspec.field(name="ts")
    checksum: int


class _Trade(msgspec.Struct):
    trade_id: str = msgspec.field(name="tradeId")
    price: str = msgspec.field(name="px")
    size: str = msgspec.field(name="sz")
    side: str
    timestamp: str = msgspec.field(name="ts")


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_decode_books: Final = msgspec.json.Decoder(list[_Book]).decode
_decode_trades: Final = msgspec.json.Decoder(list[_Trade]).decode

_SIDES: Final = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}


def detect(sample: Sequence[bytes]) -> OkxDecoder | None:
    """A decoder for a capture that begins with these lines, if it is one of OKX's."""
    return OkxDecoder() if b"okx.com" in opened_address(sample) else None


def checksum(book: OrderBook) -> int:
    """The venue's signed CRC32 over the best levels, ``bid:size:ask:size`` interleaved."""
    bids = (row for _, row in book.bids.top(CHECKED_LEVELS))
    asks = (row for _, row in book.asks.top(CHECKED_LEVELS))
    levels = chain.from_iterable(zip_longest(bids, asks, fillvalue=()))
    unsigned = zlib.crc32(":".join(chain.from_iterable(levels)).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


class OkxDecoder(CaptureDecoder):
    """Reads the messages of one socket; see ``Decoder``."""

    def __init__(self) -> None:
        super().__init__("OKX")

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:  # noqa: ARG002 - interface
        """Read a message of the books or trades channel."""
        try:
            envelope = _decode_envelope(body)
            if envelope.arg.channel == "books" and envelope.action:
                return self._books(envelope)
            if envelope.arg.channel == "trades":
                return self._trades(envelope)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            raise BadMessageError(f"{type(error).__name__}: {error}") from error
        return ()

    def _books(self, envelope: _Envelope) -> Sequence[Message]:
        messages: list[Message] = []
        symbol = envelope.arg.instrument
        for book in _decode_books(envelope.data):
            bids, asks = _rows(book.bids), _rows(book.asks)
            if envelope.action == "snapshot" and symbol not in self._ids:
                instrument = _instrument(symbol, [*bids, *asks])
                self._ids[symbol] = instrument.instrument_id
                messages.append(Declaration(instrument))
            kind = BookSnapshot if envelope.action == "snapshot" else BookDiff
            messages.append(
                kind(
                    self._ids[symbol],
                    bids,
                    asks,
                    int(book.timestamp),
                    check=checksum_check(checksum, book.checksum),
                )
            )
        return messages

    def _trades(self, envelope: _Envelope) -> Sequence[Message]:
        instrument_id = self._ids.get(envelope.arg.instrument)
        if instrument_id is None:
            # Before the first book nothing is known of the instrument's steps.
            return ()
        return [
            TradePrint(
                instrument_id,
                trade.trade_id,
                trade.price,
                trade.size,
                _SIDES[trade.side],
                int(trade.timestamp),
            )
            for trade in _decode_trades(envelope.data)
        ]


def _rows(rows: Sequence[_VenueRow]) -> list[Row]:
    return [(price, size) for price, size, _, _ in rows]


def _instrument(symbol: str, rows: Sequence[Row]) -> Instrument:
    base, quote, *contract = symbol.split("-")
    instrument_type = InstrumentType.SPOT
    if contract == ["SWAP"]:
        instrument_type, base = InstrumentType.PERPETUAL, f"{base}-PERP"
    elif contract:
        instrument_type = InstrumentType.FUTURES if len(contract) == 1 else InstrumentType.OPTION
        base = "-".join([base, *contract])
    is_spot = instrument_type is InstrumentType.SPOT
    return make_instrument(
        venue=Venue.OKX,
        base=base,
        quote=quote,
        # The venue writes no trailing zeros, but among hundreds of levels the finest step shows.
        tick=finest_step(price for price, _ in rows),
        lot=FINEST_LOT if is_spot else finest_step(quantity for _, quantity in rows),
        external_symbol=symbol,
        description=f"Recorded from OKX{'' if is_spot else ', quantities in contracts'}",
        instrument_type=instrument_type,
    )
