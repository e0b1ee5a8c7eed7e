"""The periodic look at presence, positions and expiry, and what is left after the last."""

from __future__ import annotations

import pytest

from cadenza.realtime import (
    ClientOptions,
    ConnectClaims,
    ConnectReply,
    Handlers,
    Override,
    SubscribeClaims,
    SubscribeReply,
    SubscriptionGrant,
    TokenExpired,
    VirtualClock,
)
from cadenza.realtime.controller import RefreshUser, SubscribeUser, Target, UnsubscribeUser
from cadenza.realtime.duration import Duration
from cadenza.realtime.presence_memory import MemoryPresence
from support.realtime.engine_world import (
    Client,
    FakeVerifier,
    MakeWorld,
    World,
    namespace,
    open_rules,
)
from support.realtime.presence_contract import TTL
from support.realtime.slow_services import AsyncBroker, AsyncPresence

QUIET = ClientOptions(ping_interval=Duration(0))
NOW = int(VirtualClock().time())


def lasting(clock: VirtualClock) -> MemoryPresence:
    return MemoryPresence(clock, TTL)


async def test_presence_is_renewed_before_it_expires(make_world: MakeWorld):
    world = await make_world(client=QUIET, presence=lasting)
    client = await world.connected()
    await client.subscribe("c")
    for _ in range(6):
        await world.advance(30)
        assert list(world.presence.read("c")) == [client.connection.client]
    client.connection.lost()
    assert world.presence.read("c") == {}


async def test_the_first_look_is_after_half_to_one_interval(make_world: MakeWorld):
    interval = float(QUIET.presence_update_interval)
    world = await make_world(client=QUIET)
    looks: list[float] = []
    world.node.membership.look_after = lambda _: looks.append(world.clock.monotonic())
    for _ in range(30):
        await world.connected()
    world.clock.advance(interval * 2.1)
    first, rest = looks[:30], looks[30:]
    assert all(interval / 2 <= when <= interval for when in first)
    assert max(first) - min(first) > interval / 10
    assert len(rest) >= 30


async def test_a_lost_publication_is_found_by_the_position_check(make_any_world: MakeWorld):
    world = await make_any_world(client=QUIET)
    client = await world.connected()
    await client.subscribe("c", positioned=True)
    await world.publish("c", 1)
    memory = getattr(world.broker, "memory", world.broker)
    memory._subscribed.discard("c")
    await world.publish("c", 2)
    memory._subscribed.add("c")
    client.news()
    await world.advance(90)
    assert [one["code"] for one in client.pushes("unsubscribe")] == [2500]
    assert "c" not in client.connection.subscriptions


async def test_the_check_of_a_channel_that_is_well_changes_nothing(make_any_world: MakeWorld):
    world = await make_any_world(client=QUIET)
    clients = [await world.connected(user) for user in ("ann", "bob")]
    for client in clients:
        await client.subscribe("c", positioned=True)
    await world.publish("c", 1)
    await world.advance(200)
    assert [client.code for client in clients] == [None, None]
    assert [one["data"] for one in clients[0].pushes("pub")] == [1]
    assert len(world.node.hub.channels["c"].subscriptions) == 2


async def test_a_broker_that_fails_is_asked_again(make_world: MakeWorld):
    world = await make_world(client=QUIET, broker=AsyncBroker, presence=AsyncPresence)
    client = await world.connected()
    await client.subscribe("c", positioned=True)
    world.broker.gates.failing.add("history")
    world.presence.gates.failing.add("add")
    await world.advance(100)
    assert "c" in client.connection.subscriptions
    world.broker.line.lose = 1
    await world.publish("c", 1)
    world.broker.gates.failing.clear()
    world.presence.gates.failing.clear()
    await world.advance(100)
    assert "c" not in client.connection.subscriptions


async def test_a_check_that_ends_the_connection_leaves_no_presence_behind(make_world: MakeWorld):
    """The channels after the one that ended it are not added to presence again."""
    world = await make_world(client=QUIET)
    client = await world.connected()
    grant = SubscriptionGrant(override=Override(force_positioning=True))
    for channel in ("a", "b", "c"):
        await world.node.admin.subscribe(
            SubscribeUser(target=Target(user="ann"), channel=channel, grant=grant)
        )
    world.broker._subscribed.discard("a")
    await world.publish("a", 1)
    await world.advance(90)
    assert client.code == 3010
    assert world.presence._channels == {}


def expiring(world: World, seconds: int, **more: object) -> SubscribeUser:
    grant = SubscriptionGrant(expire_at=int(world.clock.time()) + seconds)
    return SubscribeUser(target=Target(user="ann"), channel="s", grant=grant)


