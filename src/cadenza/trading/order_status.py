"""The life of an order as a table: what happens to it, in which status, and what it then is.

The statuses are the API's, all thirteen. The API keeps an amended order under its own id, so
REPLACED is a live status here, as in FIX 4.2: the order works on under its new terms.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from cadenza.models import OrderStatus as S


class OrderEvent(StrEnum):
    """The events in the life of an order."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    REJECT = "reject"
    FILL_PART = "fill part"
    FILL_ALL = "fill all"
    ASK_CANCEL = "ask cancel"
    CANCEL = "cancel"
    ASK_REPLACE = "ask replace"
    REPLACE = "replace"
    RESUME = "resume"
    """A cancel or replace was refused, and nothing is executed."""
    RESUME_PART = "resume part"
    """A cancel or replace was refused, and a part is executed."""
    EXPIRE = "expire"
    REVOKE = "revoke"
    """The operator of the venue takes it away (a delisting, an account closed)."""
    LOSE = "lose"
    """Nobody can say what became of it (the connection to the venue broke)."""


E = OrderEvent

# The events that engines tell: to read a member off its class costs as much as the whole step.
FILL_PART: Final = E.FILL_PART
FILL_ALL: Final = E.FILL_ALL
CANCEL: Final = E.CANCEL
REPLACE: Final = E.REPLACE
EXPIRE: Final = E.EXPIRE


class Step(NamedTuple):
    """One row of the table."""

    status: S
    event: OrderEvent
    then: S
    why: str


LIFE: Final = (
    Step(S.CREATED, E.SUBMIT, S.SUBMITTED, "written down, on its way to the venue"),
    Step(S.CREATED, E.REJECT, S.REJECTED, "refused before it left: a filter or the balance"),
    Step(S.CREATED, E.CANCEL, S.CANCELLED, "its owner took it back before it left"),
    Step(S.CREATED, E.EXPIRE, S.EXPIRED, "its time ran out before it left"),
    Step(S.SUBMITTED, E.ACCEPT, S.ACCEPTED, "the venue has it: in the book or waiting to trigger"),
    Step(S.SUBMITTED, E.REJECT, S.REJECTED, "the venue refused it"),
    Step(S.SUBMITTED, E.ASK_CANCEL, S.PENDING_CANCEL, "a cancel overtook the acceptance"),
    Step(S.SUBMITTED, E.CANCEL, S.CANCELLED, "ended with its order list before it was accepted"),
    Step(S.SUBMITTED, E.EXPIRE, S.EXPIRED, "its time ran out on the way"),
    Step(S.SUBMITTED, E.LOSE, S.UNKNOWN, "sent, and no answer came"),
    Step(S.ACCEPTED, E.FILL_PART, S.PARTIALLY_FILLED, "the first part is executed"),
    Step(S.ACCEPTED, E.FILL_ALL, S.FILLED, "executed at once"),
    Step(S.ACCEPTED, E.ASK_CANCEL, S.PENDING_CANCEL, "its owner wants it back"),
    Step(S.ACCEPTED, E.CANCEL, S.CANCELLED, "cancelled by its owner or by a rule of the venue"),
    Step(S.ACCEPTED, E.ASK_REPLACE, S.PENDING_REPLACE, "its owner wants other terms"),
    Step(S.ACCEPTED, E.REPLACE, S.REPLACED, "the venue took the new terms at once"),
    Step(S.ACCEPTED, E.EXPIRE, S.EXPIRED, "good till a time that has come"),
    Step(S.ACCEPTED, E.REVOKE, S.REVOKED, "taken away by the operator"),
    Step(S.ACCEPTED, E.LOSE, S.UNKNOWN, "the venue is out of sight"),
    Step(S.PARTIALLY_FILLED, E.FILL_PART, S.PARTIALLY_FILLED, "another part, some is left"),
    Step(S.PARTIALLY_FILLED, E.FILL_ALL, S.FILLED, "the last part"),
    Step(S.PARTIALLY_FILLED, E.ASK_CANCEL, S.PENDING_CANCEL, "its owner wants the rest back"),
    Step(S.PARTIALLY_FILLED, E.CANCEL, S.CANCELLED, "the rest is cancelled, the parts stand"),
    Step(S.PARTIALLY_FILLED, E.ASK_REPLACE, S.PENDING_REPLACE, "other terms for the rest"),
    Step(S.PARTIALLY_FILLED, E.REPLACE, S.REPLACED, "the rest works under new terms"),
    Step(S.PARTIALLY_FILLED, E.EXPIRE, S.EXPIRED, "the rest ran out of time"),
    Step(S.PARTIALLY_FILLED, E.REVOKE, S.REVOKED, "the rest is taken away"),
    Step(S.PARTIALLY_FILLED, E.LOSE, S.UNKNOWN, "the venue is out of sight"),
    Step(S.PENDING_CANCEL, E.ACCEPT, S.PENDING_CANCEL, "the overtaken acceptance arrives"),
    Step(S.PENDING_CANCEL, E.REJECT, S.REJECTED, "the venue refused it: nothing to cancel"),
    Step(S.PENDING_CANCEL, E.FILL_PART, S.PENDING_CANCEL, "a fill came first, the rest is asked"),
    Step(S.PENDING_CANCEL, E.FILL_ALL, S.FILLED, "the cancel came too late"),
    Step(S.PENDING_CANCEL, E.CANCEL, S.CANCELLED, "the cancel is done"),
    Step(S.PENDING_CANCEL, E.RESUME, S.ACCEPTED, "the cancel was refused"),
    Step(S.PENDING_CANCEL, E.RESUME_PART, S.PARTIALLY_FILLED, "refused, with a part executed"),
    Step(S.PENDING_CANCEL, E.EXPIRE, S.EXPIRED, "time was faster than the cancel"),
    Step(S.PENDING_CANCEL, E.REVOKE, S.REVOKED, "the operator was faster than the cancel"),
    Step(S.PENDING_CANCEL, E.LOSE, S.UNKNOWN, "the answer to the cancel never came"),
    Step(S.PENDING_REPLACE, E.FILL_PART, S.PENDING_REPLACE, "filled in part under the old terms"),
    Step(S.PENDING_REPLACE, E.FILL_ALL, S.FILLED, "the new terms came too late"),
    Step(S.PENDING_REPLACE, E.ASK_CANCEL, S.PENDING_CANCEL, "a cancel outranks a replace"),
    Step(S.PENDING_REPLACE, E.CANCEL, S.CANCELLED, "ended before the new terms came"),
    Step(S.PENDING_REPLACE, E.REPLACE, S.REPLACED, "the new terms hold"),
    Step(S.PENDING_REPLACE, E.RESUME, S.ACCEPTED, "refused: the old terms hold"),
    Step(S.PENDING_REPLACE, E.RESUME_PART, S.PARTIALLY_FILLED, "refused, with a part executed"),
    Step(S.PENDING_REPLACE, E.EXPIRE, S.EXPIRED, "time was faster than the new terms"),
    Step(S.PENDING_REPLACE, E.REVOKE, S.REVOKED, "the operator was faster"),
    Step(S.PENDING_REPLACE, E.LOSE, S.UNKNOWN, "the answer to the replace never came"),
    Step(S.REPLACED, E.FILL_PART, S.PARTIALLY_FILLED, "a part is executed on the new terms"),
    Step(S.REPLACED, E.FILL_ALL, S.FILLED, "executed on the new terms"),
    Step(S.REPLACED, E.ASK_CANCEL, S.PENDING_CANCEL, "its owner wants it back"),
    Step(S.REPLACED, E.CANCEL, S.CANCELLED, "cancelled by its owner or by a rule of the venue"),
    Step(S.REPLACED, E.ASK_REPLACE, S.PENDING_REPLACE, "other terms once more"),
    Step(S.REPLACED, E.REPLACE, S.REPLACED, "new terms once more"),
    Step(S.REPLACED, E.EXPIRE, S.EXPIRED, "good till a time that has come"),
    Step(S.REPLACED, E.REVOKE, S.REVOKED, "taken away by the operator"),
    Step(S.REPLACED, E.LOSE, S.UNKNOWN, "the venue is out of sight"),
    Step(S.UNKNOWN, E.ACCEPT, S.ACCEPTED, "found again: working"),
    Step(S.UNKNOWN, E.REJECT, S.REJECTED, "found again: it had been refused"),
    Step(S.UNKNOWN, E.FILL_PART, S.PARTIALLY_FILLED, "found again by a fill"),
    Step(S.UNKNOWN, E.FILL_ALL, S.FILLED, "found again: done"),
    Step(S.UNKNOWN, E.CANCEL, S.CANCELLED, "found again: cancelled"),
    Step(S.UNKNOWN, E.REPLACE, S.REPLACED, "found again under its new terms"),
    Step(S.UNKNOWN, E.EXPIRE, S.EXPIRED, "found again: out of time"),
    Step(S.UNKNOWN, E.REVOKE, S.REVOKED, "found again: taken away"),
    Step(S.UNKNOWN, E.LOSE, S.UNKNOWN, "still out of sight"),
)
"""Every step there is; FILLED, CANCELLED, REJECTED, EXPIRED and REVOKED are final."""

