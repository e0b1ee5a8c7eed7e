"""Trades on the paper venue over plain WebSocket: an order, and everything that happens to it.

Usage: ``CADENZA_TOKEN=... python examples/paper_order.py [INSTRUMENT] [SIDE] [QUANTITY]``. It finds
the account, which is made and funded when a user first asks for it, subscribes to its channel,
sends a market order and prints the account's events until the order has ended and its money is
booked. The token names the user who trades; a sandbox prints one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections import deque
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")
FINAL = {"FILLED", "CANCELLED", "REJECTED", "EXPIRED", "REVOKED"}


class CallError(Exception):
    """The gateway said no: a code and a sentence that names the field."""


class Client:
    """One connection: commands with their replies, and the pushes in between."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last_id = 0
        self._lines: deque[str] = deque()
        self._pushes: deque[dict[str, Any]] = deque()

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and return its reply."""
        self._last_id += 1
        await self._socket.send(json.dumps({"id": self._last_id, **command}))
        while True:
            message = await self._message()
            if message.get("id") == self._last_id:
                if "error" in message:
                    raise CallError(message["error"])
                return message
            self._pushes.append(message)

    async def call(self, method: str, **params: Any) -> Any:
        """Call an operation of the trading API and return its data."""
        reply = await self.ask(rpc={"method": method, "data": params})
        answer = reply["rpc"]["data"]
        if "error" in answer:
            raise CallError(f"{answer['error']['code']} {answer['error']['message']}")
        return answer["data"]

    async def push(self) -> dict[str, Any]:
        """Return the next push."""
        if self._pushes:
            return self._pushes.popleft()
        return await self._message()

    async def _message(self) -> dict[str, Any]:
        """Return the next message; a frame may hold several, and ``{}`` is a ping."""
        while True:
            while not self._lines:
                self._lines.extend(str(await self._socket.recv()).split("\n"))
            message: dict[str, Any] = json.loads(self._lines.popleft())
            if message:
                return message
            await self._socket.send("{}")


async def trade(instrument: str, side: str, quantity: str) -> None:
    """Send one order and follow it to its end."""
    async with connect(URL, max_size=16 * 2**20) as socket:
        client = Client(socket)
        await client.ask(connect={"token": os.environ["CADENZA_TOKEN"]})
        account = (await client.call("query.trading_account.list"))[0]["tradingAccountId"]
        await client.ask(subscribe={"channel": f"tradingAccount:{account}"})
        order = await client.call(
            "command.trade_order.submit",
            tradingAccountId=account,
            # After a lost connection, sending this again would return the order and make no other.
            idempotencyKey=str(uuid.uuid4()),
            tradeOrder={
                "instrumentId": instrument,
                "orderSide": side,
                "orderType": "MARKET",
                "quantity": quantity,
            },
        )
        print(f"acknowledged {order['status']}")
        await follow(client, order["tradeOrderId"])


async def follow(client: Client, order_id: str) -> None:
    """Print events until the order has ended and the balances after it are there."""
    has_ended = False
    while True:
        publication = (await client.push()).get("push", {}).get("pub")
        if publication is None:
            continue
        event = publication["data"]
        data = event["data"]
        if event["eventType"] == "event.portfolio.updated":
            balances = {one["securitySymbol"]: one["total"] for one in data["balances"]}
            print(f"balances     {balances}")
            if has_ended:
                return
        elif data.get("tradeOrderId") == order_id:
            if event["eventType"] == "event.trade_execution.created":
                print(f"execution    {data['executedQuantity']} at {data['executedPrice']}")
            else:
                print(f"order        {data['status']}, executed {data['executedQuantity']}")
                has_ended = data["status"] in FINAL


if __name__ == "__main__":
    given = sys.argv[1:] + ["PAPER:BTC/USDT", "BUY", "0.01"][len(sys.argv) - 1 :]
    asyncio.run(trade(*given))
