"""The order life cycle: every status against every event."""

from __future__ import annotations

import pytest

from cadenza.models import OrderStatus
from cadenza.trading.order_status import (
    AFTER_CANCEL,
    AFTER_EXPIRE,
    AFTER_FILL_ALL,
    AFTER_FILL_PART,
    AFTER_REPLACE,
    LIFE,
    TERMINAL,
    ImpossibleStepError,
    OrderEvent,
    after,
)

# Written down a second time, the other way round: statuses as rows, events as columns.
# A full stop is an event that cannot happen.
COLUMNS = (
    "SUBMIT ACCEPT REJECT FILL_PART FILL_ALL ASK_CANCEL CANCEL ASK_REPLACE REPLACE RESUME"
    " RESUME_PART EXPIRE REVOKE LOSE"
)
SHORT = {
    "C": "CREATED",
    "S": "SUBMITTED",
    "A": "ACCEPTED",
    "P": "PARTIALLY_FILLED",
    "F": "FILLED",
    "X": "CANCELLED",
    "PC": "PENDING_CANCEL",
    "R": "REPLACED",
    "PR": "PENDING_REPLACE",
    "J": "REJECTED",
    "E": "EXPIRED",
    "V": "REVOKED",
    "U": "UNKNOWN",
}
ROWS = """
C   S  .  J  .  .  .  X  .  .  .  .  E  .  .
S   .  A  J  .  .  PC X  .  .  .  .  E  .  U
A   .  .  .  P  F  PC X  PR R  .  .  E  V  U
P   .  .  .  P  F  PC X  PR R  .  .  E  V  U
PC  .  PC J  PC F  .  X  .  .  A  P  E  V  U
PR  .  .  .  PR F  PC X  .  R  A  P  E  V  U
R   .  .  .  P  F  PC X  PR R  .  .  E  V  U
U   .  A  J  P  F  .  X  .  R  .  .  E  V  U
F   .  .  .  .  .  .  .  .  .  .  .  .  .  .
X   .  .  .  .  .  .  .  .  .  .  .  .  .  .
J   .  .  .  .  .  .  .  .  .  .  .  .  .  .
E   .  .  .  .  .  .  .  .  .  .  .  .  .  .
V   .  .  .  .  .  .  .  .  .  .  .  .  .  .
"""
CELLS = [
    (SHORT[row.split()[0]], event, SHORT.get(cell))
    for row in ROWS.strip().splitlines()
    for event, cell in zip(COLUMNS.split(), row.split()[1:], strict=True)
]


def test_the_grid_names_every_status_and_every_event():
    assert {status for status, _, _ in CELLS} == {status.name for status in OrderStatus}
    assert set(COLUMNS.split()) == {event.name for event in OrderEvent}
    assert len(CELLS) == len(OrderStatus) * len(OrderEvent)


@pytest.mark.parametrize(("status", "event", "then"), CELLS)
def test_every_status_against_every_event(status, event, then):
    """The step of the grid, or an error that names what would have been possible."""
    if then is not None:
        assert after(OrderStatus[status], OrderEvent[event]) is OrderStatus[then]
        return
    with pytest.raises(ImpossibleStepError) as caught:
        after(OrderStatus[status], OrderEvent[event])
    error = caught.value
    possible = {name for of, name, to in CELLS if of == status and to is not None}
    assert {step.name for step in error.possible} == possible
    assert status in str(error)


def test_final_statuses_are_those_nothing_leads_out_of():
    assert {status.name for status in TERMINAL} == {
        "FILLED",
        "CANCELLED",
        "REJECTED",
        "EXPIRED",
        "REVOKED",
    }


def test_every_step_says_why_once():
    """A reason for each, and no step is written twice."""
    assert all(step.why for step in LIFE)
    assert len({(step.status, step.event) for step in LIFE}) == len(LIFE)


def test_every_status_but_the_first_can_be_reached():
    assert {step.then for step in LIFE} == set(OrderStatus) - {OrderStatus.CREATED}


COLUMNS_OF_ENGINES = {
    OrderEvent.CANCEL: AFTER_CANCEL,
    OrderEvent.EXPIRE: AFTER_EXPIRE,
    OrderEvent.FILL_ALL: AFTER_FILL_ALL,
    OrderEvent.FILL_PART: AFTER_FILL_PART,
    OrderEvent.REPLACE: AFTER_REPLACE,
}


@pytest.mark.parametrize("event", COLUMNS_OF_ENGINES)
@pytest.mark.parametrize("status", OrderStatus)
def test_a_column_says_what_the_table_says(status, event):
    """Where engines look a step up instead of asking for it; also of steps that cannot be."""
    assert answer(COLUMNS_OF_ENGINES[event].__getitem__, status) == answer(after, status, event)


def answer(step, *args):
    """The status that follows, or what the error says."""
    try:
        return step(*args)
    except ImpossibleStepError as error:
        return str(error)
