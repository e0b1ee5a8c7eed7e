"""Numbers as venues write them: decimals in JSON and texts, times in any unit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

_LONGEST: Final = 40
"""Digits before or after the point that a price or quantity can have here."""

_YEAR_2001_S: Final = 10**9
_SECONDS: Final = 10**11
_MILLIS: Final = 10**14
_MICROS: Final = 10**17
"""Times below are in that unit, from the year 2001 to the year 5138."""


def plain(text: str) -> str:
    """A number without an exponent, and with its digits as they were sent.

    Raises:
        ValueError: It is no number of a reasonable size.
    """
    if "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f'"{text[:40]}" is no number') from None
    if not number.is_finite() or not -_LONGEST < number.adjusted() < _LONGEST:
        raise ValueError(f'"{text[:40]}" is no number of a reasonable size')
    return format(number, "f")


def decimal_text(value: object) -> str:
    """The text of a number that came as a text or as a JSON number (decoded by ``float_text``).

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{str(value)[:40]!r} is no number")


def time_ms(value: object) -> int:
    """A time in milliseconds since the Unix epoch, UTC, from any unit or from ISO 8601.

    Seconds, milliseconds, microseconds and nanoseconds are told apart by their size: no time since
    2001 can be two of them. Smaller numbers are taken as milliseconds.

    Raises:
        ValueError: It is no time.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_unit(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{str(value)[:40]!r} is no time")
    if value.isascii() and value.isdigit() and len(value) <= _LONGEST:
        return _from_unit(int(value))
    if "-" in value[1:]:
        return _from_iso(value)
    try:
        number = Decimal(plain(value))
    except InvalidOperation:
        raise ValueError(f'"{value[:40]}" is no time') from None
    if not number.is_finite() or number < 0 or number.adjusted() > _LONGEST:
        raise ValueError(f'"{value[:40]}" is no time')
    return int(number * 1000) if _YEAR_2001_S <= number < _SECONDS else _from_unit(int(number))


def _from_unit(number: int) -> int:
    if number < _YEAR_2001_S:
        return number
    if number < _SECONDS:
        return number * 1000
    if number < _MILLIS:
        return number
    return number // 1000 if number < _MICROS else number // 1_000_000


def _from_iso(text: str) -> int:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    seconds = int(time.replace(microsecond=0).timestamp())
    return seconds * 1000 + time.microsecond // 1000
