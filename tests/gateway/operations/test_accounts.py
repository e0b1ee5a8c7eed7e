"""Operations on trading accounts, over both surfaces."""

from __future__ import annotations

import pytest

from cadenza.models import (
    AccountOperation,
    RpcTradingAccount,
    RpcTradingAccountOperationHistory,
    TradingAccount,
    Venue,
)
from cadenza.trading.venue import VenueRules
from support.gateway.payload_check import check
from support.gateway.trading_world import NOBODYS, SELL, Desk
from support.trading.venue_world import RULES

DO = "command.trading_account."
LIST = "query.trading_account.list"
HISTORY = "query.trading_account.operation.list"
UUID_USER = "0b0a8f4e-6f1c-4f63-9c55-0a4d6a1f2b3c"


@pytest.fixture
async def desk():
    return await Desk.open()


async def test_the_first_look_makes_and_funds_an_account(desk):
    """Once; RPC and REST show the same one, each in its own type."""
    (found,) = await desk.ask(LIST)
    account = check(found, RpcTradingAccount)
    assert (account.nickname, account.status, account.venue) == ("Paper", "ACTIVE", "PAPER")
    assert "userId" not in found
    assert desk.world.free("USDT") == "100000.0000000000"
    (same,) = (await desk.rest("GET", "tradingAccount/list", {}))["data"]
    assert check(same, TradingAccount).trading_account_id == account.trading_account_id


async def test_the_user_is_shown_where_it_is_a_uuid(desk):
    """The API's clients refuse any other."""
    (found,) = await desk.ask(LIST, UUID_USER)
    assert found["userId"] == UUID_USER


async def test_accounts_are_made_and_listed_in_pages(desk):
    """By offset and by cursor, with every filter."""
    await desk.ask(LIST)
    for name in ("b", "c"):
        await desk.ask(f"{DO}create", tradingAccount={"nickname": name, "venue": "PAPER"})
    envelope = await desk.rpc(LIST, pagination={"limit": 2})
    assert [one["nickname"] for one in envelope["data"]] == ["Paper", "b"]
    assert envelope["pagination"]["total"] == 3
    cursor = envelope["pagination"]["cursor"]
    (last,) = await desk.ask(LIST, pagination={"cursor": cursor})
    assert last["nickname"] == "c"
    path, name = "tradingAccount/list", last["tradingAccountId"]
    for params, count in (
        ({"tradingAccountId": name}, 1),
        ({"venue": "PAPER"}, 3),
        ({"venue": "BINANCE"}, 0),
        ({"accountStatus": "ACTIVE"}, 3),
        ({"accountStatus": "LOCKED"}, 0),
        ({"userId": "ann"}, 3),
        ({"userId": "bob"}, 0),
        ({"tenantId": "t"}, 0),
        ({"offset": 2}, 1),
        ({"limit": 1}, 1),
    ):
        assert len((await desk.rest("GET", path, params))["data"]) == count, params


async def test_connecting_makes_an_account_or_brings_one_back(desk):
    """Over REST the account's external id names it, which is its own."""
    made = (await desk.rest("POST", "tradingAccount/connect", {"nickname": "new"}))["data"]
    name = {"tradingAccountId": made["tradingAccountId"]}
    assert (await desk.ask(f"{DO}disconnect", **name))["status"] == "DISCONNECTED"
    assert (await desk.ask(f"{DO}validate", tradingAccount=name))["isValid"] is False
    assert (await desk.refused(f"{DO}enable", **name))[0] == 40002
    back = {"externalTradingAccountId": made["tradingAccountId"]}
    assert (await desk.rest("POST", "tradingAccount/connect", back))["data"]["status"] == "ACTIVE"
    await desk.rest("POST", "tradingAccount/disable", name)
    again = await desk.ask(f"{DO}connect", tradingAccount=name)
    assert again["status"] == "ACTIVE"
    assert (await desk.ask(f"{DO}validate", tradingAccount=name))["isValid"] is True


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"dealerAccountId": NOBODYS}, "dealerAccountId"),
        ({"credentialIds": [NOBODYS]}, "credentialIds"),
        ({"venue": "BINANCE"}, "venue"),
        ({"externalTradingAccountId": NOBODYS}, "tradingAccountId"),
        ({"nickname": ""}, "nickname"),
    ],
)
async def test_what_a_paper_account_cannot_be_is_refused(desk, params, field):
    """With the field, and nothing is made."""
    error = await desk.rest("POST", "tradingAccount/connect", params)
    assert error.problem.field == field
    assert desk.world.venue.registry.of_owner("ann") == ()


