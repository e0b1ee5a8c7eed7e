"""Numbers of the user as the venue's decimal strings, and back."""

from __future__ import annotations

from decimal import (
    Decimal,
    InvalidOperation,
)
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cadenza.client.errors import UsageError
from cadenza.models import millis_of

Number = Decimal | int | str
"""A price or a quantity. Floats are none: 0.1 is not a tenth."""

ZERO = Decimal(0)


def decimal_text(name: str, value: Number) -> str:
    """A number in plain notation, as the wire has it; zeros at its end stay.

    Args:
        name: What it is, for the error.
        value: The number.

    Raises:
        UsageError: It is a float, no number, or not finite.
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
    return format(number, "f")


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
    """A payload as Python objects."""
    return msgspec.json.decode(raw) if isinstance(raw, (Raw, bytes)) else raw


def millis(text: str | int | UnsetType | None) -> int:
    """A time of the wire as milliseconds since the epoch; 0 where it is left out, or is none."""
    if isinstance(text, int):
        return text
    return _millis(text) if isinstance(text, str) else 0


@lru_cache(maxsize=256)
def _millis(text: str) -> int:
    try:
        return millis_of(text)
    except ValueError:
        return 0


def exact(name: str, value: Decimal | int | str) -> Decimal:
    """A number that a caller gave, as a finite decimal; floats are refused.

    Args:
        name: What it is, for the message.
        value: The number.

    Raises:
        UsageError: If it is not one.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        kind = type(value).__name__
        raise UsageError(f'{name} {value!r} is a {kind}; give a Decimal, an int or a text "0.25"')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise UsageError(f'{name} "{value}" is no decimal number such as "0.25"') from None
    if not number.is_finite():
        raise UsageError(f"{name} {value} is not finite")
    return number
