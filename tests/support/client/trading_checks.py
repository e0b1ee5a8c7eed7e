"""Comparing the copy of an account with what the venue answers to queries."""

from __future__ import annotations

from decimal import Decimal

from cadenza.client.fields import decimal_of

BTC = "PAPER:BTC/USDT"
OPEN = ("ACCEPTED", "PARTIALLY_FILLED", "REPLACED")
PATIENCE = 20.0


async def listed(client, account_id, method="trade_order"):
    """Everything of an account, the oldest first."""
    found, cursor = [], {}
    while True:
        envelope = await client.rpc(
            f"query.{method}.list",
            {
                "tradingAccountId": account_id,
                "ascending": True,
                "pagination": {"limit": 500, **cursor},
            },
        )
        found += envelope["data"]
        page = envelope["pagination"]
        if not page.get("hasNext"):
            return found
        cursor = {"cursor": page["cursor"]}


async def check_equal(client, account):
    """The copy is what the venue has: open orders, known ended ones, balances, positions."""
    orders = {it["tradeOrderId"]: it for it in await listed(client, account.account_id)}
    opened = {name: it for name, it in orders.items() if it["status"] in OPEN}
    assert {name: it.raw for name, it in account.orders.items()} == opened
    for name, order in account.ended.items():
        assert order.raw == orders[name]
        assert not order.is_open
    envelope = await client.rpc("query.portfolio.get", {"tradingAccountId": account.account_id})
    portfolio = envelope["data"]
    free = {it["securitySymbol"]: Decimal(it["free"]) for it in portfolio["balances"]}
    locked = {it["securitySymbol"]: Decimal(it["locked"]) for it in portfolio["balances"]}
    assert {name: it.free for name, it in account.balances.items()} == free
    assert {name: it.locked for name, it in account.balances.items()} == locked
    assert {name: (it.quantity, it.entry_price) for name, it in account.positions.items()} == {
        it["instrumentId"]: (Decimal(it["quantity"]), decimal_of(it["entryPrice"]))
        for it in portfolio["positions"]
    }


async def check_executions(client, account, reports):
    """Every execution of the account was reported, once, the oldest first."""
    there = await listed(client, account.account_id, "trade_execution")
    assert [it.execution.execution_id for it in reports] == [it["executionId"] for it in there]
