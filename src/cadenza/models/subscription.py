"""The payload of a stored subscription (not of a channel's), in REST and RPC shapes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import Venue
from cadenza.models.enums_trading import SubscriptionStatus, SubscriptionType
from cadenza.models.instants import Iso
from cadenza.models.scalars import Millis, Uuid


class Subscription(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A stored subscription as REST shows it, and the record of both surfaces."""

    subscription_id: Uuid
    venue: Venue
    subscription_type: SubscriptionType
    status: SubscriptionStatus
    created_at: Millis
    updated_at: Millis
    trading_account_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET
    last_event_timestamp: Millis | UnsetType = UNSET


class RpcSubscription(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A stored subscription as RPC shows it."""

    subscription_id: Uuid | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    subscription_type: SubscriptionType | UnsetType = UNSET
    status: SubscriptionStatus | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
