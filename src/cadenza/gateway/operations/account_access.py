"""Access to trading accounts: owners trade, bearers of a grant may look."""

from __future__ import annotations

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.errors import UnknownAccountError
from cadenza.trading.venue import PaperVenue


class AccountsAccess:
    """Finds accounts for a caller; an `account_subscriptions.Accounts`.

    An account of someone else and one that does not exist are the same: one look into one table,
    and one error.

    Args:
        venue: Where the accounts are.
    """

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue
        self._registry = venue.registry

    def first_look(self, caller: Caller) -> None:
        """Make and fund the caller's first account, unless there is one.

        Raises:
            HaltedError: Trading is halted: it could not be made durable.
        """
        if caller.user and not self._venue.registry.of_owner(caller.user):
            self._venue.exchange.check_running()
            self._venue.accounts.of_owner(caller.user)

    def owned(self, caller: Caller, account_id: str) -> Account:
        """One account that the caller may trade with.

        Raises:
            UnknownAccountError: The caller has no such account.
        """
        return self._registry.get(caller.user, account_id.lower())

    def readable(self, caller: Caller, account_id: str) -> Account:
        """One account that the caller may look at.

        Raises:
            UnknownAccountError: There is none, or it is someone else's.
        """
        found = self._registry.any(account_id.lower())
        if found is None or not _may_look(caller, found):
            raise UnknownAccountError(account_id.lower())
        return found

    def of_caller(self, caller: Caller) -> tuple[Account, ...]:
        """The accounts a caller may look at: the own ones in the order they were made, then others.

        Raises:
            OperationError: The token names neither a user nor accounts.
        """
        if not caller.user and not caller.accounts:
            raise OperationError(errors.NO_USER)
        own = self._registry.of_owner(caller.user) if caller.user else ()
        granted = (self._registry.any(account_id) for account_id in sorted(caller.accounts))
        return own + tuple(one for one in granted if one is not None and one.owner != caller.user)


def _may_look(caller: Caller, account: Account) -> bool:
    is_own = bool(caller.user) and account.owner == caller.user
    return is_own or account.account_id in caller.accounts
