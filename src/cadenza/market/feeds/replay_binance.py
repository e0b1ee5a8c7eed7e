"""The decoder of Binance recordings: spot, USD-M, COIN-M; depth, REST snapshot and trades.

A line is the local receive time in nanoseconds, one space, and the JSON as the venue sent it:
stream messages as ``{"stream": ..., "data": {...}}``; the REST depth snapshot is the one without
``stream``. The snapshot names no symbol, so a file holds one symbol.

Ids: spot ``BTCUSDT`` is ``BINANCE:BTC/USDT``; the perpetual of the same name (USD-M) is
``BINANCE:BTC-PERP/USDT``; COIN-M ``BTCUSD_PERP`` is ``BINANCE:BTC-PERP/USD``, its quantities are
contracts; a dated contract has its date in place of PERP.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from cadenza.market.errors import BadMessageError
from cadenza.market.feeds.continuity import SequenceRule, Verdict
from cadenza.market.feeds.messages import (
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    TradePrint,
)
from cadenza.market.instrument import finest_step, make_instrument
from cadenza.models import Instrument, InstrumentType, OrderSide, Row, Venue


class Segment(Enum):
    """Which of Binance's markets."""

    SPOT = "spot"
    USD_M = "USD-M"
    COIN_M = "COIN-M"


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Depth(msgspec.Struct):
    event_ms: int = msgspec.field(name="E")
    symbol: str = msgspec.field(name="s")
    first_id: int = msgspec.field(name="U")
    last_id: int = msgspec.field(name="u")
    bids: list[Row] = msgspec.field(name="b")
    asks: list[Row] = msgspec.field(name="a")
    previous_id: int = msgspec.field(name="pu", default=0)


class _Trade(msgspec.Struct):
    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    trade_ms: int = msgspec.field(name="T")
    is_buyer_maker: bool = msgspec.field(name="m")


class _Snapshot(msgspec.Struct):
    last_id: int = msgspec.field(name="lastUpdateId")
    bids: list[Row]
    asks: list[Row]
    event_ms: int = msgspec.field(name="E", default=0)


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_decode_depth: Final = msgspec.json.Decoder(_Depth).decode
_decode_trade: Final = msgspec.json.Decoder(_Trade).decode
_decode_snapshot: Final = msgspec.json.Decoder(_Snapshot).decode


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
    return Verdict.APPLY if diff.previous_id == last_id else Verdict.GAP


SPOT_RULE: Final = SequenceRule(bridge=_bridge_spot, follow=_follow_spot)
FUTURES_RULE: Final = SequenceRule(bridge=_bridge_futures, follow=_follow_futures)

# Tick and lot as found in recordings; of any other symbol the digits as written are taken, which
# are the same for every price, and for every quantity, of a symbol.
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
_SYMBOL: Final = re.compile(
    r"([A-Z0-9]+?)(USDT|USDC|FDUSD|TUSD|BUSD|USD|BTC|ETH|BNB|EUR|TRY|BRL|JPY)(?:_([A-Z0-9]+))?"
)
_LINE: Final = re.compile(rb"[0-9]{19} \{.*\}\s*", re.DOTALL)
_SYMBOL_FIELD: Final = re.compile(rb'"s":"([A-Z0-9_]+)"')
_ROW: Final = re.compile(rb'(?:\["|"p":")([0-9.]+)","(?:q":")?([0-9.]+)"')


def detect(sample: Sequence[bytes]) -> BinanceDecoder | None:
    """A decoder for a file that begins with these lines, if it is one of Binance's."""
    text = b"".join(line for line in sample if _LINE.fullmatch(line))
    symbol, row = _SYMBOL_FIELD.search(text), _ROW.search(text)
    if not symbol or not row or b'{"stream":"' not in text:
        return None
    if b'"ps":"' in text:
        segment = Segment.COIN_M
    elif b'"pu":' in text or b'"X":"' in text:
        segment = Segment.USD_M
    else:
        segment = Segment.SPOT
    return BinanceDecoder(symbol[1].decode(), segment, row[1].decode(), row[2].decode())


