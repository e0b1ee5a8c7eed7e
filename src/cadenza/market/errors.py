"""The errors of the market room.

::

    MarketError
    |-- InstrumentIdError       the text is no instrument id
    |-- UnknownInstrumentError  nobody declared that instrument
    |-- InstrumentConflictError two feeds declare one instrument differently
    |-- DecimalError            the text is no price or quantity
    |   `-- OffStepError        it is one, between two steps of the instrument
    |-- BookFaultError          the book cannot be trusted until its next snapshot
    |   |-- SequenceGapError    updates are missing
    |   |-- CrossedBookError    the best bid reaches the best ask
    |   |-- ChecksumError       the venue's checksum disagrees with the book
    |   |-- BadLevelError       an update holds a level that is not on the instrument's steps
    |   `-- NoSnapshotError     an update came for a book that has no snapshot
    `-- FeedError
        |-- RecordingNotFoundError
        |-- RecordingFormatError
        `-- BadMessageError     one message cannot be read; the next one may be fine

Every error carries its facts as attributes, so that a caller need not read the message.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def _nearest(text: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(text.upper(), list(known), n=1, cutoff=0.5)
    return f'; did you mean "{matches[0]}"?' if matches else ""


class MarketError(Exception):
    """Root of the tree."""


class InstrumentIdError(MarketError):
    """The text is not ``VENUE:BASE/QUOTE``."""

    def __init__(self, text: str, problem: str, *, known: Iterable[str] = ()) -> None:
        self.text = text
        self.problem = problem
        hint = _nearest(text, known) or " (expected VENUE:BASE/QUOTE, such as BINANCE:BTC/USDT)"
        super().__init__(f'instrument id "{text}": {problem}{hint}')


class UnknownInstrumentError(MarketError):
    """Nobody declared the instrument."""

    def __init__(self, instrument_id: str, known: Iterable[str] = ()) -> None:
        self.instrument_id = instrument_id
        super().__init__(f'unknown instrument "{instrument_id}"{_nearest(instrument_id, known)}')


class InstrumentConflictError(MarketError):
    """An instrument was declared a second time, differently."""

    def __init__(self, instrument_id: str) -> None:
        self.instrument_id = instrument_id
        super().__init__(
            f"{instrument_id} is already declared with other properties; one feed must own it"
        )


class DecimalError(MarketError):
    """The text is not a decimal number in plain notation."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        super().__init__(f'{kind} "{text}" is not a plain non-negative decimal such as "0.25"')


class OffStepError(DecimalError):
    """The number lies between two steps of its scale."""

    def __init__(self, kind: str, text: str, step: str, nearest: str) -> None:
        super().__init__(kind, text)
        self.step = step
        self.nearest = nearest
        self.args = (f"{kind} {text} is not a multiple of {step}; the nearest is {nearest}",)


class BookFaultError(MarketError):
    """A book that cannot be trusted until its next snapshot."""

    def __init__(self, instrument_id: str, problem: str) -> None:
        self.instrument_id = instrument_id
        self.problem = problem
        super().__init__(f"{instrument_id}: {problem}")


class SequenceGapError(BookFaultError):
    """Updates between ``last`` (applied) and ``first`` (received) are missing."""

    def __init__(self, instrument_id: str, last: int, first: int) -> None:
        self.last = last
        self.first = first
        super().__init__(instrument_id, f"updates after {last} and before {first} are missing")


class CrossedBookError(BookFaultError):
    """The best bid is not below the best ask.

    Attributes:
        is_held: Whether the venue proves that its book is so: updates go on to be applied, and
            nothing is published until it is uncrossed.
    """

    def __init__(self, instrument_id: str, bid: str, ask: str) -> None:
        self.bid = bid
        self.ask = ask
        self.is_held = False
        super().__init__(instrument_id, f"the best bid {bid} is not below the best ask {ask}")


class ChecksumError(BookFaultError):
    """The venue's checksum and the book's differ."""

    def __init__(self, instrument_id: str, expected: int, actual: int) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(instrument_id, f"checksum {actual}, but the venue says {expected}")


class BadLevelError(BookFaultError):
    """A level of an update is malformed or finer than the instrument's steps."""

    def __init__(self, instrument_id: str, reason: DecimalError) -> None:
        self.reason = reason
        super().__init__(instrument_id, str(reason))


class NoSnapshotError(BookFaultError):
    """An update came for a book without a valid snapshot."""

    def __init__(self, instrument_id: str) -> None:
        super().__init__(instrument_id, "an update came before a snapshot")


class FeedError(MarketError):
    """A feed cannot do what it was asked."""


class RecordingNotFoundError(FeedError):
    """The path names nothing that can be replayed."""

    def __init__(self, path: object, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}")


class RecordingFormatError(FeedError):
    """The file is not in a format that can be replayed."""

    def __init__(self, path: object, known: Iterable[str]) -> None:
        self.path = path
        self.known = tuple(known)
        super().__init__(
            f"{path}: not a recording in a known format (known: {', '.join(self.known)})"
        )


class BadMessageError(FeedError):
    """One message of a recording cannot be read."""
