"""Single fields of parameters, for operations that read them themselves."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.models import millis_of

Text = str | UnsetType

LONGEST_NAME: Final = 128
"""Characters of a client's own name for something, such as a client order id."""

_LONGEST_CURSOR: Final = 40


def text_of(value: Text) -> str:
    """A text that need not be there."""
    return "" if value is UNSET else value


def missing(field: str, hint: str = "") -> OperationError:
    """The error of a field that is not there."""
    message = f"{field} is missing{hint}"
    return OperationError(errors.MISSING_FIELD, message, field=field, required=(field,))


def invalid(
    field: str, value: object, problem: str, *, nearest: int | str | None = None
) -> OperationError:
    """The error of a field that cannot be what it is."""
    shown = cut(value if isinstance(value, str) else _digits(value))
    facts: dict[str, Any] = {} if nearest is None else {"nearest": nearest}
    message = f"{field} is {shown}, which is {problem}"
    return OperationError(errors.INVALID_FIELD, message, field=field, provided=(shown,), **facts)


def _digits(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 200:  # Python writes no endless numbers
        return "a number far out of range"
    return str(value)


def moment(text: str, field: str) -> int:
    """An RFC 3339 time of a field as milliseconds UTC.

    Raises:
        OperationError: The text is no such time.
    """
    try:
        return millis_of(text)
    except ValueError:
        problem = 'no time with an offset, such as "2024-08-09T00:00:55.408Z"'
        raise invalid(field, text, problem) from None


def short_name(text: str, field: str) -> str:
    """A client's own name for something: short, and without what nobody can see.

    Raises:
        OperationError: It is too long, or not printable.
    """
    if len(text) > LONGEST_NAME:
        raise invalid(field, text, f"longer than {LONGEST_NAME} characters")
    if not text.isprintable():
        problem = "not printable"
        raise OperationError(errors.INVALID_FIELD, f"{field} is {problem}", field=field)
    return text


def cursor_of(number: int) -> str:
    """A place in a list, as a text that says nothing to a client."""
    return base64.urlsafe_b64encode(b"%d" % number).decode().rstrip("=")


def number_of(cursor: str, field: str = "cursor") -> int:
    """The number that `cursor_of` made a cursor of.

    Raises:
        OperationError: It is none that an answer gave.
    """
    try:
        if len(cursor) <= _LONGEST_CURSOR:
            padded = cursor + "=" * (-len(cursor) % 4)
            number = int(base64.b64decode(padded, altchars=b"-_", validate=True))
            if 0 <= number < 1 << 63 and cursor_of(number) == cursor:
                return number
    except (ValueError, binascii.Error):
        pass
    raise invalid(field, cursor, "none that an answer gave")
