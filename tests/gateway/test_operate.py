"""The calls ``operate.*``: what an operator sees of a gateway that is at work."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec import Raw

from cadenza.market.errors import BookFaultError
from cadenza.market.feed import FeedStatistics
from cadenza.realtime import CommandError
from cadenza.server.api.methods import Methods
from cadenza.server.api.requests import RPCRequest
from cadenza.trading.store.errors import StoreError

BTC = "BINANCE:BTC/USDT"
BOOK = f"market:orderBook:{BTC}"
TRADE = f"market:trade:{BTC}"


def ask_of(gateway):
    """``ask(method, **params)``: a call of the server API's ``rpc``, as its endpoint makes it."""
    methods = Methods(gateway.node, gateway._api_rpc)

    async def ask(method, /, **params):
        request = RPCRequest(method=method, params=Raw(json.dumps(params).encode()))
        return json.loads(bytes((await methods.rpc(request))["data"]))

    return ask


@pytest.fixture
async def busy(gateway_of, client_of):
    """A gateway with two users on three connections, and five subscriptions to two channels."""
    gateway = await gateway_of(faults={"enabled": True})
    gateway.market.book_snapshot(BTC, [("1.00", "1.000")], [], 1)
    clients = [client_of(gateway, user) for user in ("ann", "bob", "ann")]
    for client, channels in zip(clients, ([BOOK, TRADE], [BOOK], [TRADE, BOOK]), strict=True):
        for channel in channels:
            assert "subscribe" in client.ask("subscribe", channel=channel)
    return gateway, clients, ask_of(gateway)


async def test_the_overview_counts_what_clients_did(busy):
    gateway, clients, ask = busy
    before = await ask("operate.overview")
    assert before["node"] == gateway.node.uid
    (node,) = before["nodes"]
    assert (node["uid"], node["num_clients"], node["num_users"]) == (gateway.node.uid, 3, 2)
    assert (node["num_subs"], node["num_channels"]) == (5, 2)
    assert before["counters"]["commands"] == {"connect": 3, "subscribe": 5}
    assert before["counters"]["messages_received"] == 8
    assert clients[0].ask("subscribe", channel="nowhere:x")["error"]["code"] == 102
    clients[1].connection.lost()
    after = await ask("operate.overview")
    assert after["counters"]["errors"] == {"102": 1}
    assert after["counters"]["disconnects"] == {"3000": 1}
    assert after["counters"]["messages_received"] == 9
    assert after["nodes"][0]["num_clients"] == 2
    assert after["time_ms"] >= before["time_ms"]


async def test_messages_a_second_can_be_made_of_two_answers(busy):
    """A publication counts once for each of its subscribers."""
    gateway, _, ask = busy
    before = (await ask("operate.overview"))["counters"]["messages_sent"]
    for number in range(10):
        await gateway.node.publish(TRADE, b'{"n":%d}' % number)
    gateway.node.outbox.flush()
    after = (await ask("operate.overview"))["counters"]["messages_sent"]
    assert after - before == 20


async def test_a_connection_is_shown_without_its_secrets(busy):
    """Its token, its session and its info are nobody's business."""
    gateway, clients, ask = busy
    connection = clients[1].connection
    connection.info, connection.session = b'{"info": "of-bob"}', "session-of-bob"
    answer = await ask("operate.connections", filter="BOB")
    assert answer["total"] == 1
    assert answer["connections"] == [
        {
            "client": connection.client,
            "user": "bob",
            "name": "",
            "version": "",
            "transport": "websocket",
            "protocol": "json",
            "connected_ms": round(connection.connected_at * 1000),
            "expire_at": 0,
            "subscriptions": 1,
            "queued_bytes": 0,
            "slow": False,
        }
    ]
    now_ms = gateway.node.clock.time() * 1000
    assert now_ms - 60_000 < answer["connections"][0]["connected_ms"] <= now_ms + 1
    assert "of-bob" not in json.dumps(answer)


