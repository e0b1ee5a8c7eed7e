"""Arguments that are more than words: JSON, and positions of a stream."""

from __future__ import annotations

import sys
from typing import Any, Final

import msgspec
import typer

MAX_INPUT_BYTES: Final = 16 * 2**20


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
