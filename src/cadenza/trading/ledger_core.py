"""The ledger's state and the one way it changes: `apply`."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Final, Self

from cadenza.trading.ledger.entry import (
    COUNTER_ACCOUNTS,
    LARGEST,
    Balance,
    Bucket,
    Entry,
    LedgerState,
    Reservation,
)
from cadenza.trading.ledger.errors import (
    AmountError,
    InsufficientFundsError,
    JournalGapError,
    LockedMismatchError,
    ReservationMismatchError,
    UnbalancedEntryError,
)

_Key = tuple[str, str, Bucket]

LOCKED: Final = Bucket.LOCKED
_fields_of: Final = attrgetter("account_id", "asset", "bucket", "amount")


class LedgerCore:
    """Balances and reservations of all accounts. An account it has not seen has nothing."""

    def __init__(self) -> None:
        self._seq = 0
        self._amounts: dict[_Key, int] = {}
        self._assets: dict[str, set[str]] = {}
        self._reservations: dict[str, Reservation] = {}
        self._orders: dict[str, set[str]] = {}

    @classmethod
    def replay(cls, entries: Iterable[Entry], state: LedgerState | None = None) -> Self:
        """A ledger from a journal, or from a state and the entries after it.

        Raises:
            JournalError: An entry does not fit.
        """
        ledger = cls()
        if state is not None:
            ledger.load(state)
        for entry in entries:
            ledger.apply(entry)
        return ledger

    @property
    def seq(self) -> int:
        """Number of the last entry; 0 before the first."""
        return self._seq

    def balance(self, account_id: str, asset: str) -> Balance:
        """How much of an asset an account has."""
        free = self._amounts.get((account_id, asset, Bucket.FREE), 0)
        locked = self._amounts.get((account_id, asset, Bucket.LOCKED), 0)
        return Balance(account_id, asset, free, locked)

    def balances(self, account_id: str) -> tuple[Balance, ...]:
        """All balances of an account that were ever touched, by asset name."""
        assets = sorted(self._assets.get(account_id, ()))
        return tuple(self.balance(account_id, asset) for asset in assets)

    def reservation(self, order_id: str) -> Reservation | None:
        """What an open order has reserved."""
        return self._reservations.get(order_id)

    def count_reservations(self, account_id: str) -> int:
        """How many open reservations an account has."""
        return len(self._orders.get(account_id, ()))

    def reservations(self, account_id: str) -> tuple[Reservation, ...]:
        """All open reservations of an account, by order id."""
        return tuple(self._reservations[key] for key in sorted(self._orders.get(account_id, ())))

    def state(self) -> LedgerState:
        """Everything, for a store or a comparison."""
        return LedgerState(
            seq=self._seq,
            balances=tuple(
                balance
                for account_id in sorted(self._assets)
                for balance in self.balances(account_id)
                if balance.free or balance.locked
            ),
            reservations=tuple(self._reservations[key] for key in sorted(self._reservations)),
        )

    def apply(self, entry: Entry) -> None:
        """Make the changes of an entry, all or none.

        Raises:
            JournalError: The entry does not fit: it is not the next, not balanced, or locks other
                amounts than its reservations say.
            InsufficientFundsError: A customer's bucket would become negative.
            AmountError: A balance would not fit.
        """
        if entry.seq != self._seq + 1:
            raise JournalGapError(entry.seq, self._seq + 1)
        amounts = self._amounts_after(entry)
        self._seq = entry.seq
        known = self._amounts
        for key, amount in amounts.items():
            if key not in known:
                self._assets.setdefault(key[0], set()).add(key[1])
            known[key] = amount
        for held in entry.reservations:
            self._set_reservation(held)

    def _amounts_after(self, entry: Entry) -> dict[_Key, int]:
        """The buckets that an entry changes, as they are then; changes nothing itself."""
        changes: dict[_Key, int] = {}
        totals: dict[str, int] = {}
        # By account and asset, how much more is locked than is reserved; in the end nothing.
        gaps: dict[tuple[str, str], int] = {}
        for account_id, asset, bucket, amount in map(_fields_of, entry.postings):
            key = (account_id, asset, bucket)
            changes[key] = changes.get(key, 0) + amount
            totals[asset] = totals.get(asset, 0) + amount
            if bucket is LOCKED:
                gaps[account_id, asset] = gaps.get((account_id, asset), 0) + amount
        for asset, total in totals.items():
            if total:
                raise UnbalancedEntryError(entry.seq, asset, total)
        for (account_id, asset, bucket), change in changes.items():
            before = self._amounts.get((account_id, asset, bucket), 0)
            after = before + change
            if not 0 <= after <= LARGEST and account_id not in COUNTER_ACCOUNTS:
                if after < 0:
                    raise InsufficientFundsError(account_id, asset, -change, before)
                raise AmountError(asset, after, f"a balance cannot go beyond {LARGEST}")
            changes[account_id, asset, bucket] = after
        if gaps or entry.reservations:
            self._check_locked(entry, gaps)
        return changes

    def _check_locked(self, entry: Entry, gaps: dict[tuple[str, str], int]) -> None:
        """Locked money changes exactly as the reservations do."""
        reserved: dict[tuple[str, str], int] = {}
        for held in entry.reservations:
            before = self._reservations.get(held.order_id)
            amount = 0
            if before is not None:
                if before.asset != held.asset or before.account_id != held.account_id:
                    raise ReservationMismatchError(
                        held.order_id,
                        f"{held.asset} of {held.account_id}",
                        f"{before.asset} of {before.account_id}",
                    )
                amount = before.amount
            key = (held.account_id, held.asset)
            reserved[key] = reserved.get(key, 0) + held.amount - amount
        for key in gaps.keys() | reserved.keys():
            locked, change = gaps.get(key, 0), reserved.get(key, 0)
            if locked != change:
                raise LockedMismatchError(entry.seq, *key, locked, change)

    def _set_reservation(self, held: Reservation) -> None:
        if held.amount:
            if held.order_id not in self._reservations:
                self._orders.setdefault(held.account_id, set()).add(held.order_id)
            self._reservations[held.order_id] = held
        elif self._reservations.pop(held.order_id, None):
            self._orders[held.account_id].discard(held.order_id)

    def load(self, state: LedgerState) -> None:
        """Take a state into a ledger that has seen nothing yet."""
        self._seq = state.seq
        for account_id, asset, free, locked in (
            (it.account_id, it.asset, it.free, it.locked) for it in state.balances
        ):
            self._amounts[account_id, asset, Bucket.FREE] = free
            self._amounts[account_id, asset, Bucket.LOCKED] = locked
            self._assets.setdefault(account_id, set()).add(asset)
        for held in state.reservations:
            self._set_reservation(held)
