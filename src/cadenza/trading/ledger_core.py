"""The ledger's state and the one way it changes: `apply`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from cadenza.trading.ledger_entry import (
    COUNTER_ACCOUNTS,
    LARGEST,
    Balance,
    Bucket,
    Entry,
    LedgerState,
    Reservation,
)
from cadenza.trading.ledger_errors import (
    AmountError,
    InsufficientFundsError,
    JournalGapError,
    LockedMismatchError,
    ReservationMismatchError,
    UnbalancedEntryError,
)

_Key = tuple[str, str, Bucket]


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
        _check_balanced(entry)
        amounts = self._amounts_after(entry)
        self._check_locked(entry)
        self._seq = entry.seq
        for key, amount in amounts.items():
            self._amounts[key] = amount
            self._assets.setdefault(key[0], set()).add(key[1])
        for held in entry.reservations:
            self._set_reservation(held)

    def _amounts_after(self, entry: Entry) -> dict[_Key, int]:
        changes: dict[_Key, int] = {}
        for posting in entry.postings:
            key = (posting.account_id, posting.asset, posting.bucket)
            changes[key] = changes.get(key, 0) + posting.amount
        for (account_id, asset, bucket), change in changes.items():
            before = self._amounts.get((account_id, asset, bucket), 0)
            after = before + change
            if account_id not in COUNTER_ACCOUNTS:
                if after < 0:
                    raise InsufficientFundsError(account_id, asset, -change, before)
                if after > LARGEST:
                    raise AmountError(asset, after, f"a balance cannot go beyond {LARGEST}")
            changes[account_id, asset, bucket] = after
        return changes

    def _check_locked(self, entry: Entry) -> None:
        """Locked money changes exactly as the reservations do."""
        gaps: dict[tuple[str, str], list[int]] = {}
        for posting in entry.postings:
            if posting.bucket is Bucket.LOCKED:
                gaps.setdefault((posting.account_id, posting.asset), [0, 0])[0] += posting.amount
        for held in entry.reservations:
            before = self._reservations.get(held.order_id)
            if before and (before.account_id, before.asset) != (held.account_id, held.asset):
                raise ReservationMismatchError(
                    held.order_id,
                    f"{held.asset} of {held.account_id}",
                    f"{before.asset} of {before.account_id}",
                )
            change = held.amount - (before.amount if before else 0)
            gaps.setdefault((held.account_id, held.asset), [0, 0])[1] += change
        for (account_id, asset), (locked, reserved) in gaps.items():
            if locked != reserved:
                raise LockedMismatchError(entry.seq, account_id, asset, locked, reserved)

    def _set_reservation(self, held: Reservation) -> None:
        if held.amount:
            self._reservations[held.order_id] = held
            self._orders.setdefault(held.account_id, set()).add(held.order_id)
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


def _check_balanced(entry: Entry) -> None:
    totals: dict[str, int] = {}
    for posting in entry.postings:
        totals[posting.asset] = totals.get(posting.asset, 0) + posting.amount
    for asset, total in totals.items():
        if total:
            raise UnbalancedEntryError(entry.seq, asset, total)
