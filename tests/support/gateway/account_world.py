"""A gateway with nothing but a paper venue, and users who trade there, all in this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import MappingProxyType

import jwt

from cadenza.config import load_tree
from cadenza.gateway.gateway import Gateway
from cadenza.server.wires import ASGI_JSON

KEY = "unit-test-hmac-key-0123456789abcdef"
BTC = "PAPER:BTC/USDT"
ETH = "PAPER:ETH/USDT"
OPEN = ("ACCEPTED", "PARTIALLY_FILLED", "REPLACED")
PATIENCE = 20


def signed(**claims):
    """A token."""
    return jwt.encode(claims, KEY, algorithm="HS256")


@contextlib.asynccontextmanager
async def a_gateway(**sections):
    """A running gateway without a feed; sections of the configuration come by name."""
    tree = {
        "client": {"token": {"hmac_secret_key": KEY}, **sections.pop("client", {})},
        "market": {
            "feed": "none",
            "order_book": {"update_interval": "0s"},
            **sections.pop("market", {}),
        },
        **sections,
    }
    gateway = Gateway(load_tree(tree, {}, {})[0])
    async with gateway.running():
        yield gateway


class Trader:
    """A connection of a user: every message it is sent is kept.

    Attributes:
        account: The id of the user's first account, once `look` was called.
        ended: The disconnect that ended it.
    """

    name = "websocket"
    wire = ASGI_JSON
    emulated = False
    frame_ping = True
    headers = MappingProxyType({})

    def __init__(self, gateway):
        self.gateway = gateway
        self.messages = []
        self.lines = []
        self.ended = None
        self.account = ""
        self.connection = gateway.node.connect(self)
        self._id = 0

    @classmethod
    async def connected(cls, gateway, user="ann", **claims):
        """A connection with a token, and the user's account."""
        trader = cls(gateway)
        reply = await trader.ask("connect", token=signed(sub=user, **claims))
        assert "connect" in reply, reply
        if user:
            await trader.look()
        return trader

    # What the node writes to.

    def write(self, data):
        self.lines += data.decode().split("\n")
        self.messages = list(map(json.loads, self.lines))

    def close(self, disconnect):
        self.ended = disconnect

    abort = pause_reading = resume_reading = lambda self: None

    # What a client does.

    def send(self, name, **request):
        """Send a command; its id."""
        self._id += 1
        self.connection.receive(json.dumps({"id": self._id, name: request}).encode())
        return self._id

    async def reply(self, number):
        """The reply to a command, when it comes."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.gateway.node.outbox.flush()
                for message in self.messages:
                    if message.get("id") == number:
                        return message
                await asyncio.sleep(0)

    async def ask(self, name, **request):
        """Send a command and wait for its reply."""
        return await self.reply(self.send(name, **request))

    async def rpc(self, method, **params):
        """The envelope of an RPC call."""
        return (await self.ask("rpc", method=method, data=params))["rpc"]["data"]

    async def call(self, method, **params):
        """The data of an RPC call that must work."""
        envelope = await self.rpc(method, **params)
        assert "error" not in envelope, envelope
        return envelope["data"]

    async def look(self):
        """Find one's first account."""
        (account, *_) = await self.call("query.trading_account.list")
        self.account = account["tradingAccountId"]

    @property
    def channel(self):
        return f"tradingAccount:{self.account}"

    async def subscribe(self, **fields):
        """Subscribe to one's account; the result."""
        reply = await self.ask("subscribe", channel=self.channel, **fields)
        return reply["subscribe"]

    def pushed(self, channel=None):
        """Publications of a channel so far, in order; by default of one's account."""
        pushes = [message["push"] for message in self.messages if "push" in message]
        name = channel or self.channel
        return [push["pub"] for push in pushes if push["channel"] == name and "pub" in push]

    def order(self, side, price, quantity, **more):
        """The parameters of a submit."""
        order = {
            "instrumentId": BTC,
            "orderSide": side,
            "orderType": "LIMIT",
            "limitPrice": str(price),
            "quantity": str(quantity),
            **more,
        }
        wanted = {name: value for name, value in order.items() if value is not None}
        return {"tradingAccountId": self.account, "tradeOrder": wanted}

    async def submit(self, side, price, quantity, **more):
        """Submit an order that is taken."""
        return await self.call(
            "command.trade_order.submit", **self.order(side, price, quantity, **more)
        )

    async def act(self, what, order, **more):
        """Cancel or amend an order."""
        return await self.call(
            f"command.trade_order.{what}",
            tradingAccountId=self.account,
            tradeOrderId=order["tradeOrderId"],
            **more,
        )

    async def open_orders(self):
        """One's open orders, the oldest first."""
        orders = await self.call(
            "query.trade_order.list",
            tradingAccountId=self.account,
            ascending=True,
            pagination={"limit": 1000},
        )
        return [order for order in orders if order["status"] in OPEN]

    async def portfolio(self):
        """One's portfolio."""
        return await self.call("query.portfolio.get", tradingAccountId=self.account)

    async def status(self, order):
        """The status of an order now."""
        found = await self.call("query.trade_order.get", tradeOrderId=order["tradeOrderId"])
        return found["status"]


async def quiet(gateway):
    """Return when everything decided so far is durable and published."""
    await gateway.trading.venue.journal.drain()
    gateway.node.outbox.flush()


def check_ledger(gateway):
    """Money is conserved, nothing is negative, and what is locked is what is reserved."""
    venue = gateway.trading.venue
    state = venue.ledger.state()
    totals, locked, reserved = {}, {}, {}
    for balance in state.balances:
        totals[balance.asset] = totals.get(balance.asset, 0) + balance.free + balance.locked
        if balance.account_id.startswith("@"):
            continue
        assert balance.free >= 0 <= balance.locked, balance
        if balance.locked:
            locked[balance.account_id, balance.asset] = balance.locked
    assert not any(totals.values()), f"money came from nowhere: {totals}"
    for held in state.reservations:
        key = held.account_id, held.asset
        reserved[key] = reserved.get(key, 0) + held.amount
    assert locked == {key: amount for key, amount in reserved.items() if amount}
    live = venue.exchange.clearing.live
    holds = {order.hold for order in venue.exchange.open_orders()}
    assert {held.order_id for held in state.reservations} <= {
        *venue.exchange.clearing.holders,
        *holds,
    }
    for desk in venue.exchange.instruments.values():
        for order_id, order in desk.engine.orders.items():
            is_users = not order.owner.startswith("@")
            assert not is_users or order.executed == live[order_id].state.executed
