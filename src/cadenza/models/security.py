"""Securities (the assets of a venue) and venues, in REST and RPC shapes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import SecurityType, Venue, VenueStatus
from cadenza.models.scalars import Dec


class MarketVenue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A venue, and whether its market moves. RPC lists bare names instead."""

    venue: Venue
    status: VenueStatus


class FinancialSecurity(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An asset at a venue as REST shows it; ``security_id`` is ``VENUE:ASSET``.

    ``precision`` and ``scale`` are the decimals of its finest quantity or price there;
    ``lot_size`` and ``min_quantity`` the finest among the instruments that trade it.
    """

    security_id: str | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    security_type: SecurityType | UnsetType = UNSET
    precision: int | UnsetType = UNSET
    scale: int | UnsetType = UNSET
    min_quantity: Dec | UnsetType = UNSET
    lot_size: Dec | UnsetType = UNSET


class SecurityRecord(FinancialSecurity, frozen=True, kw_only=True, rename="camel"):
    """A security with what only RPC shows: the source of both surfaces."""

    external_symbol: str | UnsetType = UNSET


class RpcSecurity(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An asset at a venue as RPC shows it."""

    security_id: str | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    external_symbol: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
