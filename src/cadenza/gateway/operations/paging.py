"""Pages of lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import UNSET, UnsetType

from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.operations import error_table as errors
from cadenza.models import Pagination

ItemT = TypeVar("ItemT")


def page(
    items: Sequence[ItemT], limit: int | UnsetType, offset: int = 0
) -> tuple[tuple[ItemT, ...], Pagination]:
    """A part of a list, and which part that is; without a limit it is the rest."""
    most = len(items) if limit is UNSET else limit
    part = tuple(items[offset : offset + most])
    has_next = offset + len(part) < len(items) and bool(part)
    return part, Pagination(offset=offset, limit=most, total=len(items), has_next=has_next)


def after(names: Sequence[str], cursor: str | UnsetType, offset: int) -> int:
    """Where the page after ``cursor``, the name of the last item seen, begins.

    Raises:
        OperationError: The list has no such item.
    """
    if cursor is UNSET:
        return offset
    try:
        return names.index(cursor) + 1
    except ValueError:
        message = f'cursor "{cut(cursor)}" is none that an answer gave'
        raise OperationError(
            errors.INVALID_FIELD, message, field="cursor", provided=(cursor,)
        ) from None
