"""Faults that orders meet on purpose, for people who test their own clients.

Pure rules: they say what should happen to an order that is about to be decided, and change nothing
themselves. Whoever decides orders asks once for each and applies the answer by the ordinary means:
a reject ends the order as REJECTED, a delay holds back the answer, a partial fill lets a
share execute on entry and cancels the rest. So a fault cannot unbalance a ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

PER_MILLE: Final = 1000
"""The whole, as a share."""


class OrderFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fault that one order meets.

    Attributes:
        reject: The reason with which it is rejected; empty: it is not.
        delay_ms: Milliseconds by which its acknowledgement is late; its events do not wait.
        fill_permille: At most this share of it, in thousandths, executes on entry, and the rest is
            cancelled; ``None`` leaves its execution alone.
    """

    reject: str = ""
    delay_ms: int = 0
    fill_permille: int | None = None

    def lots(self, lots: int) -> int:
        """The part of ``lots`` that may execute on entry, rounded down to whole lots."""
        if self.fill_permille is None:
            return lots
        return lots * self.fill_permille // PER_MILLE


def _always() -> bool:
    return True


class OrderRule:
    """A fault, and the orders that it is for.

    Args:
        fault: The fault that they meet.
        account_id: Only orders of this account; empty: of any.
        instrument_id: Only orders of this instrument; empty: of any.
        prefix: Only orders whose client order id begins so; empty: any order.
        strike: Asked for each order that fits: whether the fault hits this one. Here chance has
            its place, and the counting of hits.
    """

    __slots__ = ("_account_id", "_instrument_id", "_prefix", "_strike", "fault")

    def __init__(
        self,
        fault: OrderFault,
        *,
        account_id: str = "",
        instrument_id: str = "",
        prefix: str = "",
        strike: Callable[[], bool] = _always,
    ) -> None:
        self.fault: Final = fault
        self._account_id = account_id
        self._instrument_id = instrument_id
        self._prefix = prefix
        self._strike = strike

    def hits(self, account_id: str, instrument_id: str, client_order_id: str) -> bool:
        """Whether the fault hits this order; asks ``strike`` only if the rule is for it."""
        return (
            self._account_id in {"", account_id}
            and self._instrument_id in {"", instrument_id}
            and client_order_id.startswith(self._prefix)
            and self._strike()
        )


class OrderFaults:
    """The rules that hold now."""

    def __init__(self) -> None:
        self._rules: tuple[OrderRule, ...] = ()

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, rule: OrderRule) -> None:
        """Let a rule hold."""
        self._rules = (*self._rules, rule)

    def remove(self, rule: OrderRule) -> None:
        """End a rule; harmless when it does not hold."""
        self._rules = tuple(known for known in self._rules if known is not rule)

    def for_order(
        self, account_id: str, instrument_id: str, client_order_id: str
    ) -> OrderFault | None:
        """The fault that an order meets; to be asked once for each order, as every hit is counted.

        Where several rules hit, their faults are combined: the first reason to reject, the longest
        delay, the smallest share.
        """
        if not self._rules:
            return None
        found: OrderFault | None = None
        for rule in self._rules:
            if rule.hits(account_id, instrument_id, client_order_id):
                found = rule.fault if found is None else _both(found, rule.fault)
        return found


def _both(first: OrderFault, second: OrderFault) -> OrderFault:
    shares = [fault.fill_permille for fault in (first, second) if fault.fill_permille is not None]
    return OrderFault(
        reject=first.reject or second.reject,
        delay_ms=max(first.delay_ms, second.delay_ms),
        fill_permille=min(shares, default=None),
    )
