"""The decoder of Bybit v5: order books of every depth, public trades and tickers.

The API's list of venues has no Bybit, so its instruments are published under ``MOCK``: ``BTCUSDT``
is ``MOCK:BTC/USDT``, the linear perpetual of the same name is ``MOCK:BTC-PERP/USDT``. What kind of
market a connection carries is in its address; where that is not known, a trade of a contract tells
(spot trades have no tick direction).

The updates of a book are numbered one by one (``u``). A new snapshot may come at any time and
replaces the book. ``seq`` orders what different streams say of one instrument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.instrument import finest_step, make_instrument
from cadenza.market.venues.decoder import NOTHING, Instruments, VenueDecoder, unused
from cadenza.market.venues.messages import (
    BestPrices,
    BookDiff,
    BookSnapshot,
    Message,
    NotUnderstood,
    TradePrint,
)
from cadenza.market.venues.numbers import decimal_text, time_ms
from cadenza.market.venues.sequence import CHAINED
from cadenza.models import Instrument, InstrumentType, OrderSide, Row, Venue

_SIDES: Final = {"buy": OrderSide.BUY, "sell": OrderSide.SELL}
_BOOK: Final = re.compile(r"orderbook\.(?:rpi\.)?([0-9]+|full)\.(.+)")
_FULL_DEPTH: Final = 1_000_000
_KINDS: Final = ("spot", "linear", "inverse", "option")
_QUOTES: Final = (
    "USDT",
    "USDC",
    "USDE",
    "USDR",
    "USD1",
    "EUR",
    "BRL",
    "PLN",
    "TRY",
    "DAI",
    "BTC",
    "ETH",
    "MNT",
    "SOL",
    "BRZ",
    "USD",
)
_DATED: Final = re.compile(r"([A-Z0-9]+)-([0-9]{1,2}[A-Z]{3}[0-9]{2}(?:-[0-9.]+-[CP])?)(?:-(\w+))?")


class _Envelope(msgspec.Struct):
    topic: str = ""
    type: str = ""
    op: str = ""
    success: bool | None = None
    ts: Any = ""
    matched_ms: Any = msgspec.field(name="cts", default="")
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Book(msgspec.Struct):
    symbol: str = msgspec.field(name="s", default="")
    bids: list[list[Any]] = msgspec.field(name="b", default_factory=list)
    asks: list[list[Any]] = msgspec.field(name="a", default_factory=list)
    update_id: int = msgspec.field(name="u", default=0)
    seq: int = 0


class _Trade(msgspec.Struct):
    side: str = msgspec.field(name="S")
    quantity: Any = msgspec.field(name="v")
    price: Any = msgspec.field(name="p")
    symbol: str = msgspec.field(name="s", default="")
    trade_id: Any = msgspec.field(name="i", default="")
    time: Any = msgspec.field(name="T", default="")


_decode_envelope = msgspec.json.Decoder(_Envelope, float_hook=str).decode
_decode_book = msgspec.json.Decoder(_Book, float_hook=str).decode
_decode_trades = msgspec.json.Decoder(list[_Trade], float_hook=str).decode


class BybitDecoder(VenueDecoder):
    """Reads the messages of one connection; see ``VenueDecoder``.

    Args:
        instruments: See ``VenueDecoder``.
        kind: spot, linear, inverse or option.
    """

    venue: ClassVar[str] = "Bybit"
    understood: ClassVar[str] = "orderbook.1 to orderbook.1000, publicTrade"

    def __init__(self, instruments: Instruments | None = None, kind: str = "spot") -> None:
        super().__init__(instruments)
        self.market = f"Bybit {kind}"
        self.rule = CHAINED
        self._kind = kind

    @classmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """See ``VenueDecoder``."""
        if address:
            return "bybit" in address
        return any(
            isinstance(one, dict)
            and isinstance(one.get("topic"), str)
            and one["topic"].startswith(("orderbook.", "publicTrade.", "tickers."))
            for one in messages
        )

    @classmethod
    def open(
        cls, address: str, messages: Sequence[Any], instruments: Instruments | None = None
    ) -> BybitDecoder:
        """See ``VenueDecoder``."""
        return cls(instruments, _kind_of(address, messages))

    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        envelope = _decode_envelope(body)
        if not envelope.topic:
            if envelope.op or envelope.success is not None:
                failed = envelope.success is False
                return (NotUnderstood(f"failed {envelope.op}"),) if failed else NOTHING
            return (NotUnderstood("message without a topic"),)
        at = envelope.matched_ms or envelope.ts
        found = _BOOK.fullmatch(envelope.topic)
        if found:
            depth = _FULL_DEPTH if found[1] == "full" else int(found[1])
            moment = time_ms(at) if at else received_ms
            return self._book(envelope, depth, found[2], moment)
        name = envelope.topic.partition(".")[0]
        if name == "publicTrade":
            moment = time_ms(envelope.ts) if envelope.ts else received_ms
            return self._trades(_decode_trades(envelope.data), envelope.topic, moment)
        return (NotUnderstood(name),)

    def _book(self, envelope: _Envelope, depth: int, symbol: str, at: int) -> Sequence[Message]:
        book = _decode_book(envelope.data)
        # An update numbered 1 is the first one of a new life of the book.
        is_snapshot = envelope.type == "snapshot" or book.update_id == 1
        stream = envelope.topic.removesuffix(f".{symbol}")
        bids, asks = _rows(book.bids), _rows(book.asks)
        if not self.instruments.is_book(symbol, stream, depth, opens=is_snapshot):
            if depth == 1 and is_snapshot and book.seq and symbol in self.instruments:
                best = (bids[0] if bids else None, asks[0] if asks else None)
                return (BestPrices(self._id(symbol, self._make, ()), *best, at, book.seq),)
            return unused(stream, self.instruments.book_stream(symbol))
        if is_snapshot:
            return (
                BookSnapshot(
                    self._id(symbol, self._make, [*bids, *asks]),
                    bids,
                    asks,
                    at,
                    book.update_id,
                    is_image=depth == 1,
                    position=book.seq,
                ),
            )
        if symbol not in self.instruments:
            return NOTHING
        return (
            BookDiff(
                self._id(symbol, self._make, ()),
                bids,
                asks,
                at,
                book.update_id,
                book.update_id,
                book.update_id - 1 if book.update_id else None,
                position=book.seq,
            ),
        )

    def _trades(self, trades: Iterable[_Trade], topic: str, received_ms: int) -> Sequence[Message]:
        messages: list[Message] = []
        for trade in trades:
            price, quantity = decimal_text(trade.price), decimal_text(trade.quantity)
            symbol = trade.symbol or topic.partition(".")[2]
            messages.append(
                TradePrint(
                    self._id(symbol, self._make, [(price, quantity)]),
                    str(trade.trade_id),
                    price,
                    quantity,
                    _SIDES[trade.side.lower()],
                    time_ms(trade.time) if trade.time else received_ms,
                )
            )
        return messages

    def _make(self, symbol: str, rows: Iterable[Row]) -> Instrument:
        base, quote, instrument_type = _names(symbol.upper(), self._kind)
        found = list(rows)
        note = {"spot": "spot", "inverse": "inverse contracts, quantities in USD"}
        return make_instrument(
            venue=Venue.MOCK,
            base=base,
            quote=quote,
            tick=finest_step(price for price, _ in found),
            lot=finest_step(quantity for _, quantity in found),
            external_symbol=symbol,
            description=f"Recorded from Bybit {note.get(self._kind, f'{self._kind} contracts')}",
            instrument_type=instrument_type,
        )


def _rows(rows: Iterable[Sequence[Any]]) -> list[Row]:
    return [(decimal_text(row[0]), decimal_text(row[1])) for row in rows]


def _names(symbol: str, kind: str) -> tuple[str, str, InstrumentType]:
    """Base, quote and type of a symbol."""
    dated = _DATED.fullmatch(symbol)
    if dated:
        base, contract, quote = dated.groups()
        is_option = "-" in contract
        coin, found = _split(base)
        quote = quote or found or ("USD" if kind == "inverse" else "USDC")
        kind_of = InstrumentType.OPTION if is_option else InstrumentType.FUTURES
        return f"{coin}-{contract}", quote, kind_of
    if symbol.endswith("PERP") and kind != "spot":
        return f"{symbol.removesuffix('PERP')}-PERP", "USDC", InstrumentType.PERPETUAL
    base, quote = _split(symbol)
    if kind == "spot":
        return base, quote or "UNKNOWN", InstrumentType.SPOT
    return f"{base}-PERP", quote or "UNKNOWN", InstrumentType.PERPETUAL


def _split(symbol: str) -> tuple[str, str]:
    for quote in _QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return symbol.removesuffix(quote), quote
    return symbol, ""


def _kind_of(address: str, messages: Sequence[Any]) -> str:
    for kind in _KINDS:
        if f"/{kind}" in address:
            return kind
    for one in messages:
        rows = one.get("data") if isinstance(one, dict) else None
        topic = str(one.get("topic", "")) if isinstance(one, dict) else ""
        if topic.startswith("publicTrade.") and isinstance(rows, list):
            for row in rows:
                if isinstance(row, dict) and "L" in row:
                    is_inverse = str(row.get("s", "")).endswith("USD")
                    return "inverse" if is_inverse else "linear"
        if topic.startswith("tickers.") and isinstance(rows, dict) and "fundingRate" in rows:
            return "inverse" if topic.endswith("USD") else "linear"
    return "spot"
