"""Speed of the matching engine; run with ``python benchmarks/bench_matching.py``.

One book takes a mix of 55 % limit orders, 35 % cancels and 10 % market orders. Absolute figures
differ from machine to machine, so a bare loop takes the same stream in the same run: two
``SortedDict`` from price to a queue of orders, which matches and cancels and does nothing else. It
checks nothing, keeps no status, knows one order type and tells nobody what happened.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sortedcontainers import SortedDict

from cadenza.models import OrderSide, OrderType
from cadenza.trading.matching.commands import AnyCommand, Cancel, SelfTrade, Submit
from cadenza.trading.matching.engine import MatchingEngine

OPERATIONS: Final = 200_000
ROUNDS: Final = 5
MID: Final = 100_000
SPREAD_TICKS: Final = 40
"""Limit prices are normal around the middle, so that some of them cross."""

Given = TypeVar("Given")

BUY: Final = OrderSide.BUY
LIMIT, CANCEL, MARKET = range(3)
Operation = tuple[int, int, bool, int, int]
"""Kind, order number, whether it buys, ticks, lots."""


def stream(seed: int) -> list[Operation]:
    """The same mix for both; a cancel names an earlier limit order, filled by then or not."""
    chance = random.Random(seed)
    operations: list[Operation] = []
    placed: list[int] = []
    for number in range(OPERATIONS):
        kind = chance.choices((LIMIT, CANCEL, MARKET), (55, 35, 10))[0]
        is_buy = chance.random() < 0.5
        if kind == CANCEL and placed:
            spot = chance.randrange(len(placed))
            placed[spot], placed[-1] = placed[-1], placed[spot]
            operations.append((CANCEL, placed.pop(), is_buy, 0, 0))
        elif kind == MARKET:
            operations.append((MARKET, number, is_buy, 0, chance.randint(1, 20)))
        else:
            away = round(chance.gauss(SPREAD_TICKS, SPREAD_TICKS / 2))
            ticks = MID - away if is_buy else MID + away
            operations.append((LIMIT, number, is_buy, ticks, chance.randint(1, 20)))
            placed.append(number)
    return operations


def commands(operations: list[Operation]) -> list[AnyCommand]:
    """The stream as the engine takes it."""
    made: list[AnyCommand] = []
    for now, (kind, number, is_buy, ticks, lots) in enumerate(operations):
        order_id = f"order-{number}"
        if kind == CANCEL:
            made.append(Cancel(now=now, order_id=order_id))
            continue
        made.append(
            Submit(
                now=now,
                order_id=order_id,
                owner=f"account-{number % 97}",
                side=OrderSide.BUY if is_buy else OrderSide.SELL,
                type=OrderType.LIMIT if kind == LIMIT else OrderType.MARKET,
                lots=lots,
                limit=ticks,
            )
        )
    return made


def bare(made: list[AnyCommand]) -> int:  # noqa: C901 - one loop without calls is the point
    """The bare loop; returns the trades."""
    bids: SortedDict[int, dict[str, int]] = SortedDict()
    asks: SortedDict[int, dict[str, int]] = SortedDict()
    resting: dict[str, tuple[SortedDict[int, dict[str, int]], int]] = {}
    trades = 0
    for command in made:
        if isinstance(command, Cancel):
            if command.order_id in resting:
                side, key = resting.pop(command.order_id)
                queue = side[key]
                del queue[command.order_id]
                if not queue:
                    del side[key]
            continue
        assert isinstance(command, Submit)
        left, limit = command.lots, command.limit
        if command.side is BUY:
            own, other, sign = bids, asks, 1
        else:
            own, other, sign = asks, bids, -1
        bound = limit * sign if limit else MID * 2
        while left and other and (best := other.peekitem(0))[0] <= bound:
            key, queue = best
            maker, lots = next(iter(queue.items()))
            trades += 1
            if lots > left:
                queue[maker] = lots - left
                left = 0
                break
            left -= lots
            del queue[maker], resting[maker]
            if not queue:
                del other[key]
        if left and limit:
            key = -limit * sign
            if key in own:
                own[key][command.order_id] = left
            else:
                own[key] = {command.order_id: left}
            resting[command.order_id] = (own, key)
    return trades


def engine(made: list[AnyCommand]) -> int:
    """The engine; returns the trades, as the bare loop does."""
    matching = MatchingEngine(self_trade=SelfTrade.ALLOW)
    apply = matching.apply
    for command in made:
        apply(command)
    return matching.next_trade_id - 1


def seconds(work: Callable[[Given], int], given: Given) -> tuple[float, int]:
    """How long the processor is busy with it, and the trades.

    Both work alone in one thread, so this is all they cost, whatever else the machine does.
    """
    start = time.process_time()
    trades = work(given)
    return time.process_time() - start, trades


def main() -> None:
    """Measure both in turns and print the best of each, with their ratio."""
    operations = stream(7)
    made = commands(operations)
    bare_best = engine_best = float("inf")
    bare_trades = engine_trades = 0
    for _ in range(ROUNDS):
        took, bare_trades = seconds(bare, made)
        bare_best = min(bare_best, took)
        took, engine_trades = seconds(engine, made)
        engine_best = min(engine_best, took)
    print(f"{'bare SortedDict loop':32} {OPERATIONS / bare_best:12,.0f} operations/s")
    print(f"{'matching engine with events':32} {OPERATIONS / engine_best:12,.0f} operations/s")
    print(f"{'ratio':32} {bare_best / engine_best:12.2f} (target: 0.5)")
    print(f"{'trades':32} {engine_trades:12,d} (bare: {bare_trades:,d})")


if __name__ == "__main__":
    main()
