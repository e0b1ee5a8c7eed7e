"""Operations about portfolios, over both surfaces."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cadenza.models import Portfolio, RpcPortfolio
from support.gateway.payload_check import check
from support.gateway.trading_world import BTC, ETH, NOBODYS, SELL, Desk

GET = "query.portfolio.get"
LIST = "query.portfolio.list"
PATH = "tradingAccount/portfolio/list"


@pytest.fixture
async def desk():
    return await Desk.open()


async def bought(desk):
    """A market with a price for everything, and half a bitcoin bought in it."""
    desk.world.outside(SELL, 10_000, 10_000)
    await desk.submit(quantity="0.5")
    desk.world.outside(SELL, 1_000, 1_000, ETH)
    await desk.submit(instrumentId=ETH, limitPrice="10.00", quantity="1")


async def test_a_portfolio_adds_up(desk):
    """Balances, positions at the price of the moment, and their worth."""
    await bought(desk)
    portfolio = check(await desk.ask(GET, tradingAccountId=desk.account), RpcPortfolio)
    by_asset = {one.security_symbol: one for one in portfolio.balances}
    assert Decimal(by_asset["BTC"].total) == Decimal("10.5")
    positions = {one.instrument_id: one for one in portfolio.positions}
    assert positions[BTC].quantity == "0.5000"
    mark = Decimal(positions[BTC].current_price)
    worth = mark * Decimal("10.5") + Decimal(by_asset["USDT"].total)
    worth += Decimal(positions[ETH].current_price) * 101
    assert Decimal(portfolio.summary.equity) == worth
    assert portfolio.summary.currency == "USDT"
    assert portfolio.account_info.trading_account_id == desk.account
    assert portfolio.update_mode == "SNAPSHOT"


async def test_portfolios_in_lists(desk):
    """Over both surfaces, in pages, of the accounts that fit."""
    await desk.ask("command.trading_account.clone", tradingAccountId=desk.account)
    envelope = await desk.rpc(LIST, pagination={"limit": 1})
    assert envelope["pagination"]["total"] == 2
    cursor = envelope["pagination"]["cursor"]
    assert len(await desk.ask(LIST, pagination={"cursor": cursor})) == 1
    for params, count in (
        ({}, 2),
        ({"tradingAccountId": desk.account}, 1),
        ({"venue": "PAPER"}, 2),
        ({"venue": "OKX"}, 0),
        ({"offset": 1}, 1),
    ):
        found = (await desk.rest("GET", PATH, params))["data"]
        assert [check(one, Portfolio).summary.currency for one in found] == ["USDT"] * count


async def test_another_currency(desk):
    """Any asset that everything has a price in."""
    await bought(desk)
    (found,) = (await desk.rest("GET", PATH, {"currency": "BTC"}))["data"]
    (usual,) = await desk.ask(LIST)
    assert found["summary"]["currency"] == "BTC"
    mark = Decimal(
        next(one for one in found["positions"] if one["instrumentId"] == BTC)["currentPrice"]
    )
    expected = Decimal(usual["summary"]["equity"]) / mark
    assert abs(Decimal(found["summary"]["equity"]) - expected) < Decimal("0.0000001")


@pytest.mark.parametrize(
    ("currency", "code", "words"),
    [
        ("btx", 50002, '"BTC"'),
        ("z" * 100_000, 50002, "zzz"),
        ("BTC", 50001, "no price in BTC"),
    ],
)
async def test_a_currency_that_does_not_do(desk, currency, code, words):
    """Unknown, or nothing has a price in it yet; in the usual one a portfolio is always seen."""
    found, message = await desk.refused(LIST, tradingAccountId=desk.account, currency=currency)
    assert found == code
    assert words in message
    assert len(message) < 700
    assert len(await desk.ask(LIST, currency="USDT")) == 1


async def test_who_has_no_account_gets_one(desk):
    """A list of portfolios is a first look, too."""
    (found,) = await desk.ask(LIST)
    assert {one["securitySymbol"] for one in found["balances"]} == {"BTC", "ETH", "USDT"}


async def test_portfolios_of_others(desk):
    """Foreign and unknown alike; who is granted may look."""
    mine = desk.account
    answers = {
        (await desk.refused(GET, "bob", tradingAccountId=one))[1].replace(one, "")
        for one in (mine, NOBODYS)
    }
    assert len(answers) == 1
    granted = [f"tradingAccount:{mine}"]
    assert (await desk.ask(GET, "bob", granted, tradingAccountId=mine))["tradingAccountId"] == mine
    assert len(await desk.ask(LIST, "", granted)) == 1
