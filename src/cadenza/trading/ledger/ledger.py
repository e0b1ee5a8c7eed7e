"""The ledger: double-entry bookkeeping in whole minor units, one journal entry an operation.

Every change is an `Entry` whose postings sum to zero for each asset. An operation works out its
entry, applies it and returns it; `apply` is the only way anything changes, so the same entries
applied to a new ledger give an equal one. What always holds, checked with every entry:

* the sum over all accounts, counter-accounts included, is zero for each asset;
* no customer's bucket is negative;
* what an account has locked of an asset is the sum of its open reservations.

An operation that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from cadenza.trading.ledger.entry import (
    EXTERNAL,
    LARGEST,
    Bucket,
    Entry,
    Kind,
    Posting,
    Reservation,
)
from cadenza.trading.ledger.errors import (
    AmountError,
    DuplicateReservationError,
    OpenReservationsError,
    UnknownReservationError,
)
from cadenza.trading.ledger.fill import OUTSIDE, Fill, Leg, Settled, settle
from cadenza.trading.ledger_core import LedgerCore


class Ledger(LedgerCore):
    """The operations on balances and reservations of all accounts.

    An account that the ledger has not seen has nothing.
    """

    def deposit(self, account_id: str, asset: str, amount: int, *, at: int, ref: str = "") -> Entry:
        """Bring money in.

        Raises:
            AmountError: The amount is not positive, or the balance would not fit.
        """
        _check_positive(asset, amount)
        return self._post(Kind.DEPOSIT, at, ref, _moved(EXTERNAL, account_id, asset, amount))

    def withdraw(
        self, account_id: str, asset: str, amount: int, *, at: int, ref: str = ""
    ) -> Entry:
        """Take free money out.

        Raises:
            AmountError: The amount is not positive.
            InsufficientFundsError: That much is not free.
        """
        _check_positive(asset, amount)
        return self._post(Kind.WITHDRAW, at, ref, _moved(account_id, EXTERNAL, asset, amount))

    def reserve(self, order_id: str, account_id: str, asset: str, amount: int, *, at: int) -> Entry:
        """Lock what a new order may need.

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
        """Take everything out and bring ``deposits`` in, as if the account were new.

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
    """Signed amounts from outside, by asset name."""
    return tuple(
        posting
        for asset, amount in sorted(changes.items())
        if amount
        for posting in _moved(EXTERNAL, account_id, asset, amount)
    )
