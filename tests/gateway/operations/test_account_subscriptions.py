"""Stored subscriptions to trading accounts."""

from __future__ import annotations

import pytest

MINE = "00000000-0000-4000-8000-000000000001"
YOURS = "00000000-0000-4000-8000-000000000002"
NOBODYS = "00000000-0000-4000-8000-000000000003"
USER_DATA = "TRADING_ACCOUNT.SUBSCRIPTION.USER_DATA"
SUBSCRIBE = "command.trading_account.subscribe"
UNSUBSCRIBE = "command.trading_account.unsubscribe"
LIST = "query.trading_account.subscription.list"
PATH = "tradingAccount/subscription"


def ask(account_id, kind=USER_DATA):
    return {"tradingAccount": {"tradingAccountId": account_id}, "subscriptionType": kind}


async def test_subscribing(world):
    """Answered with what there always is; the deprecated kind is the newer one."""
    rpc = world.rpc(SUBSCRIBE, **ask(MINE))["data"]
    assert (rpc["venue"], rpc["status"], rpc["subscriptionType"]) == ("PAPER", "ACTIVE", USER_DATA)
    old = ask(MINE, "TRADING_ACCOUNT.SUBSCRIPTION.TRADING_ACCOUNT")
    found = world.rpc(SUBSCRIBE, **old)["data"]
    assert found["subscriptionType"] == old["subscriptionType"]
    body = {"tradingAccountId": MINE}
    rest = (await world.http("POST", f"{PATH}/subscribe", json=body)).json()["data"]
    assert rest["subscriptionId"] == rpc["subscriptionId"]
    assert rest["tradingAccountId"] == MINE


@pytest.mark.parametrize("method", [SUBSCRIBE, UNSUBSCRIBE, LIST])
def test_foreign_and_unknown_accounts_answer_alike(world, method):
    """Nobody learns which accounts exist."""
    answers = []
    for account_id in (YOURS, NOBODYS):
        params = ask(account_id) if method == SUBSCRIBE else {"tradingAccountId": account_id}
        error = world.rpc(method, **params)["error"]
        assert error["code"] == 40001
        answers.append(error["message"].replace(account_id, "?"))
    assert answers[0] == answers[1]


def test_an_account_that_the_token_grants(world):
    """A token that names the account's channel may look."""
    channels = {f"tradingAccount:{YOURS}"}
    answer = world.rpc(LIST, "ann", channels, tradingAccountId=YOURS)
    assert len(answer["data"]) == 3


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (ask(MINE, "MARKET.SUBSCRIPTION.TRADE"), 10003),
        ({"tradingAccount": {}, "subscriptionType": USER_DATA}, 10002),
        ({"tradingAccount": {"tradingAccountId": MINE}}, 10002),
        ({"tradingAccount": {"tradingAccountId": "x"}, "subscriptionType": USER_DATA}, 10003),
    ],
)
def test_wrong_requests(world, params, code):
    """A kind that is no account's, and missing or malformed fields."""
    assert world.rpc(SUBSCRIBE, **params)["error"]["code"] == code


async def test_ending_one(world):
    """TERMINATED as often as one likes, for that user alone, until subscribing again."""
    one = world.rpc(SUBSCRIBE, **ask(MINE))["data"]["subscriptionId"]
    for body in ({"tradingAccountId": MINE}, {"subscriptionId": one.upper()}):
        for _ in range(2):
            response = await world.http("POST", f"{PATH}/unsubscribe", json=body)
            assert response.status_code == 200
            assert response.json()["data"]["status"] == "TERMINATED"
            assert response.json()["data"]["subscriptionId"] == one
    listed = world.rpc(LIST, tradingAccountId=MINE, status="TERMINATED")["data"]
    assert [found["subscriptionId"] for found in listed] == [one]
    channels = {f"tradingAccount:{MINE}"}
    seen = world.rpc(LIST, "ben", channels, tradingAccountId=MINE)["data"]
    assert {found["status"] for found in seen} == {"ACTIVE"}
    assert world.rpc(UNSUBSCRIBE, tradingAccountId=MINE)["data"]["status"] == "TERMINATED"
    assert world.rpc(SUBSCRIBE, **ask(MINE))["data"]["status"] == "ACTIVE"
    assert world.rpc(LIST, tradingAccountId=MINE, status="TERMINATED")["data"] == []
    both = {"tradingAccountId": MINE, "subscriptionId": YOURS}
    assert world.rpc(UNSUBSCRIBE, **both)["error"]["code"] == 20006
    status, envelope = await world.refused("POST", f"{PATH}/unsubscribe", json={})
    assert (status, envelope["errno"]) == (400, 10002)


async def test_listing(world):
    """Three an account; filters and pages."""
    answer = world.rpc(LIST, tradingAccountId=MINE, pagination={"limit": 2})
    assert len(answer["data"]) == 2
    assert answer["pagination"]["hasNext"]
    rest = world.rpc(
        LIST, tradingAccountId=MINE, pagination={"cursor": answer["pagination"]["cursor"]}
    )
    assert len(rest["data"]) == 1
    assert world.rpc(LIST, tradingAccountId=MINE, status="PAUSED")["data"] == []
    kind = {"subscriptionType": USER_DATA}
    assert len(world.rpc(LIST, tradingAccountId=MINE, **kind)["data"]) == 1
    found = await world.get(f"{PATH}/list")
    assert len(found["data"]) == 3
    assert found["pagination"]["total"] == 3
    assert len((await world.get(f"{PATH}/list", tradingAccountId=MINE, limit=1))["data"]) == 1


async def test_a_token_without_a_user_has_no_accounts(world):
    """400, as the call lists no 403, with the same code over RPC."""
    status, envelope = await world.refused("GET", f"{PATH}/list", token=world.token(""))
    assert (status, envelope["errno"]) == (400, 11005)
    assert world.rpc(LIST, "", tradingAccountId=MINE)["error"]["code"] == 11005