async def test_connections_come_oldest_first_and_a_part_at_a_time(busy):
    _, clients, ask = busy
    order = [client.connection.client for client in clients]
    seen = []
    for offset in range(4):
        answer = await ask("operate.connections", offset=offset, limit=1)
        assert answer["total"] == 3
        seen += [entry["client"] for entry in answer["connections"]]
    assert seen == order
    most = await ask("operate.connections", order="subscriptions")
    assert [entry["subscriptions"] for entry in most["connections"]] == [2, 2, 1]
    mine = await ask("operate.connections", filter=order[2][:13])
    assert [entry["client"] for entry in mine["connections"]] == order[2:]


async def test_a_client_that_does_not_read_stands_out(busy):
    """In the list, with what waits for it, and in the sums of the overview."""
    gateway, clients, ask = busy
    slow = clients[2].connection
    slow.pause_writing()
    await gateway.node.publish(TRADE, b'{"n":1}')
    gateway.node.outbox.flush()
    queues = (await ask("operate.overview"))["queues"]
    assert queues["slow_connections"] == 1
    assert queues["queued_bytes"] == queues["queued_bytes_max"] == slow.queued_bytes > 0
    assert queues["open_connections"] == 3
    assert queues["queue_max_size"] == 1_048_576
    first = (await ask("operate.connections", order="queued"))["connections"][0]
    assert (first["client"], first["slow"]) == (slow.client, True)
    assert first["queued_bytes"] == slow.queued_bytes
    only = await ask("operate.connections", slow=True)
    assert [entry["client"] for entry in only["connections"]] == [slow.client]
    slow.resume_writing()
    assert (await ask("operate.connections", slow=True))["total"] == 0


async def test_channels_are_found_by_a_part_of_their_name(busy):
    _, _, ask = busy
    answer = await ask("operate.channels")
    assert answer["channels"] == [
        {"channel": BOOK, "subscribers": 3},
        {"channel": TRADE, "subscribers": 2},
    ]
    assert (answer["total"], answer["subscriptions"]) == (2, 5)
    answer = await ask("operate.channels", filter=":TRADE:")
    assert [entry["channel"] for entry in answer["channels"]] == [TRADE]
    assert (answer["total"], answer["subscriptions"]) == (1, 2)
    most = await ask("operate.channels", order="subscribers", offset=1)
    assert (most["total"], most["channels"]) == (2, [{"channel": TRADE, "subscribers": 2}])


async def test_the_faults_that_are_on_are_shown(busy):
    _, _, ask = busy
    fault = (await ask("faults.set", kind="delay", ms=20, target={"user": "bob"}))["fault"]
    assert (await ask("operate.overview"))["faults"] == {"enabled": True, "active": [fault]}
    await ask("faults.clear")
    assert (await ask("operate.overview"))["faults"]["active"] == []


async def test_a_book_that_cannot_be_trusted_makes_the_feed_stale(gateway_of):
    """As soon as it is so, and until the next snapshot."""
    gateway = await gateway_of()
    gateway.feed.counted = FeedStatistics(messages=7, trades=2, lag_ms=1.5)
    ask = ask_of(gateway)
    gateway.market.book_snapshot(BTC, [("1.00", "1.000")], [("2.00", "1.000")], 1)
    feed = (await ask("operate.overview"))["feed"]
    assert (feed["messages"], feed["trades"], feed["lag_ms"], feed["stale"]) == (7, 2, 1.5, [])
    with pytest.raises(BookFaultError):
        gateway.market.book_diff(BTC, [("3.00", "1.000")], [], 2)
    overview = await ask("operate.overview")
    assert overview["feed"]["stale"] == [BTC]
    assert overview["health"]["market"] == "degraded"


