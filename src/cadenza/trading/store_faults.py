"""What SQLite and the system complain of, as errors of the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from cadenza.trading.store.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreWriteError,
)

_KINDS: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_BUSY: StoreBusyError,
    sqlite3.SQLITE_LOCKED: StoreBusyError,
    sqlite3.SQLITE_FULL: StoreFullError,
    sqlite3.SQLITE_IOERR: StoreWriteError,
    sqlite3.SQLITE_READONLY: StoreWriteError,
    sqlite3.SQLITE_CANTOPEN: StoreWriteError,
    sqlite3.SQLITE_PERM: StoreWriteError,
    sqlite3.SQLITE_CORRUPT: StoreDamagedError,
    sqlite3.SQLITE_NOTADB: StoreDamagedError,
}
"""By primary result code."""


def as_store_error(path: Path, error: Exception) -> StoreError:
    """The store's error for any other; one of its own stays what it is."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, msgspec.DecodeError):
        return StoreDamagedError(path, f"a record cannot be read: {error}")
    if isinstance(error, OSError):
        return StoreWriteError(f"{path} cannot be used: {error}")
    if not isinstance(error, sqlite3.Error):
        return StoreError(f"{path} cannot take this: {error!r}")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    kind = _KINDS.get(code & 0xFF, StoreError)  # an extended code has the primary one below
    if kind is StoreDamagedError:
        return StoreDamagedError(path, str(error))
    return kind(f"{path}: {error}")
