"""Stored subscriptions, which are not those to channels, and requests about them."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.account import RpcTradingAccount
from cadenza.models.enums import KlineInterval, Venue
from cadenza.models.enums_trading import SubscriptionStatus, SubscriptionType
from cadenza.models.envelope import Pagination
from cadenza.models.scalars import Iso, Millis, Offset, PageSize, Uuid


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


class SubscribeOrderBookRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of ``POST market/subscription/orderBook/subscribe``."""

    instrument_id: str


class ListOrderBookSubscriptionsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Of one instrument, or of all."""

    instrument_id: str | UnsetType = UNSET


class UnsubscribeRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Which subscription to end: by its id, its instrument or its account."""

    subscription_id: Uuid | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET


class RpcCreateSubscriptionParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscribe to instruments of a venue, by id or symbol; none given means all of them."""

    venue: Venue
    subscription_type: SubscriptionType
    instruments: tuple[str, ...] | UnsetType = UNSET
    interval: KlineInterval | UnsetType = UNSET


class RpcListSubscriptionsParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Stored subscriptions that fit; ``instrument_id`` holds a list, as the API has it."""

    instrument_id: tuple[str, ...] | UnsetType = UNSET
    subscription_type: SubscriptionType | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET


class RpcSubscribeAccountParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscribe to what happens in the account that ``trading_account`` names by its id."""

    trading_account: RpcTradingAccount
    subscription_type: SubscriptionType


class SubscribeAccountRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of ``POST tradingAccount/subscription/subscribe``."""

    trading_account_id: Uuid
    subscription_type: SubscriptionType = SubscriptionType.USER_DATA


class RpcUnsubscribeAccountParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """End a subscription of an account."""

    trading_account_id: Uuid
    subscription_id: Uuid | UnsetType = UNSET


class RpcListAccountSubscriptionsParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscriptions of one account."""

    trading_account_id: Uuid
    subscription_type: SubscriptionType | UnsetType = UNSET
    status: SubscriptionStatus | UnsetType = UNSET
    pagination: Pagination | UnsetType = UNSET


class ListAccountSubscriptionsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscriptions of one account or of all of the caller's, in pages."""

    trading_account_id: Uuid | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET
