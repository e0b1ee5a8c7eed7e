"""Publications as lines: for people, or as JSON."""

from __future__ import annotations

import base64
import time
from typing import Any

import msgspec
from msgspec import Raw

import cadenza
from cadenza.cli.output import json_line, paint, safe


def payload_fields(payload: bytes) -> dict[str, Any]:
    """``data`` as it was published, in one line; ``base64`` where it is no JSON."""
    try:
        payload.decode()
        msgspec.json.decode(payload, type=Raw)  # as JSON it is right; nothing is built from it
        is_flat = b"\n" not in payload and b"\r" not in payload
        return {"data": Raw(payload if is_flat else msgspec.json.format(payload, indent=-1))}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"base64": base64.b64encode(payload).decode()}


def info_fields(info: cadenza.ClientInfo | None) -> dict[str, Any] | None:
    """A client as JSON shows it."""
    if info is None:
        return None
    fields: dict[str, Any] = {"client": info.client, "user": info.user}
    for name, raw in (("conn_info", info.conn_info), ("chan_info", info.chan_info)):
        if bytes(raw):
            fields[name] = payload_fields(bytes(raw)).get("data")
    return fields


def publication_json(publication: cadenza.Publication, time_ns: int | None) -> str:
    """A publication as one line of JSON; ``time`` is when it came, ns since the epoch, UTC."""
    fields: dict[str, Any] = {"channel": publication.channel}
    if time_ns is not None:
        fields["time"] = time_ns
    if publication.offset:
        fields["offset"] = publication.offset
    fields |= payload_fields(publication.raw)
    if publication.tags:
        fields["tags"] = publication.tags
    if publication.info is not None:
        fields["info"] = info_fields(publication.info)
    return json_line(fields)


def publication_line(publication: cadenza.Publication, time_ns: int | None) -> str:
    """A publication for people: when it came (local time), channel, offset and data."""
    fields = payload_fields(publication.raw)
    data = fields.get("data")
    text = bytes(data).decode() if data is not None else f"base64 {fields['base64']}"
    words = [paint(safe(publication.channel), "cyan")]
    if time_ns is not None:
        words.insert(0, paint(clock_text(time_ns), "dim"))
    if publication.offset:
        words.append(paint(f"#{publication.offset}", "dim"))
    tags = "".join(f" {name}={value}" for name, value in sorted(publication.tags.items()))
    return " ".join(words) + " " + safe(text + tags)


def clock_text(time_ns: int) -> str:
    """The local time of day, with milliseconds."""
    seconds, rest = divmod(time_ns, 10**9)
    return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{rest // 10**6:03d}"
