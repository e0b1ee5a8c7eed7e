"""The results of a call: answers of handlers as a surface shows them, and pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.operation import Reader, RestForm, RpcForm, Shower
from cadenza.gateway.api.views import MissingFieldsError, has_twins, view
from cadenza.models import Pagination

ItemT = TypeVar("ItemT")


class UnfitAnswerError(Exception):
    """The answer of a handler lacks what the result must have."""


def request_reader(form: RpcForm | RestForm, request: type[msgspec.Struct]) -> Reader | None:
    """How the parameters of a form become the operation's request; ``None``: they are it."""
    if form.read is not None:
        return form.read
    if form.params is request:
        return None
    return lambda params: view(params, request)


def requested(read: Reader, params: Any) -> Any:
    """The request of a client's parameters.

    Raises:
        OperationError: They do not make one, for example because a time is none.
    """
    try:
        return read(params)
    except MissingFieldsError:
        raise
    except (ValueError, TypeError, msgspec.ValidationError) as error:
        raise OperationError(errors.INVALID_REQUEST, str(error)) from error


def result_shower(form: RpcForm | RestForm) -> Shower | None:
    """How the answer of a handler becomes the form's ``data``; ``None``: it is that already."""
    if form.show is not None:
        return form.show
    kind, is_list = _item(form.result)
    if kind is None:
        return None
    show = _view_of(kind)
    return (lambda records: tuple(map(show, records))) if is_list else show


def _view_of(kind: type[msgspec.Struct]) -> Callable[[Any], Any]:
    """Shows one record; what is of the right type already passes, unless it has twins to fill."""
    is_filled = not has_twins(kind)

    def show(record: Any) -> Any:
        if not isinstance(record, msgspec.Struct) or (type(record) is kind and is_filled):
            return record
        try:
            return view(record, kind)
        except MissingFieldsError as error:
            # The handler's fault, not the client's, whose missing fields have the same error.
            raise UnfitAnswerError(str(error)) from error

    return show


def _item(result: Any) -> tuple[type[msgspec.Struct] | None, bool]:
    """The struct a result is or is made of, and whether it is a list of them."""
    is_list = get_origin(result) in {tuple, list}
    inner = get_args(result)[0] if is_list else result
    is_struct = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
    return (inner if is_struct else None), is_list


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

    Args:
        names: The names of all items, in the order of the list.
        cursor: Such a name; unset: the page begins at ``offset``.
        offset: Where the page begins without a cursor.

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
