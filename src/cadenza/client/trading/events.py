"""What happens to an account, one type for each kind of event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cadenza.client.fields import opened
from cadenza.client.trading.values import AccountInfo, Balance, Execution, Position
from cadenza.models import OrderStatus

if TYPE_CHECKING:
    from cadenza.client.trading.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """Something happened.

    Attributes:
        event_id: The venue's id, the same in every delivery; empty for what a resync found out.
        offset: Its place in the account's stream; 0 for what a resync found out.
        at: Milliseconds since the epoch, UTC.
        payload: As it came; ``raw`` decodes it.
    """

    event_id: str = ""
    offset: int = 0
    at: int = 0
    payload: Any = field(default=None, repr=False, compare=False)

    @property
    def raw(self) -> Any:
        """The payload as Python objects; ``None`` where no single payload tells of this."""
        return opened(self.payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(AccountEvent):
    """An order is new, or differs: filled, amended, triggered, ended.

    Attributes:
        order: The live order, which goes on changing.
        status: What it was then.
        filled_quantity: What was filled then.
    """

    order: Order
    status: OrderStatus
    filled_quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport(AccountEvent):
    """An order was filled, or a part of it. Comes before the order's own event.

    Attributes:
        execution: The fill.
        order: The live order, if it is known.
    """

    execution: Execution
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioUpdated(AccountEvent):
    """Balances and positions changed: those that did, as they are now."""

    balances: Sequence[Balance] = ()
    positions: Sequence[Position] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated(AccountEvent):
    """The account was funded, reset, renamed, switched."""

    account: AccountInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynced(AccountEvent):
    """Events were missed and could not be recovered: the copy was loaded anew.

    What was found out follows as ``ExecutionReport`` (every one that was missed), ``OrderUpdated``
    (the last state of what differs, not each step) and ``PortfolioUpdated`` (everything).

    Attributes:
        orders: How many orders differ.
        executions: How many were missed.
        error: Why the executions and ended orders may be incomplete; ``None``: they are not.
    """

    orders: int
    executions: int
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(AccountEvent):
    """An event that this version does not know, or cannot read.

    Attributes:
        event_type: What the venue calls it; empty if even that cannot be read.
        error: What is wrong with it, if its type is known.
    """

    event_type: str = ""
    error: Exception | None = None


class WireEvent(msgspec.Struct, frozen=True, rename="camel"):
    """The envelope, with its data still to be read."""

    event_type: str
    event_id: str
    timestamp: str | int
    data: msgspec.Raw


read_wire: Final = msgspec.json.Decoder(WireEvent).decode
