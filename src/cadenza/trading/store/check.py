"""Checks of a store: the records of a restart fit together, and ledger entries have no gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cadenza.trading.ledger.entry import COUNTER_ACCOUNTS, Entry
from cadenza.trading.store.errors import StoreDamagedError
from cadenza.trading.store.store import Saved

MOST_NAMED: Final = 5


def problems(saved: Saved) -> tuple[str, ...]:
    """The contradictions among records, one sentence each; only the first ones are named."""
    found = [*_unbalanced(saved), *_negative(saved), *_mislocked(saved), *_orphans(saved)]
    if len(found) > MOST_NAMED:
        return (*found[:MOST_NAMED], f"and {len(found) - MOST_NAMED} more")
    return tuple(found)


def check_entries(where: Path | str, seq: int, entries: Sequence[Entry]) -> None:
    """Check that ledger entries count on from the last one that is written.

    Raises:
        StoreDamagedError: They do not: to write them would make a journal with a hole.
    """
    for number, entry in enumerate(entries, seq + 1):
        if entry.seq != number:
            raise StoreDamagedError(
                where, f"ledger entry {entry.seq} was to be written where {number} is next"
            )


def _unbalanced(saved: Saved) -> Iterator[str]:
    totals: Counter[str] = Counter()
    for balance in saved.balances:
        totals[balance.asset] += balance.total
    for asset, total in sorted(totals.items()):
        if total:
            yield f"the balances of {asset} sum to {total} minor units instead of 0"


def _negative(saved: Saved) -> Iterator[str]:
    for balance in saved.balances:
        if balance.account_id not in COUNTER_ACCOUNTS and min(balance.free, balance.locked) < 0:
            yield (
                f"account {balance.account_id} has {balance.free} free and {balance.locked} locked"
                f" minor units of {balance.asset}"
            )


def _mislocked(saved: Saved) -> Iterator[str]:
    """Locked money that is not the sum of the open reservations."""
    locked = {(it.account_id, it.asset): it.locked for it in saved.balances}
    reserved: Counter[tuple[str, str]] = Counter()
    for held in saved.reservations:
        reserved[held.account_id, held.asset] += held.amount
    for key in sorted(locked.keys() | reserved.keys()):
        if locked.get(key, 0) != reserved[key]:
            yield (
                f"account {key[0]} has {locked.get(key, 0)} minor units of {key[1]} locked,"
                f" but its open orders reserve {reserved[key]}"
            )


def _orphans(saved: Saved) -> Iterator[str]:
    """Reservations that no open order holds: their money would stay locked for ever."""
    keys = {key for it in saved.open_orders for key in (it.hold, it.order_id, it.list_id)}
    for held in saved.reservations:
        if held.order_id not in keys:
            yield (
                f"{held.amount} minor units of {held.asset} of account {held.account_id} are"
                f" reserved for {held.order_id}, which is no open order"
            )
