"""Payloads as they came, decoded when somebody asks; and times."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, UnsetType

from cadenza.models import millis_of


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
