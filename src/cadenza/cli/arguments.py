"""Arguments that are more than words: JSON, and positions of a stream."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import typer

MAX_INPUT_BYTES: Final = 16 * 2**20
LONGEST_TIME: Final = 14
EPOCH_YEAR: Final = 1971
"""Before it a time may be before the epoch, where nothing was traded."""


def json_argument(text: str | None, name: str) -> Any:
    """The value of an argument in JSON; ``-`` reads it from standard input.

    Raises:
        typer.BadParameter: It is not JSON, or longer than 16 MiB.
    """
    if text is None:
        return None
    given = sys.stdin.read(MAX_INPUT_BYTES + 1) if text == "-" else text
    if len(given) > MAX_INPUT_BYTES:
        raise typer.BadParameter("there is more than 16 MiB of it", param_hint=name)
    try:
        msgspec.json.decode(given, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        hint = " (a text needs quotes of its own: '\"hello\"')" if text != "-" else ""
        raise typer.BadParameter(f"this is no JSON: {error}{hint}", param_hint=name) from None
    # As it was written: decoding and encoding could change its numbers.
    return msgspec.Raw(given.encode())


def position_argument(text: str | None) -> tuple[int, str] | None:
    """An ``OFFSET:EPOCH``, as ``cadenza history`` prints it.

    Raises:
        typer.BadParameter: It is not a position.
    """
    if text is None:
        return None
    offset, colon, epoch = text.partition(":")
    if not colon or not offset.isascii() or not offset.isdecimal() or len(offset) > 19:
        raise typer.BadParameter(f"{text!r} is not OFFSET:EPOCH, as 17:AbCd", param_hint="--since")
    return int(offset), epoch


_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def time_argument(text: str | None, now: Callable[[], float] = time.time) -> int | None:
    """A time in milliseconds since the epoch: RFC 3339, a number of milliseconds, or ``2h`` ago.

    Raises:
        typer.BadParameter: It is no time.
    """
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and _is_number(number):
        return max(0, int(now() * 1000) - int(number) * _UNITS[unit])
    if _is_number(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.year < EPOCH_YEAR:
        raise typer.BadParameter(
            f"{text!r} is no time: write 2026-12-01T14:00Z, milliseconds since the epoch, or 2h",
            param_hint="--since",
        )
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_TIME
