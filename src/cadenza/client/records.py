"""A list of what was asked for, which can become a data frame with columns of real numbers."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from cadenza.client.market.data_frame import frames_of

T = TypeVar("T")

_TIMES: Final = frozenset({"at", "timestamp", "created_at", "updated_at"})
"""Fields that are milliseconds since the epoch, UTC."""


class Records(list[T]):
    """A list of values of one type.

    Args:
        items: The values.
        columns: The fields of a value that are columns of its data frame, with their types.
    """

    def __init__(self, items: Iterable[T], columns: Mapping[str, type]) -> None:
        super().__init__(items)
        self._columns = columns

    def to_dataframe(self, library: str | None = None, *, exact: bool = False) -> Any:
        """A data frame with a row for each value, in the same order.

        Numbers are 64-bit floats, times are UTC timestamps in milliseconds, words are text. A
        number that is not known is NaN in pandas and null in polars.

        Args:
            library: "polars" or "pandas"; by default the first of them that is installed.
            exact: Whether numbers stay ``Decimal``, which no data frame computes with quickly.

        Raises:
            DataFrameLibraryError: None can be imported.
            UsageError: The library is another one.
        """
        frames = frames_of(library)
        rows = {name: [_plain(getattr(it, name)) for it in self] for name in self._columns}
        make = _polars if frames.__name__ == "polars" else _pandas
        return make(frames, rows, self._columns, exact)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    return sum(value.values(), Decimal(0)) if isinstance(value, Mapping) else value


def _pandas(
    pandas: Any, rows: Mapping[str, Sequence[Any]], types: Mapping[str, type], exact: bool
) -> Any:
    columns: dict[str, Any] = {}
    for name, values in rows.items():
        if name in _TIMES:
            columns[name] = pandas.to_datetime(
                pandas.Series(values, dtype="int64"), unit="ms", utc=True
            )
        elif types[name] is Decimal and not exact:
            floats = [None if it is None else float(it) for it in values]
            columns[name] = pandas.Series(floats, dtype="float64")
        else:
            kind = "bool" if types[name] is bool else "object"
            columns[name] = pandas.Series(list(values), dtype=kind)
    return pandas.DataFrame(columns)


def _polars(
    polars: Any, rows: Mapping[str, Sequence[Any]], types: Mapping[str, type], exact: bool
) -> Any:
    columns: list[Any] = []
    for name, values in rows.items():
        if name in _TIMES:
            column = polars.Series(name, values, dtype=polars.Int64)
            column = column.cast(polars.Datetime("ms", "UTC"))
        elif types[name] is Decimal and not exact:
            floats = [None if it is None else float(it) for it in values]
            column = polars.Series(name, floats, dtype=polars.Float64)
        elif types[name] is Decimal:
            column = polars.Series(name, values, dtype=polars.Decimal(scale=20))
        else:
            kind = polars.Boolean if types[name] is bool else polars.String
            column = polars.Series(name, values, dtype=kind)
        columns.append(column)
    return polars.DataFrame(columns)
