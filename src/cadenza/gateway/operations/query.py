"""Reads the parameters of a GET from its query.

Names are those of the body's fields; lists repeat the name. Numbers are plain integers, booleans
``true`` or ``false``; an empty value counts as not given, and unknown names are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.params import concrete, converted
from cadenza.gateway.operations import error_table as errors

StructT = TypeVar("StructT", bound=msgspec.Struct)

MOST_FIELDS: Final = 1000
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_FLAGS: Final = {"true": True, "false": False}
_LISTS: Final = (inspect.ListType, inspect.VarTupleType)


def query_reader(kind: type[StructT]) -> Callable[[str], StructT]:
    """A function that reads a query string as ``kind``.

    It raises `OperationError` naming the field and what was wrong with it.
    """
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    types = {field.encode_name: concrete(field.type) for field in fields}

    def read(query: str) -> StructT:
        values: dict[str, Any] = {}
        for name, text in _pairs(query):
            wanted = types.get(name)
            if wanted is None or not text:
                continue
            if isinstance(wanted, _LISTS):
                values.setdefault(name, []).append(_value(name, text, concrete(wanted.item_type)))
            elif name in values:
                raise OperationError(
                    errors.INVALID_FIELD, f"{name} is given more than once", field=name
                )
            else:
                values[name] = _value(name, text, wanted)
        return converted(values, kind)

    return read


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise OperationError(errors.MALFORMED, "the query is not in UTF-8") from None
    except ValueError:
        message = f"the query has more than {MOST_FIELDS} fields"
        raise OperationError(errors.MALFORMED, message) from None


def _value(name: str, text: str, wanted: Any) -> Any:
    if isinstance(wanted, inspect.IntType):
        if not _INTEGER.fullmatch(text):
            raise _wrong(name, text, "an integer")
        return int(text)
    if isinstance(wanted, inspect.BoolType):
        if text not in _FLAGS:
            raise _wrong(name, text, "true or false")
        return _FLAGS[text]
    return text


def _wrong(name: str, text: str, need: str) -> OperationError:
    message = f'{name} is "{cut(text)}", which is not {need}'
    return OperationError(errors.INVALID_FIELD, message, field=name, provided=(text,))
