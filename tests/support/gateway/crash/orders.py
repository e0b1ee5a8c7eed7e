"""What may become of an order, seen from outside: its payload before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

TERMINAL: Final = frozenset(("FILLED", "CANCELLED", "REJECTED", "EXPIRED", "REVOKED"))
TERMS: Final = ("quantity", "limitPrice", "stopPrice")
"""What an amendment can change."""
_MOVING: Final = frozenset(
    (
        *TERMS,
        "status",
        "updatedAt",
        "executedPrice",
        "executedQuantity",
        "executedCost",
        "fees",
        "lastExecutionAt",
        "canceledAt",
        "cancelReason",
        "isWorking",
        "waitsFor",
        "triggeredAt",
        "preventedQuantity",
        "rejectReason",
    )
)
_ASKED: Final = (
    "instrumentId",
    "orderSide",
    "orderType",
    "timeInForce",
    "quantity",
    "quantityType",
    "limitPrice",
    "stopPrice",
    "visibleQuantity",
    "clientOrderId",
)


def is_open(order: Mapping[str, Any]) -> bool:
    return order["status"] not in TERMINAL


def is_buy(order: Mapping[str, Any]) -> bool:
    return order["orderSide"] == "BUY"


def left(order: Mapping[str, Any]) -> Decimal:
    """What is not executed yet."""
    return Decimal(order["quantity"]) - Decimal(order["executedQuantity"])


def exit_key(order: Mapping[str, Any]) -> str:
    """Key of the reservation that the exits of a list share; empty: it is no exit."""
    is_exit = "orderListId" in order and "clientOrderId" not in order
    return f"{order['orderListId']}/exit" if is_exit else ""


def fees(record: Mapping[str, Any]) -> Decimal:
    """Of an order or an execution, in its one fee asset."""
    return sum((Decimal(it["quantity"]) for it in record["fees"]), Decimal(0))


def check_follows(
    before: Mapping[str, Any], after: Mapping[str, Any], changes: Iterable[Mapping[str, str]] = ()
) -> None:
    """An order as it is now must be what it was, or what that can become.

    Args:
        before: What was shown.
        after: What is shown later.
        changes: The amendments that were asked for and not answered.
    """
    told = f"\nbefore: {before}\nafter:  {after}"
    if not is_open(before):
        assert before == after, f"an order that had ended changed{told}"
        return
    for name in before.keys() | after.keys():
        if name not in _MOVING:
            assert before.get(name) == after.get(name), f"{name} changed{told}"
    for name in TERMS:
        possible = {before.get(name), *(it[name] for it in changes if name in it)}
        if before["quantityType"] == "BASE" or name != "quantity":
            assert _same_as_one(after.get(name), possible), f"nobody changed {name} so{told}"
    for name in ("executedQuantity", "executedCost"):
        assert Decimal(after[name]) >= Decimal(before[name]), f"{name} went back{told}"
    assert after["updatedAt"] >= before["updatedAt"], f"time went back{told}"
    assert after["status"] != "SUBMITTED", f"a step back{told}"
    is_worked = Decimal(after["executedQuantity"]) > 0
    assert not (is_worked and after["status"] == "ACCEPTED"), f"a step back{told}"
    done = before["quantityType"] == "BASE" and not left(after)
    if before["quantityType"] == "BASE":
        assert (after["status"] == "FILLED") == done, f"filled or not{told}"


def check_asked(order: Mapping[str, Any], asked: Mapping[str, str]) -> None:
    """An order that nobody could amend yet has exactly the terms that were asked for."""
    for name in _ASKED:
        if name in asked:
            same = _same_as_one(order.get(name), {asked[name]})
            assert same, f"{name} is not as asked\nasked: {asked}\norder: {order}"


def check_executed(order: Mapping[str, Any], executions: Iterable[Mapping[str, Any]]) -> None:
    """What an order says it has got is the sum of its executions."""
    found = list(executions)
    for name in ("executedQuantity", "executedCost"):
        total = sum((Decimal(it[name]) for it in found), Decimal(0))
        assert total == Decimal(order[name]), f"executions come to {total} {name}: {order}"
    assert fees(order) == sum(map(fees, found), Decimal(0)), order


def _same_as_one(value: str | None, possible: set[str | None]) -> bool:
    if value in possible:
        return True
    numbers = {Decimal(it) for it in possible if it is not None and it[:1].isdigit()}
    return value is not None and value[:1].isdigit() and Decimal(value) in numbers