async def test_a_part_that_has_failed_is_named(gateway_of):
    """With its error: it stands still, while the rest goes on."""
    failed = asyncio.Event()

    async def script():
        failed.set()
        raise OSError("no such recording")

    gateway = await gateway_of(script)
    ask = ask_of(gateway)
    await failed.wait()
    overview = await ask("operate.overview")
    assert overview["failures"] == {"the market feed": "OSError: no such recording"}
    assert overview["health"]["market"] == "degraded"


async def test_without_market_and_venue_they_are_absent(gateway_of):
    gateway = await gateway_of(feed=False, trading={"enabled": False})
    overview = await ask_of(gateway)("operate.overview")
    assert (overview["feed"], overview["journal"]) == (None, None)
    assert overview["health"] == {"node": "healthy"}
    assert overview["faults"] == {"enabled": False, "active": []}


async def test_the_journal_says_what_waits_for_the_disk(gateway_of):
    """And why nothing more can be written, when it cannot."""
    gateway = await gateway_of()
    ask, journal = ask_of(gateway), gateway.trading.venue.journal
    await journal.drain()
    before = (await ask("operate.overview"))["journal"]
    assert (before["state"], before["pending"], before["failure"]) == ("idle", 0, "")
    gateway.trading.venue.accounts.of_owner("ann")
    during = (await ask("operate.overview"))["journal"]
    assert during["pending"] > 0
    await journal.drain()
    after = (await ask("operate.overview"))["journal"]
    assert after["commits"] == before["commits"] + 1
    assert after["records"] >= before["records"] + during["pending"]
    assert after["last_commit_ms"] > 0
    journal.abort(StoreError("the disk is full"))
    failed = await ask("operate.overview")
    assert (failed["journal"]["state"], failed["journal"]["failure"]) == (
        "failed",
        "the disk is full",
    )
    assert failed["health"]["database"] == "unhealthy"


@pytest.mark.parametrize(
    ("method", "params", "code", "words"),
    [
        ("operate.overview", {"x": 1}, 107, "unknown field `x`"),
        ("operate.connections", {"limit": 0}, 107, "`int` >= 1 - at `$.limit`"),
        ("operate.connections", {"limit": 501}, 107, "`int` <= 500 - at `$.limit`"),
        ("operate.connections", {"limit": "5"}, 107, "Expected `int`, got `str`"),
        ("operate.connections", {"offset": -1}, 107, "at `$.offset`"),
        ("operate.connections", {"offset": 10**9}, 107, "at `$.offset`"),
        ("operate.connections", {"order": "subscribers"}, 107, "Invalid enum value"),
        ("operate.connections", {"filter": "x" * 256}, 107, "at `$.filter`"),
        ("operate.connections", {"filter": None}, 107, "Expected `str`, got `null`"),
        ("operate.channels", {"order": "queued"}, 107, "Invalid enum value"),
        ("operate.channels", {"slow": True}, 107, "unknown field `slow`"),
        ("operate.chanels", {}, 104, 'did you mean "operate.channels"?'),
        ("operate.", {}, 104, "there is no method"),
        ("operate", {}, 104, "not found"),
    ],
)
async def test_what_is_wrong_with_a_call_is_said(gateway_of, method, params, code, words):
    gateway = await gateway_of()
    with pytest.raises(CommandError) as caught:
        await ask_of(gateway)(method, **params)
    assert caught.value.error.code == code
    assert words in caught.value.error.message


@pytest.mark.parametrize("params", [b"[]", b"null", b"\xff", b"{", b"[" * 5000])
async def test_nonsense_is_refused(gateway_of, params):
    gateway = await gateway_of()
    with pytest.raises(CommandError) as caught:
        await gateway._api_rpc("operate.connections", params)
    assert caught.value.error.code == 107


async def test_without_parameters_all_have_their_defaults(gateway_of):
    gateway = await gateway_of()
    assert json.loads(await gateway._api_rpc("operate.channels", b""))["total"] == 0