async def test_subscriptions_that_expired_end_on_the_look_after_their_grace(make_world: MakeWorld):
    """Between 25 and 52 seconds after: 2501 for the client's own, 3006 for the server's."""
    world = await make_world(
        client=QUIET,
        handlers=Handlers(
            subscribe=lambda event: SubscribeReply(
                grant=SubscriptionGrant(expire_at=int(world.clock.time()) + 10)
            )
        ),
    )
    own, other = await world.connected("bob"), await world.connected("ann")
    result = await own.subscribe("c")
    assert (result["expires"], result["ttl"]) == (True, 10)
    await world.node.admin.subscribe(expiring(world, 10))
    own.news()
    await world.advance(34)
    assert own.pushes("unsubscribe") == []
    assert other.code is None
    await world.advance(29)
    assert [one["code"] for one in own.pushes("unsubscribe")] == [2501]
    assert (own.code, other.code) == (None, 3006)


async def connected_with(world: World, token: str) -> Client:
    client = world.open()
    reply = await client.ask(connect={"token": token})
    assert "connect" in reply, reply
    return client


def verifier() -> FakeVerifier:
    return FakeVerifier(
        {
            "short": ConnectClaims(user="ann", expire_at=NOW + 10),
            "long": ConnectClaims(user="ann", expire_at=NOW + 100, info=b'{"i":1}'),
            "ever": ConnectClaims(user="ann"),
            "over": ConnectClaims(user="ann", expire_at=NOW),
            "bob": ConnectClaims(user="bob", expire_at=NOW + 100),
            "subs": ConnectClaims(user="ann", subs={"s": SubscriptionGrant()}),
            "old": TokenExpired("x"),
            "century": ConnectClaims(user="ann", expire_at=NOW + 10**10),
        },
        {
            "good": SubscribeClaims(
                user="ann",
                channel="c",
                grant=SubscriptionGrant(expire_at=NOW + 50, info=b'{"s":1}'),
            ),
            "ever": SubscribeClaims(user="ann", channel="c"),
            "old": TokenExpired("x"),
            "over": SubscribeClaims(
                user="ann", channel="c", grant=SubscriptionGrant(expire_at=NOW)
            ),
            "other": SubscribeClaims(user="ann", channel="d"),
            "bob": SubscribeClaims(user="bob", channel="c"),
            "elsewhere": SubscribeClaims(user="ann", channel="c", client="x"),
        },
    )


async def test_a_connection_expires_after_its_grace(make_world: MakeWorld):
    world = await make_world(client=QUIET, verifier=verifier())
    client = world.open()
    reply = await client.ask(connect={"token": "short"})
    assert (reply["connect"]["expires"], reply["connect"]["ttl"]) == (True, 10)
    await world.advance(34)
    assert client.code is None
    await world.advance(2)
    assert client.code == 3005


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        ("long", {"expires": True, "ttl": 100}),
        ("ever", {}),
        ("", 3501),
        ("over", 3005),
        ("old", 3005),
        ("bob", 3500),
        ("nonsense", 3500),
        ("subs", 3010),
    ],
)
async def test_refresh(make_world: MakeWorld, token: str, outcome: object):
    world = await make_world(client=QUIET, verifier=verifier())
    client = await connected_with(world, "short")
    if isinstance(outcome, int):
        client.send({"id": 7, "refresh": {"token": token}})
        assert client.code == outcome
        return
    assert await client.ask(refresh={"token": token}) == {"refresh": outcome}
    await world.advance(60)
    assert client.code is None
    await world.advance(70)
    assert client.code == (3005 if outcome else None)


async def test_the_longest_lifetime_is_a_year(make_world: MakeWorld):
    world = await make_world(verifier=verifier())
    client = world.open()
    reply = await client.ask(connect={"token": "century"})
    assert reply["connect"]["ttl"] == 365 * 24 * 3600


async def test_a_connect_token_whose_connection_expired_is_refused(make_world: MakeWorld):
    world = await make_world(verifier=verifier())
    client = world.open()
    assert (await client.ask(connect={"token": "over"}))["error"]["code"] == 110


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        ("good", {"expires": True, "ttl": 50}),
        ("ever", {}),
        ("old", 3006),
        ("over", 3006),
        ("other", 3500),
        ("bob", 3500),
        ("elsewhere", 3500),
        ("nonsense", 3500),
    ],
)
async def test_sub_refresh(make_world: MakeWorld, token: str, outcome: object):
    world = await make_world(client=QUIET, verifier=verifier())
    client = await connected_with(world, "ever")
    assert (await client.ask(sub_refresh={"channel": "c", "token": token}))["error"]["code"] == 103
    await client.subscribe("c", token="good")
    assert (await client.ask(sub_refresh={"channel": "c"}))["error"]["code"] == 107
    if isinstance(outcome, int):
        client.send({"id": 7, "sub_refresh": {"channel": "c", "token": token}})
        assert client.code == outcome
        return
    reply = await client.ask(sub_refresh={"channel": "c", "token": token})
    assert reply == {"sub_refresh": outcome}
    info = await client.ask(presence={"channel": "c"})
    assert client.connection.subscriptions["c"].chan_info == (b'{"s":1}' if outcome else None)
    assert info["presence"]["presence"][client.connection.client]["chan_info"] == {"s": 1}


