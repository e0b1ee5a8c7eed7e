"""The decoder of Coinbase: Exchange (``level2``, ``matches``), Advanced Trade (``l2_data``).

The API's list of venues has no Coinbase and its clients refuse a venue that is not on the list, so
these instruments are published under ``MOCK``: ``SKL-USD`` is ``MOCK:SKL/USD``. The description
names the true origin. Book updates of the Exchange feed have no sequence number; only their order
is known. Advanced Trade numbers the messages of a connection: a hole may have held anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.instrument import finest_step, make_instrument
from cadenza.market.venues.decoder import NOTHING, Instruments, VenueDecoder
from cadenza.market.venues.messages import (
    BookDiff,
    BookSnapshot,
    ConnectionGap,
    Message,
    NotUnderstood,
    TradePrint,
)
from cadenza.market.venues.numbers import decimal_text, time_ms
from cadenza.models import Instrument, InstrumentType, OrderSide, Row, Venue

# The venue names the side of the maker, so the aggressor was on the other.
_AGGRESSORS: Final = {"buy": OrderSide.SELL, "sell": OrderSide.BUY}

_BIDS: Final = frozenset({"buy", "bid"})
_ASKS: Final = frozenset({"sell", "offer", "ask"})


class _Snapshot(msgspec.Struct):
    product: str = msgspec.field(name="product_id")
    bids: list[Row] = []
    asks: list[Row] = []
    time: Any = ""


class _Update(msgspec.Struct):
    product: str = msgspec.field(name="product_id")
    changes: list[tuple[str, str, str]]
    time: Any = ""


class _Match(msgspec.Struct):
    product: str = msgspec.field(name="product_id")
    price: str
    size: str
    side: str
    trade_id: Any = ""
    time: Any = ""


class _Head(msgspec.Struct):
    """What tells the messages of both feeds apart."""

    type: str = ""
    channel: str = ""
    timestamp: Any = ""
    sequence: int | None = msgspec.field(name="sequence_num", default=None)
    events: msgspec.Raw = msgspec.Raw(b"[]")


class _Level(msgspec.Struct):
    side: str
    price: Any = msgspec.field(name="price_level")
    quantity: Any = msgspec.field(name="new_quantity")


class _BookEvent(msgspec.Struct):
    type: str = ""
    product: str = msgspec.field(name="product_id", default="")
    updates: list[_Level] = []


class _TradesEvent(msgspec.Struct):
    type: str = ""
    trades: list[_Match] = []


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_snapshot = msgspec.json.Decoder(_Snapshot).decode
_decode_update = msgspec.json.Decoder(_Update).decode
_decode_match = msgspec.json.Decoder(_Match).decode
_decode_books = msgspec.json.Decoder(list[_BookEvent], float_hook=str).decode
_decode_trades = msgspec.json.Decoder(list[_TradesEvent], float_hook=str).decode

_SILENT: Final = frozenset({"subscriptions", "heartbeat", "heartbeats"})
_EXCHANGE: Final = frozenset({"snapshot", "l2update", "match", "last_match", "ticker"})
_ADVANCED: Final = frozenset({"l2_data", "market_trades", "heartbeats", "subscriptions"})


class CoinbaseDecoder(VenueDecoder):
    """Reads the messages of one connection; see ``VenueDecoder``."""

    venue: ClassVar[str] = "Coinbase"
    understood: ClassVar[str] = "level2 (snapshot, l2update), matches, l2_data, market_trades"

    def __init__(self, instruments: Instruments | None = None) -> None:
        super().__init__(instruments)
        self._sequence: int | None = None
        self._books: dict[str, str] = {}

    @classmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """See ``VenueDecoder``."""
        if address:
            return "coinbase.com" in address and "drb.coinbase.com" not in address
        return any(isinstance(one, dict) and _is_ours(one) for one in messages)

    def reopened(self) -> None:
        """The numbers of the connection begin anew."""
        self._sequence = None

    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        head = _decode_head(body)
        if head.channel:
            return self._advanced(head, received_ms)
        if head.type == "l2update":
            return self._update(_decode_update(body), received_ms)
        if head.type == "match":
            return (self._trade(_decode_match(body), received_ms),)
        if head.type == "snapshot":
            found = _decode_snapshot(body)
            return (self._snapshot(found.product, found.bids, found.asks, received_ms),)
        # A last match was traded before the recording began.
        if head.type in _SILENT or head.type == "last_match":
            return NOTHING
        return (NotUnderstood(head.type or "message without a type"),)

    # The Exchange feed.

    def _snapshot(self, product: str, bids: list[Row], asks: list[Row], at: int) -> BookSnapshot:
        instrument_id = self._id(product, _instrument, [*bids, *asks])
        self._books[product] = instrument_id
        return BookSnapshot(instrument_id, bids, asks, at)

    def _update(self, update: _Update, received_ms: int) -> Sequence[Message]:
        if update.product not in self._books:
            return NOTHING
        bids = [(price, size) for side, price, size in update.changes if side in _BIDS]
        asks = [(price, size) for side, price, size in update.changes if side in _ASKS]
        at = time_ms(update.time) if update.time else received_ms
        return (BookDiff(self._books[update.product], bids, asks, at),)

    def _trade(self, match: _Match, received_ms: int) -> TradePrint:
        price, size = decimal_text(match.price), decimal_text(match.size)
        return TradePrint(
            self._id(match.product, _instrument, [(price, size)]),
            str(match.trade_id),
            price,
            size,
            _AGGRESSORS[match.side.lower()],
            time_ms(match.time) if match.time else received_ms,
        )

    # Advanced Trade.

    def _advanced(self, head: _Head, received_ms: int) -> Sequence[Message]:
        gap: list[Message] = []
        if head.sequence is not None:
            last, self._sequence = self._sequence, head.sequence
            if last is not None and head.sequence <= last:
                self._sequence = last
                return NOTHING
            if last is not None and head.sequence > last + 1:
                gap.append(ConnectionGap(list(self._books.values()), last, head.sequence))
        if head.channel == "l2_data":
            at = time_ms(head.timestamp) if head.timestamp else received_ms
            return [*gap, *self._book_events(head, at)]
        if head.channel == "market_trades":
            return [*gap, *self._trades_events(head, received_ms)]
        if head.channel in _SILENT:
            return gap
        return [*gap, NotUnderstood(head.channel)]

    def _book_events(self, head: _Head, at: int) -> Iterable[Message]:
        for event in _decode_books(head.events):
            bids, asks = _levels(event.updates, _BIDS), _levels(event.updates, _ASKS)
            if event.type == "snapshot":
                yield self._snapshot(event.product, bids, asks, at)
            elif event.product in self._books:
                # The connection's number, if there is one, has its place in the chain.
                number = head.sequence
                first = 0 if number is None else number + 1
                yield BookDiff(self._books[event.product], bids, asks, at, first)

    def _trades_events(self, head: _Head, received_ms: int) -> Iterable[Message]:
        for event in _decode_trades(head.events):
            # The snapshot tells trades from before the recording.
            if event.type != "snapshot":
                # The venue sends the newest first.
                for trade in reversed(event.trades):
                    yield self._trade(trade, received_ms)


def _is_ours(message: dict[Any, Any]) -> bool:
    if message.get("type") in _EXCHANGE:
        return "product_id" in message
    return message.get("channel") in _ADVANCED and isinstance(message.get("events"), list)


def _levels(updates: Iterable[_Level], sides: frozenset[str]) -> list[Row]:
    return [
        (decimal_text(one.price), decimal_text(one.quantity))
        for one in updates
        if one.side.lower() in sides
    ]


def _instrument(product: str, rows: Iterable[Row]) -> Instrument:
    base, _, quote = product.upper().rpartition("-")
    instrument_type = InstrumentType.SPOT
    if quote in {"CDE", "INTX"}:
        # Contracts, such as BIP-20DEC30-CDE and BTC-PERP-INTX, are priced in dollars.
        is_perpetual = base.endswith("-PERP")
        instrument_type = InstrumentType.PERPETUAL if is_perpetual else InstrumentType.FUTURES
        quote = "USDC" if quote == "INTX" else "USD"
    found = list(rows)
    return make_instrument(
        venue=Venue.MOCK,
        base=base,
        quote=quote,
        tick=finest_step(price for price, _ in found),
        lot=finest_step(quantity for _, quantity in found),
        external_symbol=product,
        description="Recorded from Coinbase",
        instrument_type=instrument_type,
    )
