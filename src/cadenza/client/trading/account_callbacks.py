"""The callbacks of an account, and the teller that passes its events on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cadenza.client.callbacks import Callback
from cadenza.client.host import ClientHost
from cadenza.client.trading.events import (
    AccountEvent,
    AccountUpdated,
    ExecutionReport,
    OrderUpdated,
    PortfolioUpdated,
    Resynced,
)
from cadenza.client.trading.states import AccountState
from cadenza.client.trading.streams import Streams


@dataclass(frozen=True, kw_only=True)
class AccountCallbacks:
    """Functions, plain or async, that an account calls after its copy has changed.

    Plain functions are called by the reader of the connection, at once and in order; async ones
    run one after another, and may call the client.

    Attributes:
        on_event: Called with every event.
        on_order: Called when an order is new or has changed.
        on_execution: Called when an order was filled, or a part of it.
        on_portfolio: Called when balances or positions have changed.
        on_account: Called when the account itself has changed.
        on_resync: Called when events were missed and the state was loaded again.
        on_state: Called when the copy becomes live, stale, ...
    """

    on_event: Callback[AccountEvent] | None = None
    on_order: Callback[OrderUpdated] | None = None
    on_execution: Callback[ExecutionReport] | None = None
    on_portfolio: Callback[PortfolioUpdated] | None = None
    on_account: Callback[AccountUpdated] | None = None
    on_resync: Callback[Resynced] | None = None
    on_state: Callback[AccountState] | None = None


class Teller:
    """Passes events on, in this order: the order itself, callbacks, streams.

    Args:
        host: The client.
        name: The account, for errors.
        callbacks: The functions of the user.

    Attributes:
        streams: The streams of those who iterate.
    """

    def __init__(self, host: ClientHost, name: str, callbacks: AccountCallbacks) -> None:
        self.streams: Final = Streams[AccountEvent](name, host.hold, host.tasks.report)
        self._events = host.events
        self._name = name
        self._on_event = callbacks.on_event
        self._on_following = callbacks.on_state
        self._by_kind: dict[type[AccountEvent], Callback[Any] | None] = {
            OrderUpdated: callbacks.on_order,
            ExecutionReport: callbacks.on_execution,
            PortfolioUpdated: callbacks.on_portfolio,
            AccountUpdated: callbacks.on_account,
            Resynced: callbacks.on_resync,
        }

    def tell(self, event: AccountEvent) -> None:
        """Pass on an event, which the copy shows already."""
        if isinstance(event, (OrderUpdated, ExecutionReport)) and event.order is not None:
            event.order.tell(event)
        of_kind = self._by_kind.get(type(event))
        self._events.call(of_kind, event, f"a callback of {self._name}")
        self._events.call(self._on_event, event, f"on_event of {self._name}")
        self.streams.put(event)

    def tell_state(self, state: AccountState) -> None:
        """Tell that the copy has become live, stale, ..."""
        self._events.call(self._on_following, state, f"on_state of {self._name}")
