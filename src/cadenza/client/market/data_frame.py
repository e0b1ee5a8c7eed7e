"""Levels of a book as a data frame of polars or pandas."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from cadenza.client.errors import UsageError
from cadenza.client.market.book_side import Level
from cadenza.client.market.errors import DataFrameLibraryError

LIBRARIES: Final = ("polars", "pandas")
"""Libraries for data frames, in the order of preference."""


class Depth(NamedTuple):
    """Levels of both sides.

    Attributes:
        bids: The bids, best first.
        asks: The asks, best first.
    """

    bids: list[Level]
    asks: list[Level]


def frame_of(depth: Depth, library: str | None = None) -> Any:
    """A data frame with the columns side, level (1 is the best), price and quantity.

    Prices and quantities stay exact: ``Decimal`` in pandas, the type ``Decimal`` in polars.

    Args:
        depth: The levels.
        library: "polars" or "pandas"; by default the first of them that is installed.

    Raises:
        DataFrameLibraryError: None can be imported.
        UsageError: The library is another one.
    """
    if library is not None and library not in LIBRARIES:
        nearest = difflib.get_close_matches(library, LIBRARIES, 1, 0)[0]
        raise UsageError(f'no data frames from "{library}"; did you mean "{nearest}"?')
    frames = _import_first((library,) if library else LIBRARIES)
    columns: dict[str, list[Any]] = {"side": [], "level": [], "price": [], "quantity": []}
    for side, levels in (("bid", depth.bids), ("ask", depth.asks)):
        columns["side"] += [side] * len(levels)
        columns["level"] += range(1, len(levels) + 1)
        columns["price"] += [level.price for level in levels]
        columns["quantity"] += [level.quantity for level in levels]
    return frames.DataFrame(columns)


def _import_first(names: Sequence[str]) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise DataFrameLibraryError(names)
