"""Requests of operators about instruments and securities."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import Venue


class InstrumentIdRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which instrument."""

    instrument_id: str


class SyncInstrumentsRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of ``POST market/instrument/sync``; no symbols: all of the venue."""

    venue: Venue
    symbols: tuple[str, ...] = ()


class SyncInstrumentsResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many instruments the venue has now, of those asked for."""

    total: int


class SyncSecuritiesRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of ``POST market/security/sync``; no securities: all of the venue."""

    venue: Venue
    securities: tuple[str, ...] | UnsetType = UNSET