def _instrument(symbol: str, segment: Segment, price: str, quantity: str) -> Instrument:
    match = _SYMBOL.fullmatch(symbol)
    base, quote, contract = match.groups() if match else (symbol, "UNKNOWN", None)
    instrument_type = InstrumentType.SPOT
    if segment is not Segment.SPOT:
        contract = contract or "PERP"
        is_perpetual = contract == "PERP"
        instrument_type = InstrumentType.PERPETUAL if is_perpetual else InstrumentType.FUTURES
        base = f"{base}-{contract}"
    digits = finest_step([price]), finest_step([quantity])
    tick, lot = _STEPS.get((segment, symbol), digits)
    return make_instrument(
        venue=Venue.BINANCE,
        base=base,
        quote=quote,
        tick=tick,
        lot=lot,
        external_symbol=symbol,
        description=f"Recorded from {_NOTES[segment]}",
        instrument_type=instrument_type,
    )


class BinanceDecoder:
    """Reads the recordings of one symbol; see ``Decoder``.

    Args:
        symbol: The venue's name of the instrument.
        segment: The market it belongs to.
        price: Any price of it and
        quantity: any quantity, as the venue writes them.
    """

    def __init__(self, symbol: str, segment: Segment, price: str, quantity: str) -> None:
        self.market = f"Binance {segment.value} {symbol}"
        self.rule = SPOT_RULE if segment is Segment.SPOT else FUTURES_RULE
        instrument = _instrument(symbol, segment, price, quantity)
        self.declarations: Sequence[Declaration] = (Declaration(instrument),)
        self._symbol = symbol
        self._instrument_id = instrument.instrument_id
        self._event_ms = 0

    def split(self, line: bytes) -> tuple[int, bytes] | None:
        """Cut off the receive time."""
        if line[19:20] != b" " or not line[:19].isdigit():
            raise BadMessageError("the line does not begin with 19 digits and a space")
        return int(line[:19]), line[20:]

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Read a stream message or the REST snapshot."""
        try:
            envelope = _decode_envelope(body)
            _, _, kind = envelope.stream.partition("@")
            if kind.startswith("depth"):
                return (self._diff(_decode_depth(envelope.data)),)
            if kind == "trade":
                return (self._trade(_decode_trade(envelope.data)),)
            if not kind:
                return (self._snapshot(_decode_snapshot(body), time_ns // 1_000_000),)
        except msgspec.MsgspecError as error:
            raise BadMessageError(str(error)) from error
        return ()

    def _diff(self, depth: _Depth) -> BookDiff:
        self._check_symbol(depth.symbol)
        self._event_ms = depth.event_ms
        return BookDiff(
            self._instrument_id,
            depth.bids,
            depth.asks,
            depth.event_ms,
            depth.first_id,
            depth.last_id,
            depth.previous_id,
        )

    def _trade(self, trade: _Trade) -> TradePrint:
        self._check_symbol(trade.symbol)
        return TradePrint(
            self._instrument_id,
            str(trade.trade_id),
            trade.price,
            trade.quantity,
            OrderSide.SELL if trade.is_buyer_maker else OrderSide.BUY,
            trade.trade_ms,
        )

    def _snapshot(self, snapshot: _Snapshot, received_ms: int) -> BookSnapshot:
        # The spot snapshot carries no time; that of the update before it is the venue's own clock.
        timestamp_ms = snapshot.event_ms or self._event_ms or received_ms
        return BookSnapshot(
            self._instrument_id, snapshot.bids, snapshot.asks, timestamp_ms, snapshot.last_id
        )

    def _check_symbol(self, symbol: str) -> None:
        if symbol != self._symbol:
            raise BadMessageError(
                f"a message of {symbol} in a recording of {self._symbol}: the depth snapshot names "
                "no symbol, so every symbol needs a file of its own"
            )
