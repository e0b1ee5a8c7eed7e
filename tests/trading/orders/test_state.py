"""Order states, executions and operations: what is written down of them can be read again."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.models import OrderStatus
from cadenza.trading.order_status import TERMINAL
from cadenza.trading.orders.state import OrderState
from support.trading.store_records import execution, operation, order


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_open_until_nothing_can_happen_to_it(status):
    """The life cycle's table says which statuses are final."""
    assert order(1, status=status).is_open is (status not in TERMINAL)


@pytest.mark.parametrize(
    "record",
    [order(1), order(2, status=OrderStatus.FILLED, fees=-3), execution(1, 1), operation(1)],
)
@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack])
def test_a_record_decodes_to_an_equal_one(record, codec):
    """Nothing is lost on the way to a store and back."""
    assert codec.decode(codec.encode(record), type=type(record)) == record


def test_older_and_newer_records_can_be_read():
    """Fields that are missing take their default, and unknown ones are passed over."""
    made = order(1)
    body = msgspec.json.decode(msgspec.json.encode(made))
    assert "fees" not in body
    body["of_a_later_version"] = {"any": 1}
    assert msgspec.json.decode(msgspec.json.encode(body), type=OrderState) == made


def test_amounts_beyond_64_bits_survive():
    """Sums over a long life are not cut."""
    made = order(1, cost=2**70, fees=-(2**70))
    assert msgspec.json.decode(msgspec.json.encode(made), type=OrderState) == made
