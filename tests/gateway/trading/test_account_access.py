"""Who may listen to an account: its owner and bearers of a grant, and nobody learns of others."""

from __future__ import annotations

import uuid

import pytest

from support.gateway.account_copy import AccountCopy
from support.gateway.account_world import Trader, a_gateway, quiet, signed

STRANGERS = [
    "0191e7a0-0000-7000-8000-000000000000",
    "42",
    "",
    "*",
    "no account",
    "\u00e4\u00f6\u00fc",
    "#bob",
    "42#bob",
    ":",
    "'; drop table accounts; --",
    "9" * 200,
]
"""Accounts that do not exist, or could not."""


@pytest.fixture
async def gateway():
    async with a_gateway() as running:
        yield running


@pytest.fixture
async def ann(gateway):
    return await Trader.connected(gateway)


@pytest.fixture
async def bob(gateway):
    return await Trader.connected(gateway, "bob")


async def bytes_of(trader, name, **request):
    """The reply to a command as it is on the wire, without the number that tells it apart."""
    number = trader.send(name, **request)
    await trader.reply(number)
    (line,) = [line for line in trader.lines if line.startswith(f'{{"id":{number},')]
    return line.partition(",")[2]


async def test_the_owner_listens(gateway, ann):
    """To every account of the user."""
    first = ann.account
    second = await ann.call(
        "command.trading_account.connect", tradingAccount={"nickname": "second"}
    )
    for account_id in (first, second["tradingAccountId"]):
        reply = await ann.ask("subscribe", channel=f"tradingAccount:{account_id}")
        assert "subscribe" in reply


@pytest.mark.parametrize("user", ["bob", ""])
@pytest.mark.parametrize("data", [None, {"state": True}, "no object"])
async def test_everyone_else_is_told_the_same(gateway, ann, user, data):
    """103, byte for byte: for an account of another, for none, and for what is no id."""
    other = await Trader.connected(gateway, user)
    fields = {} if data is None else {"data": data}
    answers = {
        await bytes_of(other, "subscribe", channel=f"tradingAccount:{name}", **fields)
        for name in [ann.account, ann.account.upper(), str(uuid.uuid4()), *STRANGERS]
    }
    assert answers == {'"error":{"code":103,"message":"permission denied"}}'}
    assert other.pushed(ann.channel) == []


@pytest.mark.parametrize("command", ["history", "presence", "presence_stats", "publish"])
async def test_nothing_else_tells_accounts_apart(gateway, ann, bob, command):
    """The other commands answer the same for a stranger's account and for none, too."""
    await ann.subscribe()
    fields = {"data": {}} if command == "publish" else {}
    answers = {
        await bytes_of(bob, command, channel=f"tradingAccount:{name}", **fields)
        for name in (ann.account, str(uuid.uuid4()), "42")
    }
    assert len(answers) == 1
    assert '"error"' in answers.pop()


async def test_only_a_subscriber_reads_the_history(ann, bob):
    """The owner once subscribed; presence there is none, and nobody publishes."""
    refused = await ann.ask("history", channel=ann.channel, limit=10)
    assert refused["error"]["code"] == 103
    await ann.subscribe()
    await ann.submit("BUY", "100.00", "1")
    history = (await ann.ask("history", channel=ann.channel, limit=10))["history"]
    assert history["publications"][-2:] == ann.pushed()
    assert len(history["publications"]) == 4, "what made the account is there too"
    assert (await ann.ask("presence", channel=ann.channel))["error"]["code"] in {103, 108}
    assert (await ann.ask("publish", channel=ann.channel, data={}))["error"]["code"] == 103
    assert (await bob.ask("history", channel=ann.channel))["error"]["code"] == 103


async def test_a_subscription_token_grants_it(gateway, ann, bob):
    """To the user and for the account that it names, as long as it lasts."""
    token = signed(sub="bob", channel=ann.channel)
    reply = await bob.ask("subscribe", channel=ann.channel, token=token)
    assert reply["subscribe"]["recoverable"]
    await ann.submit("BUY", "100.00", "1")
    await quiet(gateway)
    heard = AccountCopy().apply_all(bob.pushed(ann.channel))
    assert len(heard.orders) == 1
    late = signed(sub="bob", channel=ann.channel, exp=1)
    bob = await Trader.connected(gateway, "bob")
    assert (await bob.ask("subscribe", channel=ann.channel, token=late))["error"]["code"] == 109
    forged = token[:-4] + "AAAA"
    assert (await bob.ask("subscribe", channel=ann.channel, token=forged))["error"]["code"] == 103


