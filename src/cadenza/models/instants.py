"""Points in time on the wire: RFC 3339 strings beside the milliseconds of the scalars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated

import msgspec

Iso = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""An RFC 3339 time in UTC, for example ``"2024-08-09T00:00:55.408Z"``."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=256)
def iso_of(milliseconds: int) -> str:
    """Write milliseconds since the Unix epoch as RFC 3339 with three decimals and a ``Z``.

    Raises:
        ValueError: The time lies outside the years 1 to 9999.
    """
    try:
        moment = EPOCH + timedelta(milliseconds=milliseconds)
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
    return (moment - EPOCH) // _MILLISECOND
