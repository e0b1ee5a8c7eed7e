"""The gateway as a whole: feeds, namespaces, and what a failure of one part does."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cadenza.config import load_tree
from cadenza.gateway.feeds import make_feed
from cadenza.gateway.gateway import Gateway
from cadenza.gateway.operate.overview import GatewayHealth
from cadenza.market.errors import RecordingNotFoundError
from cadenza.models import HealthStatus
from cadenza.trading.store.errors import StoreLockedError

BTC = "BINANCE:BTC/USDT"
BOOK = f"market:orderBook:{BTC}"
KEY = "unit-test-hmac-key-0123456789abcdef"


async def test_a_feed_that_fails_does_not_end_the_gateway(gateway_of, client_of, caplog):
    """The failure is logged with its reason; clients are served as before."""
    failed = asyncio.Event()

    async def script():
        failed.set()
        raise ValueError("the venue speaks nonsense")

    gateway = await gateway_of(script)
    await failed.wait()
    await asyncio.sleep(0)
    client = client_of(gateway)
    assert "subscribe" in client.ask("subscribe", channel=BOOK)
    (record,) = [found for found in caplog.records if found.levelno == logging.ERROR]
    assert record.name == "cadenza.gateway"
    assert "the venue speaks nonsense" in caplog.text
    assert gateway.failures == {"the market feed": "ValueError: the venue speaks nonsense"}
    assert GatewayHealth(gateway.parts).parts()["market"] is HealthStatus.DEGRADED


async def test_a_feed_that_ends_leaves_its_books(gateway_of, client_of):
    """A recording that is over leaves its final state to newcomers."""
    gateway = await gateway_of()
    gateway.market.book_snapshot(BTC, [("1.00", "1.000")], [], 1)
    client = client_of(gateway)
    client.ask("subscribe", channel=BOOK)
    assert client.pushed(BOOK)[0]["data"]["updateType"] == "SNAPSHOT"


async def test_without_a_feed_there_are_plain_channels(gateway_of, client_of):
    """``feed: none`` leaves the market channels to whoever publishes over the API."""
    gateway = await gateway_of(feed=False)
    assert gateway.feed is None
    client = client_of(gateway)
    assert "subscribe" in client.ask("subscribe", channel=BOOK)
    await gateway.node.publish(BOOK, b'{"x":1}')
    gateway.node.outbox.flush()
    assert client.pushed(BOOK)[0]["data"] == {"x": 1}


async def test_a_disabled_market_has_no_channels(gateway_of, client_of):
    """102, as for any unknown namespace."""
    gateway = await gateway_of(feed=False, market={"enabled": False})
    client = client_of(gateway)
    assert client.ask("subscribe", channel=BOOK)["error"]["code"] == 102


async def test_accounts_need_a_token_of_their_own(gateway_of, client_of, signed):
    """103 without a subscription token; with one for this channel the account is open."""
    client = client_of(await gateway_of())
    channel = "tradingAccount:42"
    assert client.ask("subscribe", channel=channel)["error"]["code"] == 103
    token = signed(sub="ann", channel=channel)
    assert "subscribe" in client.ask("subscribe", channel=channel, token=token)
    token = signed(sub="ann", channel="tradingAccount:43")
    assert client.ask("subscribe", channel="tradingAccount:44", token=token) is None
    assert client.ended.code == 3500


async def test_a_configured_namespace_is_the_operators(gateway_of, client_of):
    """``market`` of a configuration file replaces the gateway's own, history included."""
    mine = {"name": "market", "allow_subscribe_for_client": True, "allow_publish_for_client": True}
    gateway = await gateway_of(channel={"namespaces": [mine]})
    gateway.market.book_snapshot(BTC, [("1.00", "1.000")], [], 1)
    client = client_of(gateway)
    reply = client.ask("subscribe", channel=BOOK)["subscribe"]
    assert not reply.get("recoverable")
    assert client.pushed(BOOK)[0]["data"]["updateType"] == "SNAPSHOT"
    assert "publish" in client.ask("publish", channel=BOOK, data={})
    gateway.market.book_snapshot(BTC, [("2.00", "1.000")], [], 2)
    gateway.node.outbox.flush()
    assert "offset" not in client.pushed(BOOK)[-1]


async def test_a_closed_configured_namespace_stays_closed(gateway_of, client_of):
    """An operator's ``market`` without permissions is 103, not open."""
    gateway = await gateway_of(channel={"namespaces": [{"name": "market"}]})
    assert client_of(gateway).ask("subscribe", channel=BOOK)["error"]["code"] == 103


@pytest.mark.parametrize(
    ("market", "error", "message"),
    [
        ({"feed": "replay", "replay": {"path": "/nowhere"}}, RecordingNotFoundError, "/nowhere"),
        ({"simulated": {"instruments": ["NO:NO/NO"]}}, ValueError, "NO:NO/NO is not simulated"),
    ],
)
def test_feeds_that_cannot_be_made(market, error, message):
    """The message names what is missing."""
    config = load_tree({"market": market}, {}, {})[0].market
    with pytest.raises(error, match=message):
        make_feed(config, None, None, None)


async def test_the_simulator_feeds_every_instrument(client_of):
    """The built-in market moves, and each of its instruments has a channel."""
    tree = {
        "client": {"token": {"hmac_secret_key": KEY}},
        "market": {"simulated": {"seed": 1, "rate": 500}, "order_book": {"update_interval": "1ms"}},
    }
    gateway = Gateway(load_tree(tree, {}, {})[0])
    async with gateway.running():
        client = client_of(gateway)
        names = [found.instrument_id for found in gateway.feed.instruments()]
        channels = [f"market:orderBook:{name}" for name in names]
        for channel in channels:
            assert "subscribe" in client.ask("subscribe", channel=channel)
        while not all(len(client.pushed(channel)) > 3 for channel in channels):  # noqa: ASYNC110 - the feed has no event for it
            await asyncio.sleep(0.001)


async def test_a_store_that_cannot_be_used_leaves_nothing_running(tmp_path):
    """Whoever embeds a gateway gets the error, and can try again."""
    settings = {
        "market": {"feed": "none"},
        "trading": {"store": {"path": str(tmp_path)}},
    }
    config, _ = load_tree(settings, {}, {})
    before = asyncio.all_tasks()
    first = Gateway(config)
    async with first.running():
        second = Gateway(config)
        with pytest.raises(StoreLockedError):
            async with second.running():
                pytest.fail("two servers on one folder")
        assert second.node.closing
    assert asyncio.all_tasks() == before
    async with Gateway(config).running():
        pass
