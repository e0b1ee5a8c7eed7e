"""What decoders have in common: they never raise, and they know which instruments there are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from cadenza.market.errors import ChecksumError, MarketError
from cadenza.market.feed import BookCheck
from cadenza.market.instrument import InstrumentId
from cadenza.market.order_book import OrderBook
from cadenza.market.venues.messages import Declaration, Message, NotUnderstood, Unreadable
from cadenza.market.venues.sequence import UNNUMBERED, SequenceRule
from cadenza.models import Instrument, Row

_CAUSES: Final = (
    msgspec.MsgspecError,
    MarketError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What garbage can cause in a decoder; ``UnicodeDecodeError`` is a ``ValueError``."""

NOTHING: Final[Sequence[Message]] = ()
"""What a message says that is understood and does not concern a market: an answer, a heartbeat."""


def checksum_check(checksum: Callable[[OrderBook], int], expected: int) -> BookCheck:
    """A check that a book has the checksum that the venue sent with an update."""

    def check(book: OrderBook) -> None:
        actual = checksum(book)
        if actual != expected:
            raise ChecksumError(str(book.listing.id), expected, actual)

    return check


class _Source:
    """Which of several streams is an instrument's book, or its trades."""

    __slots__ = ("depth", "stream")

    def __init__(self, stream: str, depth: int) -> None:
        self.stream = stream
        self.depth = depth


class Instruments:
    """The instruments of one market, for all connections that carry it.

    A venue tells the same in several streams: two depths of one book, single and aggregated
    trades. One of them is an instrument's book, one its trades; the others say nothing new.

    Attributes:
        book_ms: The venue's time of an instrument's last book update, by the venue's name.
    """

    def __init__(self) -> None:
        self._known: dict[str, Declaration] = {}
        self._books: dict[str, _Source] = {}
        self._trades: dict[str, str] = {}
        self.book_ms: dict[str, int] = {}

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._known

    def __getitem__(self, symbol: str) -> Declaration:
        return self._known[symbol]

    def add(self, symbol: str, declaration: Declaration) -> None:
        """Know an instrument by the venue's name; raises ``InstrumentIdError``."""
        InstrumentId.parse(declaration.instrument.instrument_id)
        self._known[symbol] = declaration

    def book_stream(self, symbol: str) -> str:
        """The stream that is an instrument's book; empty: there is none yet."""
        source = self._books.get(symbol)
        return source.stream if source is not None else ""

    def is_book(self, symbol: str, stream: str, depth: int, *, opens: bool) -> bool:
        """Whether a stream is the instrument's book; a deeper one takes over when it ``opens``."""
        source = self._books.get(symbol)
        if source is None or (opens and depth > source.depth):
            self._books[symbol] = _Source(stream, depth)
            return True
        return source.stream == stream

    def is_trades(self, symbol: str, stream: str) -> bool:
        """Whether a stream tells the instrument's trades: the first one does."""
        return self._trades.setdefault(symbol, stream) == stream


class VenueDecoder(ABC):
    """Tells what the messages of one connection to a venue mean.

    The inner part of recorded and live feeds alike: bytes in, ``Message`` out. A decoder holds what
    the connection has told so far, so each connection needs its own, also after a reconnect.

    Args:
        instruments: Shared by the connections of a market; by default this one's own.

    Attributes:
        market: Connections with equal ``market`` carry parts of one market.
        rule: How the venue's book updates follow one another.
        declarations: The instruments known before the first message.
    """

    venue: ClassVar[str]
    """The venue's name for people."""

    understood: ClassVar[str]
    """The channels that are understood, for people."""

    def __init__(self, instruments: Instruments | None = None) -> None:
        self.market = self.venue
        self.rule: SequenceRule = UNNUMBERED
        self.declarations: Sequence[Declaration] = ()
        self.instruments = Instruments() if instruments is None else instruments
        self._declared: list[Message] = []

    @classmethod
    @abstractmethod
    def recognises(cls, address: str, messages: Sequence[Any]) -> bool:
        """Whether a connection is the venue's.

        Args:
            address: Where it leads; empty if that is not known.
            messages: Its first messages, decoded; looked at only where the address is not known.
        """

    @classmethod
    def open(
        cls, address: str, messages: Sequence[Any], instruments: Instruments | None = None
    ) -> VenueDecoder:
        """A decoder for a connection that ``recognises`` has recognised."""
        del address, messages
        return cls(instruments)

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Tell what a message means; garbage is ``Unreadable``, nothing is raised.

        Args:
            time_ns: When it was received, nanoseconds since the Unix epoch, UTC.
            body: The message.
        """
        try:
            found = self._decode(time_ns // 1_000_000, body)
        except _CAUSES as error:
            found = (Unreadable(f"{type(error).__name__}: {error}"),)
        if self._declared:
            declared, self._declared = self._declared, []
            return [*declared, *found]
        return found

    def reopened(self) -> None:  # noqa: B027 - most venues number what they send, and forget nothing
        """The connection was made again: what only it knew is forgotten."""

    @abstractmethod
    def _decode(self, received_ms: int, body: bytes) -> Sequence[Message]:
        """Tell what a message means; may raise one of ``_CAUSES``."""

    def _id(
        self,
        symbol: str,
        make: Callable[[str, Iterable[Row]], Instrument],
        rows: Iterable[Row],
        *,
        depth_limit: int = 0,
    ) -> str:
        """The id of an instrument, which is declared if these rows are the first of it."""
        if symbol not in self.instruments:
            is_guessed = not self._knows_steps(symbol)
            found = Declaration(make(symbol, rows), depth_limit, is_guessed=is_guessed)
            self._declare(symbol, found)
        elif depth_limit and self.instruments[symbol].depth_limit != depth_limit:
            found = self.instruments[symbol]._replace(depth_limit=depth_limit)
            self._declare(symbol, found)
        return self.instruments[symbol].instrument.instrument_id

    def _knows_steps(self, symbol: str) -> bool:  # noqa: ARG002 - for venues that tell them
        """Whether the venue has told the steps of an instrument."""
        return False

    def _declare(self, symbol: str, declaration: Declaration) -> None:
        self.instruments.add(symbol, declaration)
        self._declared.append(declaration)


def unused(stream: str, used: str) -> Sequence[Message]:
    """What a stream says that tells the same as another one."""
    return (NotUnderstood(f"{stream} (beside {used})"),)
