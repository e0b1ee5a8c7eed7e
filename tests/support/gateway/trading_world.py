"""A paper venue behind its operations, called through both surfaces without a socket."""

from __future__ import annotations

import json
from types import SimpleNamespace
from urllib.parse import urlencode

import msgspec

from cadenza.gateway.api import Registry, rpc_handler
from cadenza.gateway.api.error_map import explain
from cadenza.gateway.api.operation import Caller
from cadenza.gateway.api.rest import RestCall
from cadenza.gateway.api.views import view
from cadenza.gateway.operations.catalog import TradingServices, trading_operations
from cadenza.gateway.trading.order_payloads import order_record
from cadenza.models import RpcTradeOrder
from cadenza.realtime import RPCEvent
from support.trading.venue_world import BTC, BUY, ETH, SELL, World

__all__ = ["BTC", "BUY", "ETH", "NOBODYS", "SELL", "Desk"]

NOBODYS = "00000000-0000-4000-8000-ffffffffffff"
"""An account, an order and whatever else that does not exist."""


class Desk:
    """A venue with its operations.

    Attributes:
        world: The venue, and what is around it.
        sent: What the operations told about connections.
        slept: What they waited for, in seconds.
    """

    def __init__(self, world, **services):
        self.world = world
        self.sent = []
        self.slept = []
        world.clock.sleep = self._sleep
        self.services = TradingServices(
            venue=world.venue,
            clock=world.clock,
            submitted=lambda client, orders: self.sent.append((client, len(tuple(orders)))),
            **{"encoded": self.encoded, "patience": 0.0, **services},
        )
        self.registry = Registry(trading_operations(self.services))
        self.handler = rpc_handler(self.registry)

    @classmethod
    async def open(cls, store=None, rules=None, **services):
        more = {} if rules is None else {"rules": rules}
        return cls(await World(store, **more).open(), **services)

    async def _sleep(self, seconds):
        self.slept.append(seconds)

    def encoded(self, order):
        record = order_record(order, self.world.venue.scales)
        return msgspec.Raw(msgspec.json.encode(view(record, RpcTradeOrder)))

    @property
    def account(self):
        return self.world.account().account_id

    def call(self, method, data, user="ann", channels=(), client="c1"):
        """What the handler of the node returns: bytes, or a future of them."""
        connection = SimpleNamespace(user=user, token_channels=frozenset(channels), client=client)
        return self.handler(RPCEvent(connection=connection, method=method, data=data))

    async def raw(self, method, data, user="ann", channels=()):
        """The bytes of an answer over RPC."""
        answer = self.call(method, data, user, channels)
        return answer if isinstance(answer, bytes) else await answer

    async def rpc(self, method, user="ann", channels=(), /, **params):
        """The envelope of an answer over RPC."""
        return json.loads(await self.raw(method, json.dumps(params).encode(), user, channels))

    async def ask(self, method, user="ann", channels=(), /, **params):
        """The data of an answer over RPC that must work."""
        envelope = await self.rpc(method, user, channels, **params)
        assert "error" not in envelope, envelope
        return envelope["data"]

    async def refused(self, method, user="ann", channels=(), /, **params):
        """Code and message of a call over RPC that must not work."""
        envelope = await self.rpc(method, user, channels, **params)
        assert set(envelope) == {"error"}, envelope
        return envelope["error"]["code"], envelope["error"]["message"]

    async def rest(self, http, path, params, user="ann", accounts=()):
        """Envelope over REST, or the `OperationError` that answers the call."""
        operation = self.registry.paths[path][http]
        call = RestCall(operation, operation.rest)
        body = json.dumps(params).encode()
        try:
            query = urlencode(params, doseq=True) if http == "GET" else ""
            _, data = await call(Caller(user, frozenset(accounts)), query, body)
        except Exception as error:  # noqa: BLE001 - explaining any error is what surfaces do
            return explain(error, operation.name)
        return json.loads(data)

    def order(self, **more):
        """An order as RPC takes it."""
        order = {
            "instrumentId": BTC,
            "orderSide": "BUY",
            "orderType": "LIMIT",
            "limitPrice": "100.00",
            "quantity": "1",
        }
        return {**order, **more}

    async def submit(self, user="ann", /, *, call=None, **more):
        """Submit over RPC; what is answered as data."""
        account = self.world.account(user).account_id
        return await self.ask(
            "command.trade_order.submit",
            user,
            tradingAccountId=account,
            tradeOrder={name: v for name, v in self.order(**more).items() if v is not None},
            **(call or {}),
        )
