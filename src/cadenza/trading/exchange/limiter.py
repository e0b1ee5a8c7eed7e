"""The limit of orders that a user may send: a token bucket each, forgotten when it is full."""

from __future__ import annotations

from typing import Final

from cadenza.trading.errors import RateLimitError

MOST_USERS: Final = 10_000
"""Buckets kept at once; beyond that those that are full again are dropped."""

_THOUSAND: Final = 1000


class OrderLimiter:
    """Counts orders and amendments; cancels are always free.

    Args:
        rate: Orders that a user may send in a second, on average and at once; 0: no limit.
    """

    __slots__ = ("_full_at", "rate")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        # When each user's bucket is full again, in thousandths of a millisecond times the rate.
        self._full_at: dict[str, int] = {}

    def take(self, user: str, now: int) -> None:
        """Count an order.

        Args:
            user: The user who sends it.
            now: Milliseconds.

        Raises:
            RateLimitError: There were too many.
        """
        if not self.rate:
            return
        # One order costs a second divided by the rate; scaled by the rate it is whole.
        at = now * self.rate
        full_at = max(at, self._full_at.get(user, 0)) + _THOUSAND
        over = full_at - at - self.rate * _THOUSAND
        if over > 0:
            raise RateLimitError(self.rate, -(-over // self.rate))
        if len(self._full_at) >= MOST_USERS and user not in self._full_at:
            self._full_at = {name: full for name, full in self._full_at.items() if full > at}
        self._full_at[user] = full_at
