"""Fields of payloads: numbers that a user gives, and numbers, times and texts of the wire."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cadenza.client.errors import UsageError
from cadenza.models import millis_of

Number = Decimal | int | str
"""A price or a quantity. Floats are refused: 0.1 is not a tenth."""

ZERO: Final = Decimal(0)


def number_of(name: str, value: Number) -> Decimal:
    """A number that a user gave, exactly as it was written: zeros at its end stay.

    Args:
        name: The name of the argument, for the error.
        value: The number.

    Raises:
        UsageError: It is a float, is not a number, or is not finite.
    """
    if isinstance(value, float):
        raise UsageError(
            f"{name} is the float {value!r}: write it as text or Decimal, as '{value}'"
        )
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise UsageError(f"{name} is a number as Decimal, int or text, not {value!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise UsageError(f"{name} is no number: {value!r}") from None
    if not number.is_finite():
        raise UsageError(f"{name} is not finite: {value!r}")
    return number


def decimal_text(name: str, value: Number) -> str:
    """A number that a user gave as the decimal string of the wire; raises as ``number_of``."""
    return format(number_of(name, value), "f")


def decimal_of(text: Any) -> Decimal:
    """A decimal string of the wire; 0 where it is left out."""
    return ZERO if text is UNSET or text is None else Decimal(text)


def optional_decimal(text: Any) -> Decimal | None:
    """A decimal string of the wire; ``None`` where it is left out."""
    return None if text is UNSET or text is None else Decimal(text)


def text_of(value: Any) -> str:
    """A text of the wire; empty where it is left out."""
    return "" if value is UNSET or value is None else str(value)


def opened(raw: Any) -> Any:
    """A payload as Python objects: JSON is decoded, anything else returned as it is."""
    return msgspec.json.decode(raw) if isinstance(raw, (Raw, bytes)) else raw


def millis(text: str | int | UnsetType | None) -> int:
    """A time of the wire as milliseconds since the epoch, UTC; 0 if missing or unreadable."""
    if isinstance(text, int):
        return text
    return _millis(text) if isinstance(text, str) else 0


@lru_cache(maxsize=256)
def _millis(text: str) -> int:
    try:
        return millis_of(text)
    except ValueError:
        return 0