@pytest.mark.parametrize(
    "account",
    [
        {"accountType": "MARGIN"},
        {"credentials": [{}]},
        {"venue": "OKX"},
        {"tradingAccountId": NOBODYS},
    ],
)
async def test_create_and_validate_agree(desk, account):
    """What cannot be made is not valid."""
    code, message = await desk.refused(f"{DO}create", tradingAccount=account)
    assert code == 10003
    assert f"tradingAccount.{next(iter(account))}" in message
    found = await desk.ask(f"{DO}validate", tradingAccount=account)
    assert found == {"isValid": False}


async def test_validate_looks_at_the_nickname_too(desk):
    """It would be refused."""
    for nickname, is_valid in (("fine", True), (" ", False), ("x" * 65, False), ("\n", False)):
        found = await desk.ask(f"{DO}validate", tradingAccount={"nickname": nickname})
        assert found["isValid"] is is_valid


async def test_an_account_trades_at_its_main_venue_first():
    """Which one may be chosen, among those of the gateway."""
    venues = (Venue.PAPER, Venue.BINANCE)
    desk = await Desk.open(rules=VenueRules(deposit=RULES.deposit, venues=venues))
    found = await desk.ask(f"{DO}create", tradingAccount={"venue": "BINANCE"})
    assert found["venue"] == "BINANCE"
    account = desk.world.venue.registry.any(found["tradingAccountId"])
    assert account.venues == (Venue.BINANCE, Venue.PAPER)


async def test_only_the_nickname_changes(desk):
    """An account that is sent back as it was is fine, anything else is refused."""
    (account,) = await desk.ask(LIST)
    changed = await desk.ask(f"{DO}update", tradingAccount={**account, "nickname": "better"})
    assert changed["nickname"] == "better"
    name = {"tradingAccountId": account["tradingAccountId"]}
    body = {**name, "nickname": "best"}
    found = await desk.rest("POST", "tradingAccount/update", body)
    assert found["data"]["nickname"] == "best"
    code, message = await desk.refused(
        f"{DO}update", tradingAccount={**account, "accountType": "MARGIN"}
    )
    assert code == 10003
    assert "tradingAccount.accountType" in message
    assert (await desk.refused(f"{DO}update", tradingAccount=name))[0] == 10002
    assert (await desk.refused(f"{DO}update", tradingAccount={"nickname": "x"}))[0] == 10002
    assert (await desk.rest("POST", "tradingAccount/update", name)).entry.code == 10002


async def test_the_history_of_an_account(desk):
    """In each surface's words, the newest first, in pages and filtered."""
    name = {"tradingAccountId": desk.account}
    for verb in ("disable", "enable", "disconnect"):
        desk.world.clock.millis += 1000
        await desk.ask(DO + verb, **name)
    await desk.ask(f"{DO}update", tradingAccount={**name, "nickname": "x"})
    found = [
        check(one, RpcTradingAccountOperationHistory) for one in await desk.ask(HISTORY, **name)
    ]
    assert {one.operate_by for one in found} == {"ann"}
    words = [str(one.operation_type) for one in found if "UPDATE" not in one.tags]
    assert words == ["DISCONNECTED", "ENABLED", "DISABLED"]
    path = "tradingAccount/operation/list"
    envelope = await desk.rest("GET", path, {"limit": 3})
    kinds = [check(one, AccountOperation).operation_type for one in envelope["data"]]
    assert envelope["pagination"]["hasNext"] is True
    rest = await desk.rest("GET", path, {"cursor": envelope["pagination"]["cursor"]})
    kinds += [one["operationType"] for one in rest["data"]]
    assert sorted(kinds) == ["DISABLE", "DISCONNECT", "ENABLE", "UPDATE"]
    at = desk.world.clock.millis
    for params, count in (
        ({"operationType": "ENABLE"}, 1),
        ({"startTime": at}, 2),
        ({"endTime": at - 1000}, 2),
        ({"offset": 4}, 0),
        (name, 4),
    ):
        assert len((await desk.rest("GET", path, params))["data"]) == count, params
    assert (await desk.rest("GET", path, {}, user="bob"))["data"] == []


