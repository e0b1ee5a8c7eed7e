"""Fills, orders and profit of an account from a real server, also after it was killed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cadenza.client import UsageError
from support.client.trading_checks import BTC

OPTIONS = ("--feed", "none")
CONFIG = {"trading": {"paper": {"maker_fee": "-0.0001", "taker_fee": "0.0005"}}}

pytestmark = pytest.mark.process


async def trade(maker, taker, side, price, quantity):
    """One fill between two accounts."""
    other = "SELL" if side == "BUY" else "BUY"
    resting = await maker.submit(side=other, instrument=BTC, price=price, quantity=quantity)
    order = await taker.submit(side=side, instrument=BTC, price=price, quantity=quantity)
    await order.filled()
    await resting.filled()


async def check(account, realized, quantity):
    """What is given equals what the fills say."""
    pnl = await account.pnl()
    part = pnl.instruments[BTC]
    fills = await account.fills()
    fees = sum((it.fees["USDT"] for it in fills), Decimal(0))
    assert (part.realized, part.quantity, part.fees) == (realized, quantity, fees)
    assert part.fills == len(fills)
    if quantity:
        position = account.positions[BTC]
        assert part.entry_price == position.entry_price
        assert part.net == part.realized + part.unrealized - fees
    return pnl


async def test_through_flips_rebates_a_kill_and_a_reset(start_server, connect, tmp_path):
    """The same numbers from the same fills, whatever happens to the server."""
    options = ("--feed", "none", "--data", str(tmp_path / "data"))
    server = start_server(CONFIG, *options)
    async with (
        connect("mia", server.ws) as one,
        connect("tom", server.ws) as two,
        await one.account() as mia,
        await two.account() as tom,
    ):
        assert (await tom.pnl()).net == 0
        await trade(mia, tom, "BUY", 100, 2)
        await trade(mia, tom, "SELL", 110, 3)
        pnl = await check(tom, 20, -1)
        assert (await check(mia, -20, 1)).fees < 0  # the maker's rebate
        assert pnl.since == (await tom.fills())[0].at
    server.kill()
    server = start_server(CONFIG, *options)
    async with (
        connect("mia", server.ws) as one,
        connect("tom", server.ws) as two,
        await one.account() as mia,
        await two.account() as tom,
    ):
        await check(tom, 20, -1)
        await two.rpc("command.trading_account.reset", {"tradingAccountId": tom.account_id})
        await check(tom, 20, 0)
        await trade(mia, tom, "BUY", 90, 1)
        assert (await check(tom, 20, 1)).instruments[BTC].entry_price == 90
        await check(mia, -40, 0)
        last = (await tom.fills())[-1]
        late = await tom.pnl(since=last.at)
        assert (late.realized, late.instruments[BTC].quantity, late.since) == (0, 1, last.at)


@pytest.mark.parametrize("library", ["polars", "pandas"])
async def test_histories_as_frames(connect, user, library):
    """All pages, the oldest first, and columns that compute."""
    pytest.importorskip(library)
    async with (
        connect(f"{user}-a") as one,
        connect(f"{user}-b") as two,
        await one.account() as mia,
        await two.account() as tom,
    ):
        for price in (100, 101, 102):
            await trade(mia, tom, "BUY", price, "0.5")
        order = await tom.submit(side="BUY", instrument=BTC, price=1, quantity=10)
        await order.cancel()
        fills = await tom.fills(instrument=BTC)
        assert [it.price for it in fills] == [100, 101, 102]
        assert await tom.fills(instrument="PAPER:ETH/USDT") == []
        assert [it.price for it in await tom.fills(since=fills[2].at)][-1] == 102
        frame = fills.to_dataframe(library)
        assert float(frame["cost"].sum()) == 151.5
        assert float((frame["price"] * frame["quantity"]).sum()) == 151.5
        assert "datetime" in str(frame["at"].dtype).lower()
        assert fills.to_dataframe(library, exact=True)["price"][0] == Decimal(100)
        orders = await tom.order_history()
        assert [it.status for it in orders] == ["FILLED"] * 3 + ["CANCELLED"]
        told = orders.to_dataframe(library)
        assert list(told["status"])[-1] == "CANCELLED"
        assert float(told["filled_quantity"].sum()) == 1.5
        assert len((await tom.fills(since=2**41)).to_dataframe(library)) == 0
        with pytest.raises(UsageError, match="milliseconds"):
            await tom.fills(since="yesterday")
