"""The records of the ledger's journal: postings, reservations, entries and balances.

Amounts are whole minor units of their asset. Every struct encodes to JSON as it is, and decodes to
an equal one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

EXTERNAL: Final = "@external"
"""Counter-account of deposits and withdrawals: the negative of what customers deposited."""

FEES: Final = "@fees"
"""Counter-account of fees and rebates."""

MARKET: Final = "@market"
"""Counter-account of fills against a market outside: no one's money, may be negative."""

COUNTER_ACCOUNTS: Final = frozenset({EXTERNAL, FEES, MARKET})

LARGEST: Final = 2**63 - 1
"""No customer's balance and no posting goes beyond this, so that 64 bits hold it anywhere."""


class Bucket(StrEnum):
    """The two parts of a balance."""

    FREE = "FREE"
    LOCKED = "LOCKED"


class Kind(StrEnum):
    """The operations that entries record."""

    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    RESERVE = "RESERVE"
    RESIZE = "RESIZE"
    RELEASE = "RELEASE"
    FILL = "FILL"
    RESET = "RESET"
    CLONE = "CLONE"


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A change of one bucket by a signed amount."""

    account_id: str
    asset: str
    bucket: Bucket
    amount: int


class Reservation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The amount that an open order has locked.

    Attributes:
        order_id: The order; for orders of one OCO list, which share what they lock, the list.
        account_id: The account that pays for the order.
        asset: The quote asset of a buy, the base asset of a sell.
        amount: Minor units; in an entry, 0 closes the reservation.
        carry: Fees charged too much so far, see ``fees.charge``.
    """

    order_id: str
    account_id: str
    asset: str
    amount: int
    carry: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation on the ledger, whole: replaying it needs nothing else.

    Attributes:
        seq: Counts up from 1 without gaps.
        kind: The operation.
        at: Milliseconds UTC.
        ref: The order, trade or request that it belongs to; empty: none.
        postings: Sum to zero for every asset.
        reservations: Those that changed, as they are afterwards.
    """

    seq: int
    kind: Kind
    at: int
    ref: str
    postings: tuple[Posting, ...]
    reservations: tuple[Reservation, ...] = ()


class Balance(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The amounts of one asset that an account has, in minor units."""

    account_id: str
    asset: str
    free: int
    locked: int

    @property
    def total(self) -> int:
        """Free and locked together."""
        return self.free + self.locked


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a ledger after entry ``seq``, in a fixed order: equal ledgers, equal states."""

    seq: int
    balances: tuple[Balance, ...]
    reservations: tuple[Reservation, ...]