async def test_a_subscription_token_gets_the_state_too_and_only_with_it(gateway, ann, bob):
    """A token that is refused shows nothing of the account."""
    await ann.submit("BUY", "100.00", "1")
    await quiet(gateway)
    token = signed(sub="bob", channel=ann.channel)
    ask = {"channel": ann.channel, "data": {"state": True}}
    forged = await bob.ask("subscribe", **ask, token=token[:-4] + "AAAA")
    assert forged == {"id": forged["id"], "error": {"code": 103, "message": "permission denied"}}
    state = (await bob.ask("subscribe", **ask, token=token))["subscribe"]["data"]
    assert [order["limitPrice"] for order in state["orders"]] == ["100.00"]
    assert state["portfolio"]["tradingAccountId"] == ann.account


@pytest.mark.parametrize("claims", [{"sub": "ann"}, {"channel": "tradingAccount:42"}])
async def test_a_token_for_something_else_ends_the_connection(ann, bob, claims):
    """3500, as the protocol has it."""
    token = signed(**{"sub": "bob", "channel": ann.channel, **claims})
    bob.send("subscribe", channel=ann.channel, token=token)
    assert bob.ended.code == 3500


@pytest.mark.parametrize("as_subs", [True, False])
async def test_a_connection_token_grants_it(gateway, ann, as_subs):
    """The bearer is subscribed from the start, may look at the account, and may not trade."""
    grant = {"subs": {ann.channel: {}}} if as_subs else {"channels": [ann.channel]}
    bob = Trader(gateway)
    reply = await bob.ask("connect", token=signed(sub="bob", **grant))
    assert reply["connect"]["subs"][ann.channel]["recoverable"]
    order = await ann.submit("BUY", "100.00", "1")
    await quiet(gateway)
    heard = AccountCopy().apply_all(bob.pushed(ann.channel))
    bob.account = ann.account
    assert heard.orders == {order["tradeOrderId"]: order}
    assert await bob.open_orders() == [order]
    envelope = await bob.rpc("command.trade_order.submit", **bob.order("BUY", "100.00", "1"))
    assert envelope["error"]["code"] == 40001


async def test_a_connection_token_recovers(gateway, ann):
    """What happened while the bearer was away comes with the connect."""
    token = signed(sub="bob", channels=[ann.channel])
    bob = Trader(gateway)
    first = (await bob.ask("connect", token=token))["connect"]["subs"][ann.channel]
    bob.connection.lost()
    await ann.submit("BUY", "100.00", "1")
    await quiet(gateway)
    where = {"recover": True, "offset": first.get("offset", 0), "epoch": first["epoch"]}
    again = Trader(gateway)
    reply = await again.ask("connect", token=token, subs={ann.channel: where})
    found = reply["connect"]["subs"][ann.channel]
    assert found["recovered"]
    assert len(AccountCopy().apply_all(found["publications"]).orders) == 1


async def test_an_operators_namespace_opens_nobodys_account():
    """Whatever it allows, who is not the owner needs a token."""
    mine = {
        "name": "tradingAccount",
        "allow_subscribe_for_client": True,
        "allow_subscribe_for_anonymous": True,
        "allow_user_limited_channels": True,
        "force_recovery": True,
        "history_size": 10,
        "history_ttl": "60s",
        "presence": True,
        "allow_presence_for_subscriber": True,
    }
    async with a_gateway(channel={"namespaces": [mine]}) as gateway:
        ann = await Trader.connected(gateway)
        bob = await Trader.connected(gateway, "bob")
        for channel in (ann.channel, f"{ann.channel}#bob", "tradingAccount:42#bob"):
            assert (await bob.ask("subscribe", channel=channel))["error"]["code"] == 103
        await ann.subscribe()
        seen = (await ann.ask("presence", channel=ann.channel))["presence"]["presence"]
        assert [info["user"] for info in seen.values()] == ["ann"]
        assert (await bob.ask("presence", channel=ann.channel))["error"]["code"] == 103


async def test_without_trading_there_are_no_accounts():
    """102, as for any namespace that there is not."""
    async with a_gateway(trading={"enabled": False}) as gateway:
        ann = await Trader.connected(gateway, "")
        assert (await ann.ask("subscribe", channel="tradingAccount:42"))["error"]["code"] == 102
