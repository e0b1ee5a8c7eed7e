"""The events of an account, one type for each kind."""

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
    """Base of all events.

    Attributes:
        event_id: The venue's id, the same in every delivery; empty if a resync found it out.
        offset: The offset in the account's stream; 0 if a resync found it out.
        at: The time of the event, milliseconds since the epoch, UTC.
        payload: The payload as it came; ``raw`` decodes it.
    """

    event_id: str = ""
    offset: int = 0
    at: int = 0
    payload: Any = field(default=None, repr=False, compare=False)

    @property
    def raw(self) -> Any:
        """The payload as Python objects; ``None`` if the event did not come as one payload."""
        return opened(self.payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(AccountEvent):
    """An order is new, or has changed: filled, amended, triggered, ended.

    Attributes:
        order: The live order, which goes on changing.
        status: The status at the time of the event.
        filled_quantity: The filled quantity at the time of the event, in the base asset.
    """

    order: Order
    status: OrderStatus
    filled_quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport(AccountEvent):
    """An order was filled, or a part of it. Comes before the order's own event.

    Attributes:
        execution: The fill.
        order: The live order; ``None`` if it is not known.
    """

    execution: Execution
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioUpdated(AccountEvent):
    """Balances or positions have changed.

    Attributes:
        balances: The balances that changed, as they are now.
        positions: The positions that changed, as they are now; closed ones too.
    """

    balances: Sequence[Balance] = ()
    positions: Sequence[Position] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated(AccountEvent):
    """The account was funded, reset, renamed, or switched on or off.

    Attributes:
        account: The account as it is now.
    """

    account: AccountInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynced(AccountEvent):
    """Events were missed and could not be recovered: the state was loaded again.

    The differences follow as ``ExecutionReport`` (every one that was missed), ``OrderUpdated`` (the
    last state of each changed order, not each step) and ``PortfolioUpdated`` (everything).

    Attributes:
        orders: How many orders have changed.
        executions: How many executions were missed.
        error: Why executions and ended orders may be incomplete; ``None`` if they are complete.
    """

    orders: int
    executions: int
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(AccountEvent):
    """An event that this version does not know, or cannot read.

    Attributes:
        event_type: The venue's name for its type; empty if even that cannot be read.
        error: Why it cannot be read; ``None`` if its type is unknown.
    """

    event_type: str = ""
    error: Exception | None = None


class WireEvent(msgspec.Struct, frozen=True, rename="camel"):
    """The envelope of an event, with its data still to be decoded."""

    event_type: str
    event_id: str
    timestamp: str | int
    data: msgspec.Raw


read_wire: Final = msgspec.json.Decoder(WireEvent).decode
