"""Trades over REST, with the standard library only: submit an order, list it, cancel it.

Usage: ``CADENZA_TOKEN=... python examples/rest_order.py [INSTRUMENT]``. The order is a limit buy
far below the market, so it rests until it is cancelled. ``CADENZA_URL`` names another server, by
its WebSocket address as everywhere or by its HTTP one. The token names the user who trades; a
sandbox prints one.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from decimal import Decimal
from typing import Any

SERVER = urllib.parse.urlsplit(
    os.environ.get("CADENZA_URL", "ws://127.0.0.1:8000/connection/websocket")
)
SCHEME = "https" if SERVER.scheme in {"wss", "https"} else "http"
URL = f"{SCHEME}://{SERVER.netloc}"


class ApiError(Exception):
    """The API said no: ``errno`` is its code, the text names the field and what would be right."""


def call(path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
    """Call the API, POST if there is a body, and return its data."""
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
        f"{URL}/api/v3/{path}?{urllib.parse.urlencode(query)}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['CADENZA_TOKEN']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    if answer["errno"]:
        raise ApiError(f"{answer['errno']} {answer['error']}")
    return answer["data"]


def limit_below(instrument: str) -> str:
    """Return a price on the tick, half of the best bid."""
    listed = call("market/instrument/list", symbols=instrument.partition(":")[2])
    tick = Decimal(next(one["pipSize"] for one in listed if one["instrumentId"] == instrument))
    book = call("market/orderBook/get", instrumentId=instrument, depth="1")
    best = Decimal(book["bids"][0][0])
    return f"{best / 2 // tick * tick:f}"


def main() -> None:
    """Submit twice with one key, which makes one order; list it; cancel it."""
    instrument = sys.argv[1] if len(sys.argv) > 1 else "PAPER:BTC/USDT"
    account = call("tradingAccount/list")[0]["tradingAccountId"]
    order = {
        "tradingAccountId": account,
        "instrumentId": instrument,
        "orderSide": "BUY",
        "orderType": "LIMIT",
        "limitPrice": limit_below(instrument),
        "quantity": "1",
        "clientOrderId": str(uuid.uuid4()),
    }
    first = call("tradeOrder/submit", order)[0]
    print(f"{first['status']} {first['orderSide']} {first['quantity']} at {first['limitPrice']}")
    again = call("tradeOrder/submit", order)[0]
    print(f"sent again: {'the same order' if again == first else again}")
    found = call("tradeOrder/list", tradingAccountId=account, orderStatus="ACCEPTED")
    print(f"open: {[one['clientOrderId'] for one in found].count(order['clientOrderId'])}")
    which = {"tradingAccountId": account, "tradeOrderId": first["tradeOrderId"]}
    ended = call("tradeOrder/cancel", which)
    print(f"{ended['status']}, {ended['cancelReason']}")


if __name__ == "__main__":
    main()
