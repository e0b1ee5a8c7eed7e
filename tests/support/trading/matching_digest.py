"""Print a digest of what a matching engine tells; run as a program, in a process of its own."""

from __future__ import annotations

import hashlib
import random
import sys

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderType
from cadenza.trading.matching.commands import (
    Amend,
    AnyCommand,
    Cancel,
    CancelAll,
    SelfTrade,
    Submit,
    SubmitList,
)
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.matching.saved_order import saved_of


def order(chance: random.Random, now: int, order_id: str, owner: str) -> Submit:
    """Any sound order near a price of 100."""
    kind, time = chance.choice([(OrderType.LIMIT, "GTC"), chance.choice(sorted(SHAPES))])
    shape = SHAPES[kind, time]  # type: ignore[index]  # a time in force is its own name
    lots = chance.randint(1, 20)
    return Submit(
        now=now,
        order_id=order_id,
        owner=owner,
        side=chance.choice([OrderSide.BUY, OrderSide.SELL]),
        type=kind,
        time_in_force=time,  # type: ignore[arg-type]  # as above
        lots=lots,
        limit=chance.randint(95, 105) if shape.limit else 0,
        stop=chance.randint(95, 105) if shape.stop else 0,
        trail=chance.randint(1, 4) if shape.trail else 0,
        visible=chance.randint(0, lots) if shape.rests else 0,
        expire_at=now + chance.randint(1, 300) if shape.until else 0,
        self_trade=chance.choice([None, *SelfTrade]),
    )


def command(chance: random.Random, number: int) -> AnyCommand:
    """One of a mix in which most orders meet others."""
    owner, other = chance.choice("ABCDEF"), str(chance.randrange(number + 1))
    draw = chance.random()
    if draw < 0.15:
        return Cancel(now=number, order_id=other)
    if draw < 0.25:
        return Amend(now=number, order_id=other, lots=chance.randint(1, 20))
    if draw < 0.26:
        return CancelAll(now=number, owner=owner)
    if draw < 0.36:
        pair = (order(chance, number, f"{number}{leg}", owner) for leg in ("", "b"))
        return SubmitList(
            now=number,
            list_id=str(number),
            contingency=chance.choice([ContingencyType.OCO, ContingencyType.OTO]),
            orders=tuple(pair),
        )
    return order(chance, number, str(number), owner)


def main(seed: int, count: int) -> None:
    """Apply the commands and print one line."""
    chance, engine, digest, told = random.Random(seed), MatchingEngine(), hashlib.sha256(), 0
    for number in range(count):
        events = engine.apply(command(chance, number))
        told += len(events)
        digest.update(msgspec.json.encode(events))
    for one in engine.orders.values():
        digest.update(msgspec.json.encode(saved_of(one)))
    print(told, digest.hexdigest())  # noqa: T201 - what it is run for


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
