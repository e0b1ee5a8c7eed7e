"""Recordings in Parquet: row groups, made at the end of what is recorded as lines until then.

A Parquet file can be read once its end is written, and nothing can be added to it. So a recording
to ``FILE.parquet`` goes to ``FILE.parquet.part.jsonl.gz`` first, which is a recording of its own.
When the command ends, also by Ctrl-C, both become a new ``FILE.parquet`` at once. After a crash
both are there, can be replayed, and the same command goes on with them.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.recording.files import LineFile
from cadenza.market.feeds.recording_parquet import read_parquet

ROW_GROUP: Final = 20_000
"""Rows of a group, all of which are in memory while it is written."""
_MERGED: Final = b"cadenza.merged"
_FIELDS: Final = ("time", "event", "channel", "offset", "data")

_decode: Final = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class ParquetFile:
    """A sink whose lines become a Parquet file when it is closed.

    Args:
        path: The file; its directory must exist.

    Raises:
        Failure: pyarrow is missing, the file is none of ours, or is being recorded to.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._arrow: Any = importlib.import_module("pyarrow")
            self._parquet: Any = importlib.import_module("pyarrow.parquet")
        except ModuleNotFoundError:
            missing = "Parquet needs pyarrow, an extra: pip install 'cadenza[parquet]'"
            raise Failure(missing, Exit.USAGE) from None
        self._path = path
        self._part = part_of(path)
        self._lines = LineFile(self._part, is_gzip=True)
        self._first = b""

    @property
    def size(self) -> int:
        """Bytes of the lines that are not in Parquet yet."""
        return self._lines.size

    def lines(self) -> Iterator[bytes]:
        """The lines of the Parquet file, then those that are not in it yet."""
        try:
            if self._path.exists():
                yield from read_parquet(self._path)
        except ValueError as error:
            foreign = f"{self._path} exists and is no recording of cadenza: {error}"
            raise Failure(foreign, Exit.USAGE) from None
        rest = self._lines.lines()
        self._first = next(rest, b"")
        is_merged = bool(self._first) and self._merged() == _name_of(self._first)
        if not is_merged:
            yield from (line for line in (self._first,) if line)
            yield from rest
            return
        # Killed between the merge and its last step: all of it is in the Parquet file.
        for _ in rest:
            pass
        self._lines.clear()
        self._first = b""

    def write(self, line: bytes) -> None:
        """Add a line."""
        self._first = self._first or line
        self._lines.write(line)

    def flush(self) -> None:
        """Give what waits to the operating system."""
        self._lines.flush()

    def close(self) -> None:
        """Make the Parquet file."""
        self._lines.flush()
        if self._first:
            self._merge()
        self._lines.close()
        self._part.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Close after a failure: the next run finds all lines."""
        self._lines.close()

    def _merged(self) -> bytes:
        """The name of the lines that were the last to go into the Parquet file."""
        if not self._path.exists():
            return b""
        found: dict[bytes, bytes] = self._parquet.read_metadata(self._path).metadata or {}
        return found.get(_MERGED, b"")

    def _merge(self) -> None:
        new = self._path.with_name(f".{self._path.name}.new")
        arrow = self._arrow
        schema = arrow.schema(
            [
                ("time", arrow.timestamp("ns", tz="UTC")),
                ("event", arrow.string()),
                ("channel", arrow.string()),
                ("offset", arrow.int64()),
                ("data", arrow.string()),
                ("other", arrow.string()),
            ],
            metadata={_MERGED: _name_of(self._first)},
        )
        try:
            with self._parquet.ParquetWriter(new, schema, compression="zstd") as writer:
                self._copy(writer, schema)
                rows = map(_row, self._lines.lines_again())
                while group := list(islice(rows, ROW_GROUP)):
                    columns = [list(column) for column in zip(*group, strict=True)]
                    writer.write_table(arrow.table(columns, schema=schema))
            new.replace(self._path)
        except arrow.ArrowException as error:
            raise Failure(f"cannot write {self._path}: {error}; {self._part} has it") from error
        finally:
            new.unlink(missing_ok=True)

    def _copy(self, writer: Any, schema: Any) -> None:
        """Copy the row groups of the old file, one after another."""
        if not self._path.exists():
            return
        with self._parquet.ParquetFile(self._path) as old:
            for group in range(old.num_row_groups):
                table = old.read_row_group(group, columns=schema.names)
                writer.write_table(table.replace_schema_metadata(schema.metadata))


def part_of(path: Path) -> Path:
    """The file that holds the lines of a Parquet recording until it ends."""
    return path.with_name(f"{path.name}.part.jsonl.gz")


def _name_of(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest().encode()


def _row(line: bytes) -> tuple[Any, ...]:
    """A line as a row; the fields without a column of their own are one JSON object."""
    fields = _decode(line)
    known = {name: fields.pop(name, None) for name in _FIELDS}
    data = known.pop("data")
    plain = [None if raw is None else _decode_any(raw) for raw in known.values()]
    other = _encode(fields).decode() if fields else None
    return (*plain, None if data is None else bytes(data).decode(), other)
