"""The lines of a recording: one JSON object each, as the replay feed reads them.

A publication is ``{"time", "channel", "offset", "data", "tags", "info"}``, of which the last four
are there when they mean something; ``base64`` stands for ``data`` that is no JSON. Everything else
has an ``event``: ``recording`` (the first line), ``resumed``, ``instrument``, ``subscribed`` and
``gap``. ``time`` is nanoseconds since the epoch, UTC, when it was received.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cadenza import __version__
from cadenza.cli.lines import info_fields, payload_fields
from cadenza.client import Publication, StreamPosition

VERSION: Final = 1
MAX_LINE_BYTES: Final = 16 * 2**20
"""The longest line that the replay feed reads."""

_encode: Final = msgspec.json.Encoder().encode


class Line(msgspec.Struct, gc=False):
    """The fields of a line that going on with a recording takes."""

    time: int = 0
    event: str = ""
    channel: str = ""
    offset: int = 0
    epoch: str = ""
    version: int = 0
    fresh: bool = False
    data: Raw | UnsetType = UNSET


decode_line: Final = msgspec.json.Decoder(Line).decode


def header_line(time_ns: int, channels: Sequence[str], *, is_first: bool) -> bytes:
    """The line with which a recording begins, or goes on."""
    fields = {
        "event": "recording" if is_first else "resumed",
        "version": VERSION,
        "time": time_ns,
        "program": f"cadenza {__version__}",
        "channels": channels,
    }
    return _encode(fields) + b"\n"


def instrument_line(time_ns: int, instrument: Any) -> bytes:
    """The line of an instrument, as the server shows it."""
    return _encode({"event": "instrument", "time": time_ns, "data": instrument}) + b"\n"


def subscribed_line(
    time_ns: int, channel: str, position: StreamPosition | None, *, is_fresh: bool
) -> bytes:
    """The line of a subscription that begins; a fresh one does not go on from anything."""
    fields: dict[str, Any] = {"event": "subscribed", "time": time_ns, "channel": channel}
    if position is not None:
        fields |= {"offset": position.offset, "epoch": position.epoch}
    return _encode({**fields, "fresh": is_fresh}) + b"\n"


def gap_line(time_ns: int, channel: str, after: StreamPosition | None, reason: str) -> bytes:
    """The line of a gap: publications are missing after a position."""
    fields: dict[str, Any] = {"event": "gap", "time": time_ns, "channel": channel}
    if after is not None:
        fields |= {"offset": after.offset, "epoch": after.epoch}
    return _encode({**fields, "reason": reason}) + b"\n"


def publication_line(time_ns: int, publication: Publication) -> bytes:
    """The line of a publication."""
    fields: dict[str, Any] = {"time": time_ns, "channel": publication.channel}
    if publication.offset:
        fields["offset"] = publication.offset
    fields |= payload_fields(publication.raw)
    if publication.tags:
        fields["tags"] = publication.tags
    if publication.info is not None:
        fields["info"] = info_fields(publication.info)
    return _encode(fields) + b"\n"
