"""Orders as tables: which types and times go together, how an order lives, what a journal does."""

from __future__ import annotations

import inspect

from cadenza.models import OrderStatus, OrderType, TimeInForce
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.order_status import LIFE, TERMINAL
from cadenza.trading.store import journal
from generators.source import one_line, table


def order_shapes() -> str:
    """Each order type with the prices it needs and the times in force that go with it."""
    kinds = list(dict.fromkeys(kind for kind, _ in SHAPES))
    times = list(dict.fromkeys(time for _, time in SHAPES))
    times.sort(key=list(TimeInForce).index)
    rows = [
        [
            f"`{kind}`",
            _needs(kind),
            *(_effect(kind, time) if (kind, time) in SHAPES else "" for time in times),
        ]
        for kind in kinds
    ]
    return table(["Order type", "Needs", *(f"`{time}`" for time in times)], rows)


def _needs(kind: OrderType) -> str:
    shape = next(shape for (name, _), shape in SHAPES.items() if name is kind)
    fields = {
        "`stopPrice`": shape.stop,
        "`trailingDistance`": shape.trail,
        "`limitPrice`": shape.limit,
    }
    return ", ".join(name for name, is_needed in fields.items() if is_needed)


def _effect(kind: OrderType, time: TimeInForce) -> str:
    """What becomes of the part that finds nobody when the order reaches the book."""
    shape = SHAPES[kind, time]
    if shape.whole:
        return "whole or not at all"
    if not shape.rests:
        return "cancels the rest"
    return "rests, post-only" if shape.post_only else "rests"


def order_life() -> str:
    """Every step in the life of an order."""
    rows = [[f"`{step.status}`", step.event.value, f"`{step.then}`", step.why] for step in LIFE]
    return table(["Status", "What happens", "Then", "In words"], rows)


def order_ends() -> str:
    """The statuses that nothing leads out of."""
    return "Final: " + ", ".join(f"`{one}`" for one in OrderStatus if one in TERMINAL) + "."


def journal_states() -> str:
    """The states of the journal, from the table of its module."""
    text = inspect.cleandoc(journal.__doc__ or "")
    _, block, _ = text.split("==========  " + "=" * 69)
    rows = []
    for line in block.strip().splitlines():
        name, _, meaning = line.partition(" ")
        rows.append([f"`{name}`", one_line(meaning)])
    return table(["State", "Meaning"], rows)
