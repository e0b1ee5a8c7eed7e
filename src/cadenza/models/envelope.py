"""The wrapping of answers: the REST envelope, the RPC envelope, pages and errors."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.scalars import Offset, PageSize


class Pagination(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Which part of a list this is; the same for REST and RPC."""

    offset: Annotated[int, msgspec.Meta(ge=0)] | UnsetType = UNSET
    limit: Annotated[int, msgspec.Meta(ge=0)] | UnsetType = UNSET
    total: Annotated[int, msgspec.Meta(ge=0)] | UnsetType = UNSET
    cursor: str | UnsetType = UNSET
    has_next: bool | UnsetType = UNSET


class PageRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The ``pagination`` of an RPC query.

    A ``cursor`` is what the page before answered. ``total`` and ``hasNext``, which answers have,
    are ignored.
    """

    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET


class ErrorDetails(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What a REST error is about; unlike everything else, in snake case on the wire."""

    code: str | UnsetType = UNSET
    resource: str | UnsetType = UNSET
    action: str | UnsetType = UNSET
    required: tuple[str, ...] | UnsetType = UNSET
    provided: tuple[str, ...] | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class RestEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The answer of every REST call but health; ``errno`` 0 is success.

    Any other ``errno`` is ``AABBB``: two digits for the module, three for the error.
    """

    success: bool
    errno: int
    error: str | UnsetType = UNSET
    details: ErrorDetails | UnsetType = UNSET
    data: Any = UNSET
    pagination: Pagination | UnsetType = UNSET


class RpcError(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An error of an operation, inside the data of a successful ``rpc`` reply."""

    code: int
    message: str
    temporary: bool = False


class RpcEnvelope(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The data of an ``rpc`` reply: ``data`` or ``error``, and for lists a page."""

    data: Any = UNSET
    error: RpcError | UnsetType = UNSET
    pagination: Pagination | UnsetType = UNSET
