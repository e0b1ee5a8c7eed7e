"""The decoder of Binance: spot, USD-M and COIN-M; books of every depth, best prices and trades.

Messages are those of streams, in the wrapper ``{"stream": ..., "data": {...}}`` or raw, and the
REST depth snapshot, which names no symbol.

Ids: spot ``BTCUSDT`` is ``BINANCE:BTC/USDT``; the perpetual of the same name (USD-M) is
``BINANCE:BTC-PERP/USDT``; COIN-M ``BTCUSD_PERP`` is ``BINANCE:BTC-PERP/USD``, its quantities are
contracts; a dated contract has its date in place of PERP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.instrument import finest_step, make_instrument
from cadenza.market.venues.decoder import NOTHING, Instruments, VenueDecoder, unused
from cadenza.market.venues.messages import (
    BestPrices,
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    NotUnderstood,
    TradePrint,
    Unreadable,
)
from cadenza.market.venues.numbers import time_ms
from cadenza.market.venues.sequence import SequenceRule, Verdict
from cadenza.models import Instrument, InstrumentType, OrderSide, Row, Venue


class Segment(Enum):
    """Which of Binance's markets."""

    SPOT = "spot"
    USD_M = "USD-M"
    COIN_M = "COIN-M"


class _Envelope(msgspec.Struct):
    """A stream's message, or the head of a raw one, which is another in each of its fields."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    event: str = msgspec.field(name="e", default="")
    last_id: int | None = msgspec.field(name="lastUpdateId", default=None)
    symbol: str = msgspec.field(name="s", default="")
    best_bid: Any = msgspec.field(name="b", default=None)
    error: Any = None
    id: Any = None


class _Depth(msgspec.Struct):
    event_ms: int = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    first_id: int = msgspec.field(name="U")
    last_id: int = msgspec.field(name="u")
    bids: list[Row] = msgspec.field(name="b")
    asks: list[Row] = msgspec.field(name="a")
    previous_id: int | None = msgspec.field(name="pu", default=None)


class _Trade(msgspec.Struct):
    """A trade (``t``), or several of one taker at one price (``a``)."""

    symbol: str = msgspec.field(name="s")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    trade_ms: int = msgspec.field(name="T")
    is_buyer_maker: bool = msgspec.field(name="m")
    trade_id: int | None = msgspec.field(name="t", default=None)
    aggregate_id: Any = msgspec.field(name="a", default=None)


class _Best(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    update_id: int = msgspec.field(name="u")
    bid: str = msgspec.field(name="b")
    bid_quantity: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_quantity: str = msgspec.field(name="A")
    trade_ms: int = msgspec.field(name="T", default=0)


class _Snapshot(msgspec.Struct):
    last_id: int = msgspec.field(name="lastUpdateId")
    bids: list[Row]
    asks: list[Row]
    event_ms: int = msgspec.field(name="E", default=0)


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_depth = msgspec.json.Decoder(_Depth).decode
_decode_trade = msgspec.json.Decoder(_Trade).decode
_decode_best = msgspec.json.Decoder(_Best).decode
_decode_snapshot = msgspec.json.Decoder(_Snapshot).decode


def _bridge_spot(snapshot_id: int, diff: BookDiff) -> Verdict:
    if diff.last_id <= snapshot_id:
        return Verdict.DROP
    return Verdict.APPLY if diff.first_id <= snapshot_id + 1 else Verdict.GAP


def _follow_spot(last_id: int, diff: BookDiff) -> Verdict:
    if diff.last_id <= last_id:
        return Verdict.DROP
    return Verdict.APPLY if diff.first_id == last_id + 1 else Verdict.GAP


def _bridge_futures(snapshot_id: int, diff: BookDiff) -> Verdict:
    if diff.last_id < snapshot_id:
        return Verdict.DROP
    return Verdict.APPLY if diff.first_id <= snapshot_id else Verdict.GAP


def _follow_futures(last_id: int, diff: BookDiff) -> Verdict:
    if diff.last_id <= last_id:
        return Verdict.DROP
    previous = diff.first_id - 1 if diff.previous_id is None else diff.previous_id
    return Verdict.APPLY if previous == last_id else Verdict.GAP


SPOT_RULE: Final = SequenceRule(bridge=_bridge_spot, follow=_follow_spot)
FUTURES_RULE: Final = SequenceRule(bridge=_bridge_futures, follow=_follow_futures)

WHOLE_BOOK: Final = 5000
"""Levels a side of the largest snapshot: deeper than every partial depth."""

# Tick and lot as found in recordings; of any other symbol those that the first numbers show.
_STEPS: Final = {
    (Segment.SPOT, "BTCUSDT"): ("0.01", "0.000001"),
    (Segment.USD_M, "BTCUSDT"): ("0.1", "0.001"),
    (Segment.USD_M, "ETHUSDT"): ("0.01", "0.001"),
    (Segment.COIN_M, "BTCUSD_PERP"): ("0.1", "1"),
}
_NOTES: Final = {
    Segment.SPOT: "Binance spot",
    Segment.USD_M: "Binance USD-M futures",
    Segment.COIN_M: "Binance COIN-M futures, quantities in contracts",
}
_QUOTES: Final = (
    "AEUR|ARS|AUD|BFUSD|BIDR|BKRW|BNB|BRL|BTC|BUSD|BVND|COP|CZK|DAI|DOGE|DOT|ETH|EUR|EURI|FDUSD"
    "|GBP|GYEN|IDR|IDRT|JPY|MXN|NGN|PAX|PLN|RLUSD|RON|RUB|SOL|TRX|TRY|TUSD|UAH|USD|USD1|USDC|USDP"
    "|USDS|USDT|UST|VAI|XRP|XUSD|ZAR"
)
_SYMBOL: Final = re.compile(rf"(.+?)({_QUOTES})(?:_(\w+))?")
_PARTIAL: Final = re.compile(r"depth([0-9]+)(?:@.*)?")
_SEGMENTS: Final = {"fstream": Segment.USD_M, "fapi": Segment.USD_M} | {
    "dstream": Segment.COIN_M,
    "dapi": Segment.COIN_M,
}
_EVENTS: Final = {
    "depthUpdate": "depth",
    "trade": "trade",
    "aggTrade": "aggTrade",
    "bookTicker": "bookTicker",
}
"""Kinds of streams by the event of their messages."""


class BinanceDecoder(VenueDecoder):
    """Reads the messages of one connection; see ``VenueDecoder``.

    Args:
        instruments: See ``VenueDecoder``.
        segment: The market.
        symbol: The only symbol that it carries; needed where a snapshot names none. Empty: any.
        rows: Prices and quantities of it that are known before the first message.
    """

    venue: ClassVar[str] = "Binance"
    understood: ClassVar[str] = "depth, depth5 to depth20, bookTicker, trade, aggTrade"

    def __init__(
        self,
        instruments: Instruments | None = None,
        segment: Segment = Segment.SPOT,
        symbol: str = "",
        rows: Iterable[Row] = (),
    ) -> None:
        super().__init__(instruments)
        self.market = f"Binance {segment.value}"
        self.rule = SPOT_RULE if segment is Segment.SPOT else FUTURES_RULE
        self._segment = segment
        self._symbol = symbol
        if symbol:
            declaration = Declaration(self._make(symbol, rows), is_guessed=True)
            self.instruments.add(symbol, declaration)
            self.declarations = (declaration,)

    @classmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """See ``VenueDecoder``."""
        if address:
            return "binance" in address
        return any(isinstance(one, dict) and _is_ours(one) for one in messages)

    @classmethod
    def open(
        cls, address: str, messages: Sequence[Any], instruments: Instruments | None = None
    ) -> BinanceDecoder:
        """See ``VenueDecoder``."""
        objects = [one for one in messages if isinstance(one, dict)]
        payloads = [one["data"] if isinstance(one.get("data"), dict) else one for one in objects]
        symbols = dict.fromkeys(filter(None, map(_symbol_of, objects)))
        has_snapshot = any("lastUpdateId" in one for one in objects)
        is_one = symbols and (has_snapshot or len(symbols) == 1)
        symbol = next(iter(symbols)) if is_one else ""
        rows = [row for one in payloads for row in _numbers_of(one)] if symbol else []
        return cls(instruments, _segment_of(address, payloads), symbol, rows)

    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        envelope = _decode_envelope(body)
        if envelope.stream:
            name, _, kind = envelope.stream.partition("@")
            return self._told(kind, name, envelope.data, received_ms)
        if envelope.last_id is not None:
            return self._snapshot(_decode_snapshot(body), received_ms)
        if envelope.event:
            kind = _EVENTS.get(envelope.event, envelope.event)
            return self._told(kind, envelope.symbol, body, received_ms)
        if envelope.symbol and isinstance(envelope.best_bid, str):
            return self._told("bookTicker", envelope.symbol, body, received_ms)
        if envelope.error is not None:
            return (NotUnderstood("error"),)
        if envelope.id is not None:
            return NOTHING
        return (NotUnderstood("message without a stream"),)

    def _told(
        self, kind: str, name: str, data: msgspec.Raw | bytes, received_ms: int
    ) -> Sequence[Message]:
        if kind == "bookTicker":
            return self._best(_decode_best(data), received_ms)
        if kind in {"trade", "aggTrade"}:
            return self._trade(_decode_trade(data), kind)
        if kind == "depth" or kind.startswith("depth@"):
            return self._diff(_decode_depth(data))
        partial = _PARTIAL.fullmatch(kind)
        if partial:
            return self._image(int(partial[1]), name.upper(), data, received_ms)
        return (NotUnderstood(kind.partition("@")[0] or "message without a stream"),)

    def _diff(self, depth: _Depth) -> Sequence[Message]:
        symbol = depth.symbol
        if self._symbol and symbol != self._symbol:
            return self._other(symbol)
        if not self.instruments.is_book(symbol, "depth", WHOLE_BOOK, opens=True):
            return unused("depth", self.instruments.book_stream(symbol))
        at = self.instruments.book_ms[symbol] = time_ms(depth.event_ms)
        return (
            BookDiff(
                self._id(symbol, self._make, [*depth.bids, *depth.asks]),
                depth.bids,
                depth.asks,
                at,
                depth.first_id,
                depth.last_id,
                depth.previous_id,
            ),
        )

    def _image(
        self, levels: int, symbol: str, data: msgspec.Raw | bytes, received_ms: int
    ) -> Sequence[Message]:
        """The best part of a book, which is sent whole; futures dress it as an update."""
        if self._symbol and symbol != self._symbol:
            return self._other(symbol)
        stream = f"depth{levels}"
        if not self.instruments.is_book(symbol, stream, levels, opens=True):
            return unused(stream, self.instruments.book_stream(symbol))
        found: _Snapshot | _Depth
        found = _decode_snapshot(data) if self._segment is Segment.SPOT else _decode_depth(data)
        at = self.instruments.book_ms[symbol] = (
            time_ms(found.event_ms) if found.event_ms else received_ms
        )
        return (
            BookSnapshot(
                self._id(symbol, self._make, [*found.bids, *found.asks]),
                found.bids,
                found.asks,
                at,
                found.last_id,
                is_image=True,
            ),
        )

    def _best(self, best: _Best, received_ms: int) -> Sequence[Message]:
        symbol = best.symbol
        if self._symbol and symbol != self._symbol:
            return self._other(symbol)
        if symbol not in self.instruments:
            return NOTHING
        # Spot sends no time; with that of the book before, no trade told since counts as contained.
        at = time_ms(best.trade_ms) or self.instruments.book_ms.get(symbol, received_ms)
        return (
            BestPrices(
                self._id(symbol, self._make, ()),
                (best.bid, best.bid_quantity),
                (best.ask, best.ask_quantity),
                at,
                best.update_id,
            ),
        )

    def _trade(self, trade: _Trade, kind: str) -> Sequence[Message]:
        symbol = trade.symbol
        if self._symbol and symbol != self._symbol:
            return self._other(symbol)
        if not self.instruments.is_trades(symbol, kind):
            return unused(kind, "other trades")
        trade_id = trade.trade_id if kind == "trade" else trade.aggregate_id
        return (
            TradePrint(
                self._id(symbol, self._make, [(trade.price, trade.quantity)]),
                "" if trade_id is None else str(trade_id),
                trade.price,
                trade.quantity,
                OrderSide.SELL if trade.is_buyer_maker else OrderSide.BUY,
                time_ms(trade.trade_ms),
            ),
        )

    def _snapshot(self, snapshot: _Snapshot, received_ms: int) -> Sequence[Message]:
        symbol = self._symbol
        if not symbol:
            return (
                Unreadable(
                    "a depth snapshot among messages of several symbols: it names none, so every "
                    "symbol needs a recording of its own"
                ),
            )
        self.instruments.is_book(symbol, "depth", WHOLE_BOOK, opens=True)
        # The spot snapshot carries no time; that of the update before it is the venue's own clock.
        told = (
            time_ms(snapshot.event_ms)
            if snapshot.event_ms
            else self.instruments.book_ms.get(symbol)
        )
        return (
            BookSnapshot(
                self._id(symbol, self._make, [*snapshot.bids, *snapshot.asks]),
                snapshot.bids,
                snapshot.asks,
                told or received_ms,
                snapshot.last_id,
            ),
        )

    def _other(self, symbol: str) -> Sequence[Message]:
        return (
            Unreadable(
                f"a message of {symbol} in a recording of {self._symbol}: the depth snapshot names "
                "no symbol, so every symbol needs a file of its own"
            ),
        )

    def _make(self, symbol: str, rows: Iterable[Row]) -> Instrument:
        segment = self._segment
        match = _SYMBOL.fullmatch(symbol)
        base, quote, contract = match.groups() if match else (symbol, "UNKNOWN", None)
        instrument_type = InstrumentType.SPOT
        if segment is not Segment.SPOT:
            contract = contract or "PERP"
            is_perpetual = contract == "PERP"
            instrument_type = InstrumentType.PERPETUAL if is_perpetual else InstrumentType.FUTURES
            base = f"{base}-{contract}"
        found = list(rows)
        tick, lot = _STEPS.get((segment, symbol)) or (
            finest_step(price for price, _ in found),
            finest_step(quantity for _, quantity in found),
        )
        return make_instrument(
            venue=Venue.BINANCE,
            base=base.upper(),
            quote=quote,
            tick=tick,
            lot=lot,
            external_symbol=symbol,
            description=f"Recorded from {_NOTES[segment]}",
            instrument_type=instrument_type,
        )


def _is_ours(message: dict[Any, Any]) -> bool:
    if isinstance(message.get("stream"), str) and "@" in message["stream"]:
        return isinstance(message.get("data"), dict)
    is_event = message.get("e") in _EVENTS and isinstance(message.get("s"), str)
    return is_event or {"u", "s", "b", "B", "a", "A"} <= message.keys()


def _symbol_of(message: dict[Any, Any]) -> str:
    data = message.get("data", message)
    symbol = data.get("s") if isinstance(data, dict) else None
    if isinstance(symbol, str):
        return symbol
    return str(message.get("stream", "")).partition("@")[0].upper()


def _numbers_of(payload: dict[Any, Any]) -> Iterator[Row]:
    """The prices and quantities of a message, whatever it is."""
    for side in ("b", "a", "bids", "asks"):
        rows = payload.get(side)
        if isinstance(rows, list):
            yield from (
                (row[0], row[1])
                for row in rows
                if isinstance(row, list) and len(row) > 1 and all(map(_is_text, row[:2]))
            )
    for price, quantity in (("p", "q"), ("b", "B"), ("a", "A")):
        row = payload.get(price), payload.get(quantity)
        if all(map(_is_text, row)):
            yield str(row[0]), str(row[1])


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _segment_of(address: str, payloads: Iterable[dict[Any, Any]]) -> Segment:
    for part, segment in _SEGMENTS.items():
        if part in address:
            return segment
    segment = Segment.SPOT
    for one in payloads:
        if "ps" in one:
            return Segment.COIN_M
        if "pu" in one or "X" in one:
            segment = Segment.USD_M
    return segment
