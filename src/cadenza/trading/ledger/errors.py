"""Errors of the ledger.

::

    LedgerError
    |-- AmountError               an amount that is not positive, or beyond what fits
    |-- UnknownAssetError         no scale is known for the asset
    |-- AmountTextError           the text is no amount of the asset
    |-- InsufficientFundsError    the customer has too little
    |-- ReservationError
    |   |-- DuplicateReservationError
    |   |-- UnknownReservationError
    |   |-- ReservationMismatchError  it is another account's, or in another asset
    |   |-- ReservationExceededError  a fill needs more than is reserved
    |   `-- OpenReservationsError     the account has open orders
    `-- JournalError              an entry that does not fit: a damaged journal or a bug
        |-- JournalGapError       its number is not the next
        |-- UnbalancedEntryError  its postings do not sum to zero
        `-- LockedMismatchError   locked money and reservations change differently

The first kinds are the caller's, and leave the ledger as it was. A ``JournalError`` means that the
journal cannot be trusted; the entry is refused and nothing is changed either.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from cadenza.trading.errors import TradingError


class LedgerError(TradingError):
    """The ledger cannot do an operation, or take an entry. Root of the tree."""


class AmountError(LedgerError):
    """An amount that is not positive, or that does not fit."""

    def __init__(self, asset: str, amount: int, problem: str) -> None:
        self.asset = asset
        self.amount = amount
        super().__init__(f"{amount} minor units of {asset}: {problem}")


class UnknownAssetError(LedgerError):
    """No scale is known for the asset."""

    def __init__(self, asset: str, known: Iterable[str]) -> None:
        self.asset = asset
        matches = difflib.get_close_matches(asset.upper(), list(known), n=1, cutoff=0.5)
        hint = f'; did you mean "{matches[0]}"?' if matches else ""
        super().__init__(f'unknown asset "{asset}"{hint}')


class AmountTextError(LedgerError):
    """The text is no amount of the asset."""

    def __init__(self, asset: str, text: str, problem: str) -> None:
        self.asset = asset
        self.text = text
        super().__init__(f'"{text}" is no amount of {asset}: {problem}')


class InsufficientFundsError(LedgerError):
    """The account has too little.

    Attributes:
        account_id: The account.
        asset: The asset.
        needed: Minor units that the operation takes.
        available: Minor units that are there.
    """

    def __init__(self, account_id: str, asset: str, needed: int, available: int) -> None:
        self.account_id = account_id
        self.asset = asset
        self.needed = needed
        self.available = available
        super().__init__(
            f"insufficient {asset}: {needed} minor units are needed, {available} are available"
        )


class ReservationError(LedgerError):
    """The reservation of one order is missing, not the expected one, or too small."""

    def __init__(self, order_id: str, message: str) -> None:
        self.order_id = order_id
        super().__init__(message)


class DuplicateReservationError(ReservationError):
    """The order has a reservation already."""

    def __init__(self, order_id: str) -> None:
        super().__init__(order_id, f"order {order_id} has a reservation already")


class UnknownReservationError(ReservationError):
    """The order has no open reservation."""

    def __init__(self, order_id: str) -> None:
        super().__init__(order_id, f"order {order_id} has no open reservation")


class ReservationMismatchError(ReservationError):
    """The reservation is not the one that was expected."""

    def __init__(self, order_id: str, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(order_id, f"order {order_id} reserves {found}, not {expected}")


class ReservationExceededError(ReservationError):
    """A fill needs more than the order has reserved.

    Attributes:
        asset: The asset.
        needed: Minor units: what the fill takes and what is to be kept.
        reserved: Minor units.
    """

    def __init__(self, order_id: str, asset: str, needed: int, reserved: int) -> None:
        self.asset = asset
        self.needed = needed
        self.reserved = reserved
        super().__init__(
            order_id,
            f"order {order_id} has reserved {reserved} minor units of {asset}, but needs {needed}",
        )


class OpenReservationsError(LedgerError):
    """The account has open orders, which must be cancelled first."""

    def __init__(self, account_id: str, order_ids: Iterable[str]) -> None:
        self.account_id = account_id
        self.order_ids = tuple(order_ids)
        first = ", ".join(self.order_ids[:3])
        more = f" and {len(self.order_ids) - 3} more" if len(self.order_ids) > 3 else ""
        super().__init__(f"account {account_id} has open orders: {first}{more}; cancel them first")


class JournalError(LedgerError):
    """An entry that does not fit the ledger."""

    def __init__(self, seq: int, problem: str) -> None:
        self.seq = seq
        super().__init__(f"journal entry {seq}: {problem}")


class JournalGapError(JournalError):
    """The entry's number is not the next."""

    def __init__(self, seq: int, expected: int) -> None:
        self.expected = expected
        super().__init__(seq, f"expected number {expected}")


class UnbalancedEntryError(JournalError):
    """The postings of an asset do not sum to zero."""

    def __init__(self, seq: int, asset: str, total: int) -> None:
        self.asset = asset
        self.total = total
        super().__init__(seq, f"the postings in {asset} sum to {total}, not to zero")


class LockedMismatchError(JournalError):
    """Locked money and open reservations would no longer be equal."""

    def __init__(self, seq: int, account_id: str, asset: str, locked: int, reserved: int) -> None:
        self.account_id = account_id
        self.asset = asset
        self.locked = locked
        self.reserved = reserved
        super().__init__(
            seq,
            f"locked {asset} of {account_id} changes by {locked}, its reservations by {reserved}",
        )
