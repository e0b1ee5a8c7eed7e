"""Faults that others look up: the node's health, rules for orders, and the expiry of tokens."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Final

import msgspec

from cadenza.gateway.faults.specs import AnyFault, Expire, NodeUnhealthy, Order
from cadenza.gateway.faults.table import ActiveFault, FaultTable
from cadenza.realtime import ConnectClaims, Node, SubscribeClaims, TokenExpired, TokenVerifier
from cadenza.realtime.eager import MaybeAwaitable
from cadenza.trading.orders.faults import OrderFault, OrderFaults, OrderRule

SEEN_KEPT: Final = 4096
"""Tokens whose first use is remembered."""


class HealthFaults:
    """Carries out ``NodeUnhealthy``: ``Node.unhealthy`` says why while one is on.

    Args:
        table: The faults that are on.
        node: Tells its health checks.
    """

    def __init__(self, table: FaultTable, node: Node) -> None:
        self._reasons: dict[str, str] = {}
        self._node = node
        table.carries(self, [NodeUnhealthy])

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
        self._node.unhealthy = next(iter(self._reasons.values()), "")


class OrderRules:
    """Carries out ``Order``: keeps a rule of ``orders`` for each.

    Args:
        table: The faults that are on.

    Attributes:
        orders: The rules, for whoever decides orders.
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


class EarlyExpiry:
    """Verifies as its inner verifier does, and lets tokens expire as the faults say.

    Args:
        inner: Verifies.
        table: The faults that are on.
    """

    def __init__(self, inner: TokenVerifier, table: FaultTable) -> None:
        self._inner = inner
        self._table = table
        # By hash, which Python makes from a secret of the process: no token is kept.
        self._first_used: dict[int, int] = {}

    def connect(self, token: str, now: float) -> MaybeAwaitable[ConnectClaims]:
        """See ``TokenVerifier``."""
        claims = self._inner.connect(token, now)
        if isinstance(claims, ConnectClaims):
            return self._shortened(token, claims, now)
        return self._later(token, claims, now)

    def subscribe(self, token: str, now: float) -> MaybeAwaitable[SubscribeClaims]:
        """See ``TokenVerifier``."""
        return self._inner.subscribe(token, now)

    async def _later(
        self, token: str, claims: Awaitable[ConnectClaims], now: float
    ) -> ConnectClaims:
        return self._shortened(token, await claims, now)

    def _shortened(self, token: str, claims: ConnectClaims, now: float) -> ConnectClaims:
        """The claims with the expiry that the faults leave them.

        Raises:
            TokenExpired: A fault expired every token that was used before it, and so this one.
        """
        first_used = self._note(token, round(now * 1000))
        expire_at = claims.expire_at
        for fault in self._table.of(Expire):
            spec = fault.spec
            if not isinstance(spec, Expire) or spec.target.user not in {"", claims.user}:
                continue
            if not spec.ms:
                if first_used <= fault.set_at and fault.strikes():
                    raise TokenExpired(f"{fault.id} has expired it")
                continue
            short = math.ceil(now + spec.ms / 1000)
            if not 0 < expire_at <= short and fault.strikes():
                expire_at = short
        if expire_at == claims.expire_at:
            return claims
        return msgspec.structs.replace(claims, expire_at=expire_at)

    def _note(self, token: str, now_ms: int) -> int:
        """When the token was first used, in Unix milliseconds."""
        known = self._first_used
        first_used = known.setdefault(hash(token), now_ms)
        if len(known) > SEEN_KEPT:
            del known[next(iter(known))]
        return first_used
