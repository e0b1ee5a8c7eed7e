"""The ledger: double-entry bookkeeping in whole minor units, one journal entry an operation.

Every change is an ``Entry`` whose postings sum to zero for each asset. An operation works out its
entry, applies it and returns it; ``apply`` is the only way anything changes, so the same entries
applied to a new ledger give an equal one. What always holds, checked with every entry:

* the sum over all accounts, counter-accounts included, is zero for each asset;
* no customer's bucket is negative;
* what an account has locked of an asset is the sum of its open reservations.

An operation that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final, Self

from cadenza.trading.ledger.entry import (
    COUNTER_ACCOUNTS,
    EXTERNAL,
    LARGEST,
    Balance,
    Bucket,
    Entry,
    Kind,
    LedgerState,
    Posting,
    Reservation,
)
from cadenza.trading.ledger.errors import (
    AmountError,
    DuplicateReservationError,
    InsufficientFundsError,
    JournalGapError,
    LockedMismatchError,
    OpenReservationsError,
    ReservationMismatchError,
    UnbalancedEntryError,
    UnknownReservationError,
)
from cadenza.trading.ledger.fill import OUTSIDE, Fill, Leg, Settled, settle

_Key = tuple[str, str, Bucket]

LOCKED: Final = Bucket.LOCKED
_fields_of: Final = attrgetter("account_id", "asset", "bucket", "amount")


class Ledger:
    """Balances and reservations of all accounts, and the operations on them.

    An account that the ledger has not seen has nothing.
    """

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

    @property
    def seq(self) -> int:
        """Number of the last entry; 0 before the first."""
        return self._seq

    def balance(self, account_id: str, asset: str) -> Balance:
        """The balance of an account in an asset."""
        free = self._amounts.get((account_id, asset, Bucket.FREE), 0)
        locked = self._amounts.get((account_id, asset, Bucket.LOCKED), 0)
        return Balance(account_id, asset, free, locked)

    def balances(self, account_id: str) -> tuple[Balance, ...]:
        """All balances of an account that were ever touched, by asset name."""
        assets = sorted(self._assets.get(account_id, ()))
        return tuple(self.balance(account_id, asset) for asset in assets)

    def reservation(self, order_id: str) -> Reservation | None:
        """The reservation of an open order; ``None``: it has none."""
        return self._reservations.get(order_id)

    def count_reservations(self, account_id: str) -> int:
        """The number of open reservations of an account."""
        return len(self._orders.get(account_id, ()))

    def reservations(self, account_id: str) -> tuple[Reservation, ...]:
        """All open reservations of an account, by order id."""
        return tuple(self._reservations[key] for key in sorted(self._orders.get(account_id, ())))

    def state(self) -> LedgerState:
        """All balances and reservations, for a store or a comparison."""
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

    # Operations.

    def deposit(self, account_id: str, asset: str, amount: int, *, at: int, ref: str = "") -> Entry:
        """Book a deposit.

        Raises:
            AmountError: The amount is not positive, or the balance would not fit.
        """
        _check_positive(asset, amount)
        return self._post(Kind.DEPOSIT, at, ref, _moved(EXTERNAL, account_id, asset, amount))

    def withdraw(
        self, account_id: str, asset: str, amount: int, *, at: int, ref: str = ""
    ) -> Entry:
        """Book a withdrawal of free money.

        Raises:
            AmountError: The amount is not positive.
            InsufficientFundsError: That much is not free.
        """
        _check_positive(asset, amount)
        return self._post(Kind.WITHDRAW, at, ref, _moved(account_id, EXTERNAL, asset, amount))

    def reserve(self, order_id: str, account_id: str, asset: str, amount: int, *, at: int) -> Entry:
        """Lock the amount that a new order may need.

        Raises:
            AmountError: The amount is not positive.
            DuplicateReservationError: The order has a reservation.
            InsufficientFundsError: That much is not free.
        """
        _check_positive(asset, amount)
        if order_id in self._reservations:
            raise DuplicateReservationError(order_id)
        held = Reservation(order_id, account_id, asset, amount)
        return self._post(Kind.RESERVE, at, order_id, _locked(account_id, asset, amount), (held,))

    def resize(self, order_id: str, amount: int, *, at: int) -> Entry:
        """Lock more or less for an amended order; ``amount`` is the new total.

        Raises:
            AmountError: The amount is not positive.
            UnknownReservationError: The order has no reservation.
            InsufficientFundsError: The difference is not free.
        """
        held = self._held(order_id)
        _check_positive(held.asset, amount)
        postings = _locked(held.account_id, held.asset, amount - held.amount)
        after = Reservation(order_id, held.account_id, held.asset, amount, held.carry)
        return self._post(Kind.RESIZE, at, order_id, postings, (after,))

    def release(self, order_id: str, *, at: int) -> Entry:
        """Free all that an ended order still has locked.

        Raises:
            UnknownReservationError: The order has no reservation, for example as it was filled.
        """
        held = self._held(order_id)
        postings = _locked(held.account_id, held.asset, -held.amount)
        after = Reservation(order_id, held.account_id, held.asset, 0)
        return self._post(Kind.RELEASE, at, order_id, postings, (after,))

    def settle(self, fill: Fill) -> tuple[Entry, Settled]:
        """Book a trade: the goods, the money, the fees, and what becomes free.

        Raises:
            AmountError: Quantity or cost is not positive.
            UnknownReservationError: A side has no reservation.
            ReservationMismatchError: It is another account's or in another asset.
            ReservationExceededError: It is too small for the fill and what is to be kept.
        """
        _check_positive(fill.base_asset, fill.quantity)
        _check_positive(fill.quote_asset, fill.cost)
        settled = settle(fill, self._of(fill.buyer), self._of(fill.seller))
        entry = self._post(
            Kind.FILL, fill.at, fill.trade_id, settled.postings, settled.reservations
        )
        return entry, settled

    def reset(
        self, account_id: str, deposits: Mapping[str, int], *, at: int, ref: str = ""
    ) -> Entry:
        """Replace everything in an account by ``deposits``, as if it were new.

        Raises:
            AmountError: A deposit is not positive.
            OpenReservationsError: The account has open orders.
        """
        self._check_idle(account_id)
        for asset, amount in deposits.items():
            _check_positive(asset, amount)
        changes = {balance.asset: -balance.free for balance in self.balances(account_id)}
        for asset, amount in deposits.items():
            changes[asset] = changes.get(asset, 0) + amount
        return self._post(Kind.RESET, at, ref, _brought(account_id, changes))

    def clone(self, source: str, target: str, *, at: int, ref: str = "") -> Entry:
        """Give ``target`` the totals of ``source``, all free, in place of what it has.

        Raises:
            OpenReservationsError: The target has open orders; the source may have some.
        """
        self._check_idle(target)
        changes = {balance.asset: -balance.free for balance in self.balances(target)}
        for balance in self.balances(source):
            changes[balance.asset] = changes.get(balance.asset, 0) + balance.total
        return self._post(Kind.CLONE, at, ref or source, _brought(target, changes))

    # Entries.

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

    def _post(
        self,
        kind: Kind,
        at: int,
        ref: str,
        postings: tuple[Posting, ...],
        reservations: tuple[Reservation, ...] = (),
    ) -> Entry:
        entry = Entry(
            seq=self._seq + 1,
            kind=kind,
            at=at,
            ref=ref,
            postings=postings,
            reservations=reservations,
        )
        self.apply(entry)
        return entry

    def _held(self, order_id: str) -> Reservation:
        held = self._reservations.get(order_id)
        if held is None:
            raise UnknownReservationError(order_id)
        return held

    def _of(self, leg: Leg) -> Reservation | None:
        return None if leg == OUTSIDE else self._held(leg.order_id)

    def _check_idle(self, account_id: str) -> None:
        open_orders = self._orders.get(account_id)
        if open_orders:
            raise OpenReservationsError(account_id, sorted(open_orders))


def _check_positive(asset: str, amount: int) -> None:
    if amount <= 0:
        raise AmountError(asset, amount, "must be positive")
    if amount > LARGEST:
        raise AmountError(asset, amount, f"must be at most {LARGEST}")


def _moved(source: str, target: str, asset: str, amount: int) -> tuple[Posting, ...]:
    """Free money from one account to another."""
    return (
        Posting(source, asset, Bucket.FREE, -amount),
        Posting(target, asset, Bucket.FREE, amount),
    )


def _locked(account_id: str, asset: str, amount: int) -> tuple[Posting, ...]:
    """Free money locked, or with a negative amount locked money freed."""
    if not amount:
        return ()
    return (
        Posting(account_id, asset, Bucket.FREE, -amount),
        Posting(account_id, asset, Bucket.LOCKED, amount),
    )


def _brought(account_id: str, changes: Mapping[str, int]) -> tuple[Posting, ...]:
    """Signed amounts between outside and an account, in the order of asset names."""
    return tuple(
        posting
        for asset, amount in sorted(changes.items())
        if amount
        for posting in _moved(EXTERNAL, account_id, asset, amount)
    )
