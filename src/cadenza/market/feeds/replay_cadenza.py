"""The decoder of ``cadenza record``: books and trades as a Cadenza server published them.

Instruments keep their names, except those of ``PAPER``, whose names belong to the paper venue of
the server that replays: they are published under ``MOCK``. The steps are those that the server told
the recorder; where it told none, those of the first snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cadenza.market.errors import BadMessageError, MarketError
from cadenza.market.feeds.lines import Line
from cadenza.market.instrument import InstrumentId, finest_step, make_instrument
from cadenza.market.venues.messages import (
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    TradePrint,
    Unreadable,
)
from cadenza.market.venues.sequence import SequenceRule, Verdict
from cadenza.models import (
    Instrument,
    OrderSide,
    Row,
    RpcInstrument,
    UpdateType,
    Venue,
)
from cadenza.models.channels import book_channels, trade_channel

VERSION: Final = 1
_STARTS: Final = frozenset({"recording", "resumed"})
_BOOK: Final = book_channels("")  # what the names of books begin with, both as long
_TRADE: Final = trade_channel("")


class _Line(msgspec.Struct, gc=False):
    """A line, as far as a replay needs it; ``data`` stays as it is."""

    time: int
    event: str = ""
    channel: str = ""
    version: int = 0
    channels: list[str] = []
    data: Raw | UnsetType = UNSET


class _Book(msgspec.Struct, rename="camel", gc=False):
    update_type: UpdateType
    bids: list[Row]
    asks: list[Row]
    timestamp: int
    sequence: int
    prev_sequence: int


class _Trade(msgspec.Struct, rename="camel", gc=False):
    trade_id: str
    price: str
    quantity: str
    side: OrderSide
    timestamp: int


class _Head(msgspec.Struct):
    time: int
    event: str = ""
    channel: str = ""


_decode_head: Final = msgspec.json.Decoder(_Head).decode
_decode_line: Final = msgspec.json.Decoder(_Line).decode
_decode_book: Final = msgspec.json.Decoder(_Book).decode
_decode_trade: Final = msgspec.json.Decoder(_Trade).decode
_decode_instrument: Final = msgspec.json.Decoder(RpcInstrument).decode


def _follows(last_id: int, diff: BookDiff) -> Verdict:
    """A DIFF applies to the state that its ``prevSequence`` names."""
    if diff.previous_id == last_id:
        return Verdict.APPLY
    return Verdict.DROP if diff.last_id <= last_id else Verdict.GAP


# A server that was restarted counts from 1 again, so a snapshot counts whatever its number.
_RULE: Final = SequenceRule(bridge=_follows, follow=_follows, is_numbered=False)


class CadenzaDecoder:
    """Reads the lines of one recording; see ``recording.Decoder``.

    Args:
        channels: The recorded channels.
        sample: The lines after the first, where instruments are described.
    """

    understood: Final = "order books and trades"

    def __init__(self, channels: Iterable[str], sample: Iterable[bytes] = ()) -> None:
        self.market = " ".join(["Cadenza", *sorted(channels)])
        self.rule = _RULE
        self._ids: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        found = (self._described(line) for line in sample if b"instrument" in line)
        self.declarations: Sequence[Declaration] = [
            declaration for one in found for declaration in one
        ]

    @classmethod
    def open(cls, sample: Sequence[bytes]) -> CadenzaDecoder | None:
        """A decoder of what ``cadenza record`` wrote, if a recording begins with these lines."""
        if not sample or not sample[0].lstrip().startswith(b"{"):
            return None
        try:
            first = _decode_line(sample[0])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if first.event not in _STARTS or first.version != VERSION:
            return None
        return cls(first.channels, sample[1:])

    def reopened(self) -> None:
        """Recordings of servers have no sockets."""

    def split(self, line: bytes) -> Line | None:
        """Cut off the receive time; ``None`` for what says nothing about a market."""
        try:
            head = _decode_head(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadMessageError(str(error)) from error
        is_market = not head.event and head.channel.startswith((*_BOOK, _TRADE))
        is_told = is_market or head.event == "instrument"
        return Line(head.time, line) if is_told else None

    def decode(self, _time_ns: int, body: bytes) -> Sequence[Message]:
        """Read a book, a trade, or what an instrument is."""
        try:
            line = _decode_line(body)
            if line.event:
                return self._instrument(line.data)
            if line.data is UNSET:
                return ()
            if line.channel.startswith(_BOOK):
                return self._book(line.channel, _decode_book(line.data))
            return self._trade(line.channel, _decode_trade(line.data))
        except (msgspec.MsgspecError, MarketError, ValueError) as error:
            return (Unreadable(f"{type(error).__name__}: {error}"),)

    def _book(self, channel: str, book: _Book) -> Sequence[Message]:
        source = channel[len(_BOOK[0]) :]
        # A book has two channels, which carry the same: the first one counts.
        if self._sources.setdefault(source, channel) != channel:
            return ()
        if book.update_type is UpdateType.DIFF:
            return self._diff(source, book)
        if book.update_type is not UpdateType.SNAPSHOT:
            raise ValueError(f"{channel} has a {book.update_type}, which nobody defines")
        declared: list[Message] = []
        if source not in self._ids:
            rows = [*book.bids, *book.asks]
            tick = finest_step(price for price, _ in rows)
            lot = finest_step(quantity for _, quantity in rows)
            declared.append(Declaration(self._make(source, tick, lot), is_guessed=True))
        snapshot = BookSnapshot(
            self._ids[source], book.bids, book.asks, book.timestamp, book.sequence
        )
        return [*declared, snapshot]

    def _diff(self, source: str, book: _Book) -> Sequence[Message]:
        if source not in self._ids:
            return ()  # before the first book nothing is known of the instrument's steps
        return (
            BookDiff(
                self._ids[source],
                book.bids,
                book.asks,
                book.timestamp,
                first_id=book.sequence,
                last_id=book.sequence,
                previous_id=book.prev_sequence,
            ),
        )

    def _trade(self, channel: str, trade: _Trade) -> Sequence[Message]:
        instrument_id = self._ids.get(channel[len(_TRADE) :])
        if instrument_id is None:
            return ()
        return (
            TradePrint(
                instrument_id,
                trade.trade_id,
                trade.price,
                trade.quantity,
                trade.side,
                trade.timestamp,
            ),
        )

    def _described(self, line: bytes) -> Sequence[Declaration]:
        """What an early line says of an instrument; a damaged one is told of later."""
        try:
            found = _decode_line(line)
            return self._instrument(found.data) if found.event == "instrument" else ()
        except (msgspec.MsgspecError, MarketError, ValueError):
            return ()

    def _instrument(self, data: Raw | UnsetType) -> Sequence[Declaration]:
        if data is UNSET:
            return ()
        known = _decode_instrument(data)
        if known.instrument_id is UNSET or known.instrument_id in self._ids:
            return ()
        if known.pip_size is UNSET or known.lot_size is UNSET:
            return ()
        least = "0" if known.min_notional is UNSET else known.min_notional
        return (
            Declaration(self._make(known.instrument_id, known.pip_size, known.lot_size, least)),
        )

    def _make(self, source: str, tick: str, lot: str, min_notional: str = "0") -> Instrument:
        """The instrument under which a recorded one is published."""
        found = InstrumentId.parse(source)
        venue = Venue.MOCK if found.venue is Venue.PAPER else found.venue
        instrument = make_instrument(
            venue=venue,
            base=found.base,
            quote=found.quote,
            tick=tick,
            lot=lot,
            external_symbol=f"{found.base}{found.quote}",
            description=f"Recorded from {found.venue} of a Cadenza server",
            min_notional=min_notional,
        )
        if instrument.instrument_id in self._ids.values():
            raise ValueError(
                f"{source} is left out: its name {instrument.instrument_id} is taken by another"
            )
        self._ids[source] = instrument.instrument_id
        return instrument
