"""Recordings of ``cadenza record`` in Parquet, read as the JSON lines that they were made of.

The columns are time (when it was received, UTC, to the nanosecond), event, channel, offset, data
(JSON) and other (a JSON object with the line's remaining fields). Needs the extra ``parquet``.

This is a file of its own because the command that records reads it too, and must load without the
order books of a market.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw

MAGIC: Final = b"PAR1"
COLUMNS: Final = ("time", "event", "channel", "offset", "data", "other")
ROWS: Final = 1024
"""Rows read at a time: a snapshot may have half a megabyte."""

_encode: Final = msgspec.json.Encoder().encode
_decode_other: Final = msgspec.json.Decoder(dict[str, Raw]).decode


def read_parquet(path: Path) -> Iterator[bytes]:
    """The lines of a recording.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: It is no such recording, or damaged.
    """
    arrow, parquet = _modules()
    try:
        with parquet.ParquetFile(path) as file:
            if missing := set(COLUMNS) - set(file.schema_arrow.names):
                raise ValueError(f"it has no column {', '.join(sorted(missing))}")
            for batch in file.iter_batches(batch_size=ROWS, columns=list(COLUMNS)):
                times = batch.column("time").cast(arrow.int64()).to_pylist()
                rest = (batch.column(name).to_pylist() for name in COLUMNS[1:])
                for row in zip(times, *rest, strict=True):
                    yield _line(*row)
    except (arrow.ArrowException, msgspec.DecodeError) as error:
        raise ValueError(str(error)) from error


def _line(  # noqa: PLR0917 - one parameter a column
    time_ns: int,
    event: str | None,
    channel: str | None,
    offset: int | None,
    data: str | None,
    other: str | None,
) -> bytes:
    given = {"event": event, "time": time_ns, "channel": channel, "offset": offset}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if data is not None:
        fields["data"] = Raw(data.encode())
    if other is not None:
        fields |= _decode_other(other)
    return _encode(fields) + b"\n"


def _modules() -> tuple[Any, Any]:
    """Pyarrow and its Parquet part, which take long to load and are rarely needed."""
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Parquet needs pyarrow, an extra: pip install 'cadenza[parquet]'", name="pyarrow"
        ) from None