async def test_the_api_renews_ends_and_unlimits_a_connection(make_world: MakeWorld):
    world = await make_world(client=QUIET, verifier=verifier())
    client = await connected_with(world, "short")
    target = Target(user="ann")
    await world.node.admin.refresh(RefreshUser(target=target, expire_at=NOW + 100, info=b'"i"'))
    await world.turn()
    assert client.pushes("refresh") == [{"expires": True, "ttl": 100}]
    assert client.connection.info == b'"i"'
    await world.node.admin.refresh(RefreshUser(target=target))
    await world.advance(1000)
    assert client.code is None
    await world.node.admin.refresh(RefreshUser(target=target, expired=True))
    assert client.code == 3005


async def test_leaving_twice_leaves_once(make_any_world: MakeWorld):
    """By the client, the API and the end of the connection together."""
    ended: list[int] = []
    handlers = Handlers(unsubscribed=lambda _, __, end: ended.append(end.code))
    world = await make_any_world(handlers=handlers)
    client, watcher = await world.connected(), await world.connected("bob")
    await watcher.subscribe("c", join_leave=True)
    await client.subscribe("c")
    watcher.news()
    client.send({"id": 9, "unsubscribe": {"channel": "c"}})
    await world.node.admin.unsubscribe(UnsubscribeUser(target=Target(user="ann"), channel="c"))
    client.connection.lost()
    await world.turn()
    assert len(watcher.pushes("leave")) == 1
    assert ended == [0]
    assert world.node.hub.num_subscriptions == 1


async def test_a_handler_that_fails_ends_nothing_else(make_world: MakeWorld):
    """The transport is closed and everybody is forgotten all the same."""

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    handlers = Handlers(unsubscribed=fail, disconnected=fail, connected=fail)
    world = await make_world(handlers=handlers)
    client = await world.connected()
    await client.subscribe("c")
    await client.subscribe("d")
    client.send({"id": 5})
    assert client.code == 3501
    world.assert_empty()


async def test_shutdown_tells_everybody_and_waits_for_the_goodbyes(make_world: MakeWorld):
    """Presence is removed and leaves are published before the broker is closed."""
    world = await make_world(client=QUIET, broker=AsyncBroker, presence=AsyncPresence)
    clients = [await world.connected(user) for user in ("ann", "bob")]
    for client in clients:
        await client.subscribe("c")
    await world.end()
    assert [client.code for client in clients] == [3001, 3001]
    calls = world.broker.gates.calls
    assert calls.index("close") > max(
        place for place, call in enumerate(calls) if call == "publish_leave"
    )
    assert len(world.node.timers) == 0
    await world.end()


async def test_presence_and_joins_follow_the_options(make_world: MakeWorld):
    silent = namespace("silent", presence=False, join_leave=False)
    world = await make_world(rules=open_rules(silent), handlers=Handlers())
    client = await world.connected()
    await client.subscribe("silent:c", join_leave=True)
    assert client.pushes("join") == []
    assert world.presence._channels == {}


async def test_a_connection_with_a_preset_identity_needs_no_token(make_world: MakeWorld):
    world = await make_world(verifier=FakeVerifier())
    client = world.open(preset=ConnectClaims(user="ann", info=b"1"))
    await client.ask(connect={})
    assert (client.connection.user, client.connection.info) == ("ann", b"1")
    assert ConnectReply().user == ""


async def test_a_publication_on_its_way_is_not_lost(make_world: MakeWorld):
    """The check may read it in the stream before it is delivered."""
    world = await make_world(client=QUIET, broker=AsyncBroker, presence=AsyncPresence)
    client = await world.connected()
    await client.subscribe("c", positioned=True)
    world.broker.line.held = True
    await world.publish("c", 1)
    world.broker.gates.calls.clear()
    while "history" not in world.broker.gates.calls:
        await world.advance(1)
        assert world.clock.monotonic() < 100
    world.broker.line.release()
    await world.advance(5)
    assert [next(iter(one["push"].keys() - {"channel"})) for one in client.news()[-1:]] == ["pub"]
    assert "c" in client.connection.subscriptions
