"""Errors about trading accounts.

::

    AccountError
    |-- UnknownAccountError   there is none, or it is someone else's; the two are not told apart
    |-- AccountInactiveError  it is disabled or disconnected
    |-- TooManyAccountsError  the owner has as many as one may have
    |-- NicknameError         empty, too long, or with characters that cannot be seen
    `-- AccountIdError        a new account's id is taken or no UUID: the id source is broken
"""

from __future__ import annotations

from cadenza.trading.errors import TradingError


class AccountError(TradingError):
    """An account cannot be found, made or used like this. Root of the tree."""


class UnknownAccountError(AccountError):
    """The caller has no such account; the same whether someone else has it or nobody."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        super().__init__(f'you have no trading account "{account_id}"')


class AccountInactiveError(AccountError):
    """The account cannot be used as it is."""

    def __init__(self, account_id: str, status: str) -> None:
        self.account_id = account_id
        self.status = status
        super().__init__(f"trading account {account_id} is {status}; it must be ACTIVE for this")


class TooManyAccountsError(AccountError):
    """The owner has as many accounts as one may have."""

    def __init__(self, owner: str, limit: int) -> None:
        self.owner = owner
        self.limit = limit
        super().__init__(f"you have {limit} trading accounts, which is the most one may have")


class NicknameError(AccountError):
    """The nickname cannot be used."""

    def __init__(self, nickname: str, problem: str) -> None:
        self.nickname = nickname
        super().__init__(f"nickname {problem}")


class AccountIdError(AccountError):
    """The source of ids gave one that cannot be used."""

    def __init__(self, account_id: str, problem: str) -> None:
        self.account_id = account_id
        super().__init__(f'new account id "{account_id}" {problem}')
