"""Dealers, and questions for them and for credentials: the parts of the API that stand alone."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import Venue
from cadenza.models.enums_trading import CredentialStatus, CredentialType, DealerStatus
from cadenza.models.envelope import PageRequest
from cadenza.models.scalars import Iso, Millis, Offset, PageSize, PositiveDec, Uuid


class FermataDealer(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Who quotes prices: the account that a request for a quote names."""

    dealer_account_id: Uuid
    name: str
    status: DealerStatus
    base_currencies: tuple[str, ...]
    created_at: Millis
    updated_at: Millis
    risk_threshold: PositiveDec | UnsetType = UNSET
    linked_account_ids: tuple[Uuid, ...] | UnsetType = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET


class DealerIdRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which dealer."""

    dealer_account_id: Uuid


class ListDealersQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The query of ``GET fermata/dealer/list``."""

    status: DealerStatus | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET


class ListCredentialsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The query of ``GET credential/list``."""

    credential_type: CredentialType | UnsetType = UNSET
    credential_status: CredentialStatus | UnsetType = UNSET
    credential_ids: tuple[str, ...] | UnsetType = UNSET


class RpcListCredentialsParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Credentials that fit every filter."""

    credential_ids: tuple[Uuid, ...] | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    credential_type: CredentialType | UnsetType = UNSET
    status: CredentialStatus | UnsetType = UNSET
    pagination: PageRequest = PageRequest()
