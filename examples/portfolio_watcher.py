"""Watch an account: balances, positions, and what happens to its orders.

Usage: ``CADENZA_TOKEN=... python examples/portfolio_watcher.py [EXECUTIONS]``. It prints every
event until so many (1) executions have come. Trade from another program meanwhile. ``CADENZA_WS``
names another server.
"""

from __future__ import annotations

import asyncio
import os
import sys

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")


async def main(executions: int) -> None:
    """Print the events of the account."""
    async with (
        cadenza.connect(URL, token=os.environ["CADENZA_TOKEN"]) as client,
        await client.account() as account,
    ):
        events = account.events()
        print(f"account {account.account_id}, {len(account.orders)} open orders", flush=True)
        for balance in account.balances.values():
            print(f"  {balance.asset:5} {balance.free} free, {balance.locked} locked", flush=True)
        async for event in events:
            if isinstance(event, cadenza.OrderUpdated):
                print("order", event.order.side, event.order.status, flush=True)
            elif isinstance(event, cadenza.ExecutionReport):
                fill = event.execution
                print("execution", fill.quantity, "at", fill.price, flush=True)
                executions -= 1
            elif isinstance(event, cadenza.PortfolioUpdated) and executions <= 0:
                for position in account.positions.values():
                    print("position", position.instrument, position.quantity, flush=True)
                return


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
