"""Faults that are looked up: the node's health, and the rules for orders."""

from __future__ import annotations

from typing import Final

from cadenza.gateway.faults.specs import AnyFault, NodeUnhealthy, Order
from cadenza.gateway.faults.table import ActiveFault, FaultTable
from cadenza.realtime import Node
from cadenza.trading.orders.faults import OrderFault, OrderFaults, OrderRule


class HealthFaults:
    """Carries out ``NodeUnhealthy``: ``Node.unhealthy`` says why while one is on.

    Args:
        table: The faults that are on.
    """

    def __init__(self, table: FaultTable) -> None:
        self._reasons: dict[str, str] = {}
        self._node: Node | None = None
        table.carries(self, [NodeUnhealthy])

    @property
    def reason(self) -> str:
        """Why the node is unhealthy; empty if no fault makes it so."""
        return next(iter(self._reasons.values()), "")

    def attach(self, node: Node) -> None:
        """Act on this node's health."""
        self._node = node

    def check(self, spec: AnyFault) -> None:
        """See ``Injector``: everything can be carried out."""

    def act(self, fault: ActiveFault) -> None:
        """See ``Injector``."""
        if isinstance(fault.spec, NodeUnhealthy) and fault.strikes():
            self._reasons[fault.id] = fault.spec.reason or fault.id
            self._tell()

    def ended(self, fault: ActiveFault) -> None:
        """See ``Injector``."""
        if self._reasons.pop(fault.id, ""):
            self._tell()

    def _tell(self) -> None:
        if self._node is not None:
            self._node.unhealthy = self.reason


class OrderRules:
    """Carries out ``Order``: keeps a rule of ``orders`` for each.

    Args:
        table: The faults that are on.

    Attributes:
        orders: What whoever decides orders asks.
    """

    def __init__(self, table: FaultTable) -> None:
        self.orders: Final = OrderFaults()
        self._rules: dict[str, OrderRule] = {}
        table.carries(self, [Order])

    def check(self, spec: AnyFault) -> None:
        """See ``Injector``: accounts and orders need not exist yet."""

    def act(self, fault: ActiveFault) -> None:
        """See ``Injector``."""
        spec = fault.spec
        if not isinstance(spec, Order):
            return
        rule = OrderRule(
            OrderFault(
                reject=spec.reject, delay_ms=spec.delay_ms, fill_permille=spec.fill_permille
            ),
            account_id=spec.target.account,
            instrument_id=spec.target.instrument,
            prefix=spec.target.client_order_id_prefix,
            strike=fault.strikes,
        )
        self._rules[fault.id] = rule
        self.orders.add(rule)

    def ended(self, fault: ActiveFault) -> None:
        """See ``Injector``."""
        rule = self._rules.pop(fault.id, None)
        if rule is not None:
            self.orders.remove(rule)