_NEXT: Final[dict[S, dict[OrderEvent, S]]] = {
    status: {step.event: step.then for step in LIFE if step.status is status} for status in S
}

TERMINAL: Final = frozenset(status for status, steps in _NEXT.items() if not steps)
"""The statuses nothing leads out of."""


class ImpossibleStepError(Exception):
    """The event cannot happen to an order in this status: a fault of the venue, not of a client."""

    def __init__(self, status: S, event: OrderEvent) -> None:
        self.status = status
        self.event = event
        self.possible = tuple(_NEXT[status])
        possible = ", ".join(self.possible) or "nothing, it is final"
        super().__init__(f'"{event}" cannot happen to a {status} order (possible: {possible})')


def after(status: S, event: OrderEvent) -> S:
    """The status that follows.

    Raises:
        ImpossibleStepError: If the table has no such step.
    """
    then = _NEXT[status].get(event)
    if then is None:
        raise ImpossibleStepError(status, event)
    return then


class Steps(dict[S, S]):
    """The column of one event: the status that follows, by the status before.

    For those who take the same step a million times: a look-up instead of a call.

    Raises:
        ImpossibleStepError: When looked up, if the table has no such step.
    """

    def __init__(self, event: OrderEvent) -> None:
        super().__init__({step.status: step.then for step in LIFE if step.event is event})
        self.event = event

    def __missing__(self, status: S) -> S:
        raise ImpossibleStepError(status, self.event)


AFTER_FILL_PART: Final = Steps(FILL_PART)
AFTER_FILL_ALL: Final = Steps(FILL_ALL)
AFTER_CANCEL: Final = Steps(CANCEL)
AFTER_REPLACE: Final = Steps(REPLACE)
AFTER_EXPIRE: Final = Steps(EXPIRE)
