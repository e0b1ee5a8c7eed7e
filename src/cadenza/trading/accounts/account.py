"""A trading account: its owner, its venues and its status."""

from __future__ import annotations

import uuid

import msgspec

from cadenza.models import AccountType, OperationType, TradingAccountStatus, Venue
from cadenza.trading.ledger.entry import Entry


class Account(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trading account.

    Attributes:
        account_id: A UUID.
        owner: The user, as tokens name it (``sub``).
        nickname: A name for people.
        venues: Venues that it trades at, its main venue first; never empty.
        account_type: Its kind, which says what it may borrow.
        status: ACTIVE accounts trade; INACTIVE ones are disabled, DISCONNECTED ones are let go.
        created_at: Milliseconds UTC.
        updated_at: Milliseconds UTC.
    """

    account_id: str
    owner: str
    nickname: str
    venues: tuple[Venue, ...]
    account_type: AccountType = AccountType.SPOT
    status: TradingAccountStatus = TradingAccountStatus.ACTIVE
    created_at: int
    updated_at: int

    @property
    def venue(self) -> Venue:
        """The main venue, the one that payloads name."""
        return self.venues[0]

    @property
    def is_active(self) -> bool:
        """Whether it may trade."""
        return self.status is TradingAccountStatus.ACTIVE


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """An operation on an account, whole: applying it to an equal registry does the same.

    Attributes:
        account: The account as it is now.
        entries: The ledger entries that belong to the operation, in order.
        operation: Its kind, for the account's history; ``None`` for a new account or money.
    """

    account: Account
    entries: tuple[Entry, ...] = ()
    operation: OperationType | None = None


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID as it is usually written."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
