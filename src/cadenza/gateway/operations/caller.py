"""Who calls an operation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

ACCOUNT_CHANNEL: Final = "tradingAccount:"
NO_ACCOUNTS: Final[frozenset[str]] = frozenset()


class Caller(NamedTuple):
    """The one an operation acts for, as its token says.

    Attributes:
        user: The token's user; empty: it names none.
        accounts: Trading accounts whose channels the token names: its bearer may look at them, and
            only the owner may trade.
        client: Id of the connection; empty over REST.
    """

    user: str
    accounts: frozenset[str] = NO_ACCOUNTS
    client: str = ""


def granted_accounts(channels: Iterable[str]) -> frozenset[str]:
    """The trading accounts among the channels that a token names."""
    if not channels:
        return NO_ACCOUNTS
    return frozenset(
        name.removeprefix(ACCOUNT_CHANNEL) for name in channels if name.startswith(ACCOUNT_CHANNEL)
    )
