"""A dealer's quote and the request for one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import OrderSide, QuantityType, Venue
from cadenza.models.enums_trading import QuoteStatus
from cadenza.models.scalars import Iso, Millis, PositiveDec, Uuid


class Quote(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """A price good for a quantity until ``expire_at``."""

    quote_id: Uuid
    dealer_account_id: Uuid
    base_asset: str
    quote_asset: str
    order_side: OrderSide
    quantity: PositiveDec
    quote_quantity: PositiveDec
    price: PositiveDec
    status: QuoteStatus
    created_at: Millis
    expire_at: Millis
    quote_request_id: str | UnsetType = UNSET
    external_quote_id: str | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    trader_account_id: Uuid | UnsetType = UNSET
    quantity_type: QuantityType | UnsetType = UNSET
    reject_reason: str | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at: Millis | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET
    expire_at_date_time: Iso | UnsetType = UNSET
    pricing_profile_id: Uuid | UnsetType = UNSET


class QuoteRfqRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """A request for a quote, good for ``ttl`` seconds or until ``expire_at``.

    ``expire_at`` decides where both are given, as clients send the default of ``ttl`` with it. The
    same ``quote_request_id`` again gets the same quote as long as that is good.
    """

    dealer_account_id: Uuid
    order_side: OrderSide
    trader_account_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    base_asset: str | UnsetType = UNSET
    quote_asset: str | UnsetType = UNSET
    quantity: PositiveDec | UnsetType = UNSET
    quote_quantity: PositiveDec | UnsetType = UNSET
    quote_request_id: str | UnsetType = UNSET
    ttl: Annotated[int, msgspec.Meta(ge=1, le=300)] | UnsetType = UNSET
    expire_at: Iso | UnsetType = UNSET
    pricing_profile_id: Uuid | UnsetType = UNSET
