"""The decoder of Coinbase captures: the ``level2`` and ``matches`` channels.

The API's list of venues has no Coinbase and its clients refuse a venue that is not on the list, so
these instruments are published under ``MOCK``: ``SKL-USD`` is ``MOCK:SKL/USD``. The description
names the true origin. Book updates have no sequence number; only their order is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from cadenza.market.errors import BadMessageError
from cadenza.market.feeds.capture import CaptureDecoder, opened_address
from cadenza.market.feeds.messages import (
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    TradePrint,
)
from cadenza.market.instrument import FINEST_LOT, finest_step, make_instrument
from cadenza.models import Instrument, OrderSide, Row, Venue

# The venue names the side of the maker, so the aggressor was on the other.
_AGGRESSORS: Final = {"buy": OrderSide.SELL, "sell": OrderSide.BUY}


class _Snapshot(msgspec.Struct, tag_field="type", tag="snapshot"):
    product: str = msgspec.field(name="product_id")
    bids: list[Row]
    asks: list[Row]


class _Update(msgspec.Struct, tag_field="type", tag="l2update"):
    product: str = msgspec.field(name="product_id")
    changes: list[tuple[str, str, str]]
    time: datetime


class _Match(msgspec.Struct, tag_field="type", tag="match"):
    product: str = msgspec.field(name="product_id")
    trade_id: int
    price: str
    size: str
    side: str
    time: datetime


class _Kind(msgspec.Struct):
    type: str = ""


_decode_kind: Final = msgspec.json.Decoder(_Kind).decode
_decode: Final = msgspec.json.Decoder(_Snapshot | _Update | _Match).decode
_KINDS: Final = frozenset({"snapshot", "l2update", "match"})


def detect(sample: Sequence[bytes]) -> CoinbaseDecoder | None:
    """A decoder for a capture that begins with these lines, if it is one of Coinbase's."""
    return CoinbaseDecoder() if b"coinbase.com" in opened_address(sample) else None


class CoinbaseDecoder(CaptureDecoder):
    """Reads the messages of one socket; see ``Decoder``."""

    def __init__(self) -> None:
        super().__init__("Coinbase")

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Read a snapshot, an update or a match."""
        try:
            if _decode_kind(body).type not in _KINDS:
                return ()
            message = _decode(body)
            if isinstance(message, _Snapshot):
                return self._snapshot(message, time_ns // 1_000_000)
            if isinstance(message, _Update):
                return (self._diff(message),)
            return self._match(message)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            raise BadMessageError(f"{type(error).__name__}: {error}") from error

    def _snapshot(self, snapshot: _Snapshot, received_ms: int) -> Sequence[Message]:
        declared: list[Message] = []
        if snapshot.product not in self._ids:
            instrument = _instrument(snapshot.product, [*snapshot.bids, *snapshot.asks])
            self._ids[snapshot.product] = instrument.instrument_id
            declared.append(Declaration(instrument))
        instrument_id = self._ids[snapshot.product]
        return [
            *declared,
            BookSnapshot(instrument_id, snapshot.bids, snapshot.asks, received_ms),
        ]

    def _diff(self, update: _Update) -> BookDiff:
        bids = [(price, size) for side, price, size in update.changes if side == "buy"]
        asks = [(price, size) for side, price, size in update.changes if side == "sell"]
        return BookDiff(self._ids[update.product], bids, asks, _ms(update.time))

    def _match(self, match: _Match) -> Sequence[Message]:
        instrument_id = self._ids.get(match.product)
        if instrument_id is None:
            # Before the first book nothing is known of the instrument's steps.
            return ()
        return (
            TradePrint(
                instrument_id,
                str(match.trade_id),
                match.price,
                match.size,
                _AGGRESSORS[match.side],
                _ms(match.time),
            ),
        )


def _ms(time: datetime) -> int:
    seconds = int(time.replace(microsecond=0).astimezone(UTC).timestamp())
    return seconds * 1000 + time.microsecond // 1000


def _instrument(product: str, rows: Sequence[Row]) -> Instrument:
    base, quote = product.split("-")
    return make_instrument(
        venue=Venue.MOCK,
        base=base,
        quote=quote,
        tick=finest_step(price for price, _ in rows),
        lot=FINEST_LOT,
        external_symbol=product,
        description="Recorded from Coinbase",
    )
