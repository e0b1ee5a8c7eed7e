"""What can go wrong with a store: never a client's fault.

::

    StoreError
    |-- StoreLockedError    another server has the folder
    |-- StoreVersionError   a newer version of the program wrote it
    |-- StoreDamagedError   what is in it does not fit together, or is no database
    |-- StoreBusyError      another program is in the way of a write
    |-- StoreFullError      there is no room left
    |-- StoreWriteError     the disk does not take or give what it should
    `-- StoreClosedError    it is closed, or not yet open
"""

from __future__ import annotations

from pathlib import Path


class StoreError(Exception):
    """Root of the tree."""


class StoreLockedError(StoreError):
    """Another server has the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} is in use by another server: stop it, or name another data folder"
        )


class StoreVersionError(StoreError):
    """A newer version of the program wrote the store."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        self.path = path
        self.found = found
        self.known = known
        super().__init__(
            f"{path} has version {found} of the tables; this program knows up to {known}:"
            " upgrade it, or name another data folder"
        )


class StoreDamagedError(StoreError):
    """What is in a store does not fit together.

    Attributes:
        problems: One sentence each.
    """

    def __init__(self, where: Path | str, *problems: str) -> None:
        self.problems = problems
        super().__init__(f"{where} is damaged: {'; '.join(problems)}")


class StoreBusyError(StoreError):
    """Another program is in the way of a write."""


class StoreFullError(StoreError):
    """There is no room left."""


class StoreWriteError(StoreError):
    """The disk does not take or give what it should."""


class StoreClosedError(StoreError):
    """It is closed, or not yet open."""

    def __init__(self, what: str = "the store") -> None:
        super().__init__(f"{what} is closed")