async def test_money_is_brought_in_reset_and_cloned(desk):
    """The extensions, over both surfaces."""
    name = {"tradingAccountId": desk.account}
    await desk.ask(f"{DO}fund", **name, asset="BTC", quantity="2.5")
    await desk.rest("POST", "tradingAccount/fund", {**name, "asset": "BTC", "quantity": "1"})
    assert desk.world.free("BTC") == "13.5000000000"
    clone = await desk.ask(f"{DO}clone", **name)
    assert clone["nickname"] == "Paper copy"
    account = desk.world.venue.registry.any(clone["tradingAccountId"])
    assert desk.world.free("BTC", account) == "13.5000000000"
    other = await desk.rest("POST", "tradingAccount/clone", {**name, "nickname": "twin"})
    assert other["data"]["nickname"] == "twin"
    await desk.ask(f"{DO}reset", **name)
    assert desk.world.free("BTC") == "10.0000000000"
    await desk.submit()
    assert (await desk.refused(f"{DO}reset", **name))[0] == 40006
    desk.world.check()


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"asset": "BTX", "quantity": "1"}, 40007, "asset"),
        ({"asset": "B" * 100_000, "quantity": "1"}, 40007, "asset"),
        ({"asset": "BTC", "quantity": "0"}, 40008, "quantity"),
        ({"asset": "BTC", "quantity": "-1"}, 40008, "quantity"),
        ({"asset": "BTC", "quantity": "9" * 40}, 40008, "quantity"),
        ({"asset": "BTC", "quantity": "0.00000000001"}, 40008, "quantity"),
        ({"asset": "BTC", "quantity": "1e3"}, 10003, "quantity"),
    ],
)
async def test_money_must_be_an_amount_of_an_asset(desk, more, code, field):
    """The error names the field."""
    params = {"tradingAccountId": desk.account, **more}
    error = await desk.rest("POST", "tradingAccount/fund", params)
    assert (error.entry.code, error.problem.field) == (code, field)
    assert len(error.message) < 700
    assert desk.world.free("BTC") == "10.0000000000"


async def test_accounts_of_others_are_like_accounts_that_do_not_exist(desk):
    """For every operation on one, whoever is granted the channel or not."""
    mine = desk.account
    granted = [f"tradingAccount:{mine}"]
    calls = [
        (f"{DO}{verb}", lambda name: name)
        for verb in ("disconnect", "enable", "disable", "reset", "clone")
    ]
    calls += [
        (f"{DO}fund", lambda name: {**name, "asset": "BTC", "quantity": "1"}),
        (f"{DO}connect", lambda name: {"tradingAccount": name}),
        (f"{DO}update", lambda name: {"tradingAccount": {**name, "nickname": "x"}}),
    ]
    for method, params in calls:
        answers = {
            (await desk.refused(method, "bob", granted, **params({"tradingAccountId": one})))[
                1
            ].replace(one, "")
            for one in (mine, NOBODYS)
        }
        assert len(answers) == 1, method
    for method in (HISTORY, LIST, "query.portfolio.get"):
        assert (await desk.refused(method, "bob", tradingAccountId=mine))[0] == 40001
        await desk.ask(method, "bob", granted, tradingAccountId=mine)
    assert len(await desk.ask(LIST, "bob", granted)) == 2
    assert len(await desk.ask(LIST, "", granted)) == 1
    assert await desk.ask(f"{DO}validate", "bob", tradingAccount={"tradingAccountId": mine}) == {
        "isValid": False
    }


async def test_a_user_has_only_so_many(desk):
    """The limit is an error, and clones count."""
    desk = await Desk.open(rules=VenueRules(deposit=RULES.deposit, account_limit=1))
    name = {"tradingAccountId": desk.account}
    assert (await desk.refused(f"{DO}create", tradingAccount={}))[0] == 40003
    assert (await desk.refused(f"{DO}clone", **name))[0] == 40003


async def test_a_disabled_account_takes_no_orders(desk):
    """What is open stays."""
    desk.world.outside(SELL, 20_000, 5_000)
    order = await desk.submit()
    name = {"tradingAccountId": desk.account}
    await desk.ask(f"{DO}disable", **name)
    code, _ = await desk.refused("command.trade_order.submit", **name, tradeOrder=desk.order())
    assert code == 40002
    await desk.ask("command.trade_order.cancel", **name, tradeOrderId=order["tradeOrderId"])
