"""A market maker on the paper venue: one bid and one ask around the mid, moved with it.

Usage: ``CADENZA_TOKEN=... python examples/market_maker.py [MOVES]``. It quotes, follows the market
for so many (3) moves, takes its quotes back, and says what it earned or lost. ``CADENZA_WS`` and
``CADENZA_INSTRUMENT`` name another server and instrument. It is an example, not a strategy.
"""

from __future__ import annotations

import asyncio
import os
import sys
from decimal import Decimal

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")
INSTRUMENT = os.environ.get("CADENZA_INSTRUMENT", "PAPER:BTC/USDT")
TICK = Decimal("0.01")
WIDTH = Decimal("0.0005")
"""Half of the spread that it quotes, as a share of the mid."""
QUANTITY = "0.01"


def quotes(mid: Decimal) -> tuple[Decimal, Decimal]:
    """A bid and an ask."""
    away = mid * WIDTH
    return (mid - away).quantize(TICK), (mid + away).quantize(TICK)


async def quote(account: cadenza.Account, side: str, price: Decimal) -> cadenza.Order:
    """An order that only ever rests."""
    return await account.submit(
        side=side, instrument=INSTRUMENT, type="LIMIT_MAKER", price=price, quantity=QUANTITY
    )


async def move(account: cadenza.Account, order: cadenza.Order, price: Decimal) -> cadenza.Order:
    """The same order at another price, or a new one if it has been filled meanwhile."""
    try:
        return await account.amend(order, price=price)
    except cadenza.OrderEndedError:
        print("filled:", order.side, order.filled_quantity, "at", order.average_price)
        return await quote(account, order.side, price)


async def main(moves: int) -> None:
    """Quote until the market has moved so many times."""
    async with (
        cadenza.connect(URL, token=os.environ["CADENZA_TOKEN"]) as client,
        await client.account() as account,
        await client.order_book(INSTRUMENT) as book,
        book.changes() as changes,
    ):
        before = (await account.summary()).equity
        quoted = book.mid
        if quoted is None:
            raise SystemExit(f"nobody trades {INSTRUMENT}")
        bid_price, ask_price = quotes(quoted)
        bid = await quote(account, "BUY", bid_price)
        ask = await quote(account, "SELL", ask_price)
        print("quoting", bid_price, "/", ask_price)
        async for change in changes:
            mid = book.mid if change.fault is None else None
            if mid is None or abs(mid - quoted) < quoted * WIDTH / 5:
                continue
            quoted = mid
            bid_price, ask_price = quotes(mid)
            bid = await move(account, bid, bid_price)
            ask = await move(account, ask, ask_price)
            print("moved to", bid_price, "/", ask_price)
            moves -= 1
            if moves <= 0:
                break
        cancelled = await account.cancel_all(INSTRUMENT)
        after = (await account.summary()).equity
        print(f"took back {len(cancelled)} quotes, equity {after - before:+.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
