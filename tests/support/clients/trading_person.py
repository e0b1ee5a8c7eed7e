"""A user of a server's paper venue over plain HTTP, and what the API says of the account."""

from __future__ import annotations

from decimal import Decimal

import httpx

BTC = "PAPER:BTC/USDT"
ORDER_FIELDS = (
    "tradeOrderId",
    "clientOrderId",
    "orderSide",
    "orderType",
    "status",
    "quantity",
    "limitPrice",
    "executedQuantity",
    "executedPrice",
    "executedCost",
    "timeInForce",
    "cancelReason",
)
BALANCE_FIELDS = ("securitySymbol", "free", "locked", "total")
POSITION_FIELDS = ("instrumentId", "quantity", "entryPrice", "realizedPnl", "positionSide")


def picked(data, fields):
    """Some fields of a payload, those that are there."""
    return {name: data[name] for name in fields if name in data}


class Person:
    """A user with a token and nothing but HTTP.

    Attributes:
        account: The id of the user's first account, once `look` was called.
    """

    def __init__(self, server, token):
        self._http = httpx.AsyncClient(
            base_url=f"{server.url}/api/v3",
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=20,
        )
        self.account = ""

    async def __aenter__(self):
        await self.look()
        return self

    async def __aexit__(self, *_):
        await self._http.aclose()

    async def request(self, http, path, *, params=None, body=None):
        """The whole response, whatever it is."""
        return await self._http.request(http, path, params=params, json=body)

    async def post(self, path, **body):
        """The data of a POST that must work, about one's account."""
        response = await self.request("POST", path, body={"tradingAccountId": self.account, **body})
        return self._data(response)

    async def get(self, path, **params):
        """The data of a GET that must work."""
        return self._data(await self.request("GET", path, params=params))

    @staticmethod
    def _data(response):
        assert response.status_code == 200, response.text
        envelope = response.json()
        assert (envelope["success"], envelope["errno"]) == (True, 0)
        return envelope["data"]

    async def look(self):
        """Find one's first account."""
        (account, *_) = await self.get("/tradingAccount/list")
        self.account = account["tradingAccountId"]
        return account

    @property
    def channel(self):
        return f"tradingAccount:{self.account}"

    async def submit(self, side, price, quantity, **more):
        """Submit a limit order on PAPER; the first order that comes back."""
        body = {
            "instrumentId": BTC,
            "orderSide": side,
            "orderType": "LIMIT",
            "limitPrice": price,
            "quantity": quantity,
            **more,
        }
        return (await self.post("/tradeOrder/submit", **body))[0]

    async def orders(self, **params):
        """One's orders, the oldest first."""
        return await self.get(
            "/tradeOrder/list",
            tradingAccountId=self.account,
            ascending="true",
            limit=1000,
            **params,
        )

    async def executions(self):
        """One's executions, the oldest first."""
        return await self.get(
            "/tradeOrder/execution/list",
            tradingAccountId=self.account,
            ascending="true",
            limit=1000,
        )

    async def portfolio(self):
        """One's portfolio."""
        (found,) = await self.get("/tradingAccount/portfolio/list", tradingAccountId=self.account)
        return found

    async def check(self, copy):
        """What an `AccountCopy` has come to is what REST says now."""
        orders = {order["tradeOrderId"]: order for order in await self.orders()}
        for order_id, order in {**copy.orders, **copy.ended}.items():
            assert picked(order, ORDER_FIELDS) == picked(orders[order_id], ORDER_FIELDS)
        still_open = {name for name, it in orders.items() if it["status"] not in ENDED}
        assert set(copy.orders) == still_open
        executions = await self.executions()
        assert list(copy.executions) == [it["executionId"] for it in executions]
        for order_id, order in orders.items():
            assert copy.executed(order_id) == Decimal(order["executedQuantity"])
        portfolio = await self.portfolio()
        for mine, shown, fields in (
            (copy.balances.values(), portfolio["balances"], BALANCE_FIELDS),
            (copy.positions.values(), portfolio["positions"], POSITION_FIELDS),
        ):
            kept = sorted(map(str, (picked(one, fields) for one in mine)))
            assert kept == sorted(map(str, (picked(one, fields) for one in shown)))


ENDED = {"FILLED", "CANCELLED", "REJECTED", "EXPIRED"}
