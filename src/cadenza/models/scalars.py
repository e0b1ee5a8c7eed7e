"""The scalar types of the payloads: decimals, ids and times.

Money, prices and quantities travel as strings in plain notation. The API's own clients refuse an
exponent (``1E-8``), a leading dot (``.5``) and a plus sign, so the patterns refuse them here too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

import msgspec

Dec = Annotated[str, msgspec.Meta(pattern=r"^-?\d+(\.\d+)?$")]
"""A decimal string, for example ``"-0.25"``."""

PositiveDec = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$")]
"""A decimal string without a minus sign."""

Millis = int
"""Milliseconds since the Unix epoch, UTC."""

Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since the Unix epoch, UTC, up to the end of the year 9999."""

Uuid = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        extra_json_schema={"format": "uuid"},
    ),
]
"""A UUID in its text form; the API's own clients refuse any other id."""

Iso = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""An RFC 3339 time in UTC, for example ``"2024-08-09T00:00:55.408Z"``."""

PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""How many items of a list are asked for."""

Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Where in a list a page begins; 0: at its first item."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@lru_cache(maxsize=256)
def iso_of(milliseconds: int) -> str:
    """Write milliseconds since the Unix epoch as RFC 3339 with three decimals and a ``Z``.

    Raises:
        ValueError: The time lies outside the years 1 to 9999.
    """
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise ValueError(f"{milliseconds} ms is outside the years 1 to 9999") from error
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def millis_of(text: str) -> int:
    """Read RFC 3339 as milliseconds since the Unix epoch; finer digits are cut off.

    Raises:
        ValueError: The text is no time, or has no offset from UTC.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f'"{text}" is no RFC 3339 time such as "2024-08-09T00:00:55.408Z"'
        ) from error
    if moment.tzinfo is None:
        raise ValueError(f'"{text}" has no offset from UTC; write it like "{text}Z"')
    return (moment - _EPOCH) // _MILLISECOND
