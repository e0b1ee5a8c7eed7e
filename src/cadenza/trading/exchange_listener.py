"""Who is told what happens to accounts and orders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from cadenza.trading.accounts.account import Account
from cadenza.trading.orders.state import Execution, OrderState


class ExchangeListener(Protocol):
    """Hears every change, in order, when it is decided and not yet durable.

    What is heard may be shown to the outside only through `Journal.then`. Calls are synchronous
    and must not wait; the records go on changing afterwards, so what is needed is read at once.
    """

    def on_order(self, order: OrderState) -> None:
        """An order is new or has changed."""
        ...

    def on_execution(self, execution: Execution, order: OrderState) -> None:
        """An order traded; its record has the trade in it, and `on_order` follows."""
        ...

    def on_balances(self, account_id: str, assets: Collection[str]) -> None:
        """Balances, and with fills positions, changed; once for all decisions of a commit."""
        ...

    def on_account(self, account: Account) -> None:
        """An account is new or has changed."""
        ...
