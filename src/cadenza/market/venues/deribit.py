"""The decoder of Deribit: books, changed or grouped, and trades.

Ids: ``BTC-PERPETUAL`` is ``DERIBIT:BTC-PERP/USD`` (inverse: quantities in USD), ``BTC-24SEP21`` is
``DERIBIT:BTC-24SEP21/USD``, ``ETH_USDC-PERPETUAL`` is ``DERIBIT:ETH-PERP/USDC``, the option
``BTC-24SEP21-34000-P`` is ``DERIBIT:BTC-24SEP21-34000-P/BTC``, priced in BTC, and the spot pair
``BTC_USDC`` is ``DERIBIT:BTC/USDC``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.instrument import finest_step, make_instrument
from cadenza.market.venues.decoder import NOTHING, Instruments, VenueDecoder, unused
from cadenza.market.venues.messages import (
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
_WHOLE_BOOK: Final = 1_000_000
_DELETE: Final = "delete"


class _Params(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Envelope(msgspec.Struct):
    method: str = ""
    params: _Params | None = None
    error: Any = None


class _Book(msgspec.Struct):
    name: str = msgspec.field(name="instrument_name", default="")
    type: str = ""
    timestamp: Any = ""
    change_id: int = 0
    previous: int | None = msgspec.field(name="prev_change_id", default=None)
    bids: list[list[Any]] = []
    asks: list[list[Any]] = []


class _Trade(msgspec.Struct):
    name: str = msgspec.field(name="instrument_name")
    price: Any
    amount: Any
    direction: str
    trade_id: Any = ""
    trade_seq: int | None = None
    timestamp: Any = ""


_decode_envelope = msgspec.json.Decoder(_Envelope, float_hook=str).decode
_decode_book = msgspec.json.Decoder(_Book, float_hook=str).decode
_decode_trades = msgspec.json.Decoder(list[_Trade], float_hook=str).decode


class DeribitDecoder(VenueDecoder):
    """Reads the messages of one connection; see ``VenueDecoder``."""

    venue: ClassVar[str] = "Deribit"
    understood: ClassVar[str] = "book, trades"

    def __init__(self, instruments: Instruments | None = None) -> None:
        super().__init__(instruments)
        self.rule = CHAINED

    @classmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """See ``VenueDecoder``."""
        if address:
            return "deribit.com" in address or "drb.coinbase.com" in address
        return any(
            isinstance(one, dict) and "jsonrpc" in one and one.get("method") == "subscription"
            for one in messages
        )

    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        envelope = _decode_envelope(body)
        if envelope.error is not None:
            return (NotUnderstood("error"),)
        params = envelope.params
        if envelope.method != "subscription" or params is None:
            return NOTHING
        name, *rest = params.channel.split(".")
        if name == "book" and rest:
            return self._book(_decode_book(params.data), rest, received_ms)
        if name == "trades":
            return self._trades(_decode_trades(params.data), received_ms)
        return (NotUnderstood(name or "message without a channel"),)

    def _book(self, book: _Book, rest: list[str], received_ms: int) -> Sequence[Message]:
        """``{name}.{interval}``, or ``{name}.{group}.{depth}.{interval}`` for whole pictures."""
        symbol = book.name or rest[0]
        # A strike may have a point, so the parts are counted from the end.
        is_image = len(rest) > 3 and rest[-2].isdigit()
        depth = int(rest[-2]) if is_image else _WHOLE_BOOK
        if is_image and rest[-3] != "none":
            depth = 0  # levels grouped together are not those of the book
        is_snapshot = is_image or book.type == "snapshot" or (not book.type and not book.previous)
        stream = "book, grouped" if is_image else "book"
        if not self.instruments.is_book(symbol, stream, depth, opens=is_snapshot):
            return unused(stream, self.instruments.book_stream(symbol))
        bids, asks = _rows(book.bids), _rows(book.asks)
        at = time_ms(book.timestamp) if book.timestamp else received_ms
        if is_snapshot:
            instrument_id = self._id(symbol, _instrument, [*bids, *asks])
            return (BookSnapshot(instrument_id, bids, asks, at, book.change_id, is_image=is_image),)
        if symbol not in self.instruments:
            return NOTHING
        return (
            BookDiff(
                self._id(symbol, _instrument, ()),
                bids,
                asks,
                at,
                0,
                book.change_id,
                book.previous,
            ),
        )

    def _trades(self, trades: Iterable[_Trade], received_ms: int) -> Sequence[Message]:
        messages: list[Message] = []
        for trade in trades:
            price, amount = decimal_text(trade.price), decimal_text(trade.amount)
            messages.append(
                TradePrint(
                    self._id(trade.name, _instrument, [(price, amount)]),
                    str(trade.trade_id),
                    price,
                    amount,
                    _SIDES[trade.direction],
                    time_ms(trade.timestamp) if trade.timestamp else received_ms,
                )
            )
        return messages


def _rows(rows: Iterable[Sequence[Any]]) -> list[Row]:
    """Rows of action, price and amount; the action may be missing."""
    found: list[Row] = []
    for row in rows:
        price, amount = row[-2], row[-1]
        is_gone = len(row) > 2 and row[0] == _DELETE
        found.append((decimal_text(price), "0" if is_gone else decimal_text(amount)))
    return found


def _instrument(symbol: str, rows: Iterable[Row]) -> Instrument:
    pair, *contract = symbol.upper().split("-")
    coin, _, quote = pair.partition("_")
    if not contract:
        instrument_type, base, quote = InstrumentType.SPOT, coin, quote or "USD"
    elif contract == ["PERPETUAL"]:
        instrument_type, base, quote = InstrumentType.PERPETUAL, f"{coin}-PERP", quote or "USD"
    else:
        is_option = contract[-1] in {"C", "P"}
        instrument_type = InstrumentType.OPTION if is_option else InstrumentType.FUTURES
        base = "-".join([coin, *contract])
        quote = quote or (coin if is_option else "USD")
    found = list(rows)
    return make_instrument(
        venue=Venue.DERIBIT,
        base=base,
        quote=quote,
        tick=finest_step(price for price, _ in found),
        lot=finest_step(quantity for _, quantity in found),
        external_symbol=symbol,
        description="Recorded from Deribit",
        instrument_type=instrument_type,
    )
