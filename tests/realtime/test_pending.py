"""Commands that wait for a slow broker, and what may happen to a connection meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cadenza.protocol import codes
from cadenza.realtime import (
    ConnectEvent,
    ConnectReply,
    Handlers,
    Override,
    SubscribeEvent,
    SubscribeReply,
    SubscriptionGrant,
)
from cadenza.realtime.controller import SubscribeUser, Target, UnsubscribeUser
from support.realtime.engine_world import Client, MakeWorld, World, namespace, open_rules
from support.realtime.slow_services import AsyncBroker, AsyncPresence

SLOW: dict[str, Any] = {"broker": AsyncBroker, "presence": AsyncPresence}
GATES = [
    ("broker", "subscribe"),
    ("presence", "add"),
    ("broker", "history"),
    ("broker", "history_answer"),
]
RECOVERING = {"recoverable": True, "positioned": True, "recover": True}


async def pending(world: World, service: str, gate: str, **subscribe: Any) -> Client:
    """A client whose subscribe waits at a gate."""
    client = await world.connected()
    getattr(world, service).gates.shut(gate)
    client.send({"id": 2, "subscribe": {"channel": "c", "positioned": True, **subscribe}})
    await world.turn()
    assert client.news() == []
    return client


async def go_on(world: World, service: str, gate: str) -> None:
    getattr(world, service).gates.open(gate)
    await world.turn()


@pytest.mark.parametrize(("service", "gate"), GATES)
async def test_a_connection_lost_during_a_subscribe_leaves_nothing(
    make_world: MakeWorld, service: str, gate: str
):
    world = await make_world(**SLOW)
    client = await pending(world, service, gate)
    client.connection.lost()
    await world.turn()
    await go_on(world, service, gate)
    world.assert_empty()


@pytest.mark.parametrize(("service", "gate"), GATES)
async def test_a_subscription_that_the_server_ends_while_it_is_pending_is_not_answered_as_good(
    make_world: MakeWorld, service: str, gate: str
):
    world = await make_world(**SLOW)
    client = await pending(world, service, gate)
    await world.node.admin.unsubscribe(UnsubscribeUser(target=Target(user="ann"), channel="c"))
    await world.turn()
    await go_on(world, service, gate)
    push, reply = client.news()
    assert push["push"]["unsubscribe"]["code"] == 2000
    assert reply["error"]["code"] == 100
    assert client.connection.subscriptions == {}
    assert world.presence.memory._channels == {}
    assert "subscribe" in await client.ask(subscribe={"channel": "c"})


@pytest.mark.parametrize(("service", "gate"), GATES)
async def test_a_server_subscribe_replaces_a_pending_one(
    make_world: MakeWorld, service: str, gate: str
):
    """One subscription is left, in presence too, and the client's own is refused with 105."""
    world = await make_world(**SLOW)
    client = await pending(world, service, gate)
    await world.node.admin.subscribe(SubscribeUser(target=Target(user="ann"), channel="c"))
    await world.turn()
    await go_on(world, service, gate)
    news = client.news()
    assert [one["error"]["code"] for one in news if one.get("id") == 2] == [105]
    assert len([one for one in news if "subscribe" in one.get("push", {})]) == 1
    assert client.connection.subscriptions["c"].server_side
    assert world.node.hub.num_subscriptions == 1
    assert list(await world.presence.read("c")) == [client.connection.client]


async def test_server_subscribes_that_overlap_leave_one_subscription(make_world: MakeWorld):
    world = await make_world(**SLOW)
    client = await world.connected()
    order = SubscribeUser(target=Target(user="ann"), channel="c")
    for _ in range(4):
        await world.node.admin.subscribe(order)
    await world.turn()
    assert world.node.hub.num_subscriptions == 1
    assert len(world.node.hub.channels["c"].subscriptions) == 1
    await world.publish("c", 1)
    assert len(client.pushes("pub")) == 1


@pytest.mark.parametrize("gate", ["subscribe", "history_answer"])
@pytest.mark.parametrize("ends", ["lost", "shutdown"])
async def test_a_connection_that_ends_during_connect_leaves_nothing(
    make_world: MakeWorld, gate: str, ends: str
):
    """While the first of several server-side subscriptions is set up."""
    grants = {
        channel: SubscriptionGrant(override=Override(force_positioning=True))
        for channel in ("a", "b", "c")
    }
    handlers = Handlers(connect=lambda event: ConnectReply(user=event.name, subs=grants))
    world = await make_world(handlers=handlers, **SLOW)
    world.broker.gates.shut(gate)
    client = world.open()
    client.send({"id": 1, "connect": {"name": "ann"}})
    await world.turn()
    if ends == "lost":
        client.connection.lost()
    else:
        client.connection.disconnect(codes.SHUTDOWN)
    await world.turn()
    await go_on(world, "broker", gate)
    world.assert_empty()
    assert client.news() == []


async def test_a_connection_that_ends_while_it_is_authenticated_is_nobody(make_world: MakeWorld):
    gate = asyncio.Event()

    async def connect(event: ConnectEvent) -> ConnectReply:
        await gate.wait()
        return ConnectReply(user="ann", expire_at=1_800_000_000)

    ended: list[object] = []
    handlers = Handlers(
        connect=connect,
        connected=ended.append,
        disconnected=lambda connection, _: ended.append(connection),
    )
    world = await make_world(handlers=handlers)
    client = world.open()
    client.send({"id": 1, "connect": {}})
    await world.turn()
    client.connection.lost()
    gate.set()
    await world.turn()
    assert not client.connection.is_open
    assert ended == []
    assert len(world.node.timers) == 0
    world.assert_empty()


async def test_a_connection_that_ends_while_the_application_decides(make_world: MakeWorld):
    """On a subscribe: nothing is registered afterwards."""
    gate = asyncio.Event()

    async def subscribe(event: SubscribeEvent) -> SubscribeReply:
        await gate.wait()
        return SubscribeReply()

    world = await make_world(handlers=Handlers(subscribe=subscribe))
    client = await world.connected()
    client.send({"id": 2, "subscribe": {"channel": "c"}})
    await world.turn()
    client.connection.lost()
    gate.set()
    await world.turn()
    world.assert_empty()


async def test_a_server_subscribe_while_the_application_decides_comes_first(make_world: MakeWorld):
    gate = asyncio.Event()

    async def subscribe(event: SubscribeEvent) -> SubscribeReply:
        await gate.wait()
        return SubscribeReply()

    world = await make_world(handlers=Handlers(subscribe=subscribe))
    client = await world.connected()
    client.send({"id": 2, "subscribe": {"channel": "c"}})
    await world.node.admin.subscribe(SubscribeUser(target=Target(user="ann"), channel="c"))
    gate.set()
    await world.turn()
    news = client.news()
    assert news[-1]["error"]["code"] == 105
    assert world.node.hub.num_subscriptions == 1


@pytest.mark.parametrize("service_and_name", [("broker", "subscribe"), ("presence", "add")])
async def test_a_service_that_fails_ends_the_connection_with_3004(
    make_world: MakeWorld, service_and_name: tuple[str, str]
):
    world = await make_world(**SLOW)
    client = await world.connected()
    service, name = service_and_name
    getattr(world, service).gates.failing.add(name)
    client.send({"id": 2, "subscribe": {"channel": "c"}})
    await world.turn()
    assert (client.news(), client.code) == ([], 3004)
    world.assert_empty()


async def test_a_publish_that_fails_is_answered_with_100(make_world: MakeWorld):
    world = await make_world(**SLOW)
    client = await world.connected()
    world.broker.gates.failing.add("publish")
    reply = await client.ask(publish={"channel": "c", "data": {}})
    assert reply["error"] == {"code": 100, "message": "internal server error", "temporary": True}
    world.broker.gates.failing.clear()
    assert await client.ask(publish={"channel": "c", "data": {}}) == {"publish": {}}


async def test_commands_are_answered_in_order_whatever_they_wait_for(make_any_world: MakeWorld):
    world = await make_any_world()
    client = await world.connected()
    client.send({"id": 2, "subscribe": {"channel": "c"}}, {"id": 3, "presence": {"channel": "c"}})
    client.send({"id": 4, "publish": {"channel": "c", "data": 1}})
    client.send({"id": 5, "history": {"channel": "c", "limit": 5}})
    client.send({"id": 6, "unsubscribe": {"channel": "c"}}, {"id": 7, "rpc": {"method": "none"}})
    await world.turn()
    news = client.news()
    assert [one["id"] for one in news if "id" in one] == [2, 3, 4, 5, 6, 7]
    assert list(news[1]["presence"]["presence"]) == [client.connection.client]
    assert len(next(one for one in news if one.get("id") == 5)["history"]["publications"]) == 1
    # The subscribed publisher sees its publication before its reply.
    kinds = [next(iter(one.get("push", {}).keys() - {"channel"}), one.get("id")) for one in news]
    if "pub" in kinds:
        assert kinds.index("pub") < kinds.index(5)


@pytest.mark.parametrize("recovering", [False, True])
async def test_what_is_published_during_a_subscribe_arrives_once(
    make_world: MakeWorld, recovering: bool
):
    """Before the read, between the read and its answer, and after: nothing lost or doubled."""
    world = await make_world(**SLOW)
    await world.publish("c", 1)
    extra = {**RECOVERING, "offset": 0} if recovering else {"positioned": True}
    client = await pending(world, "broker", "history", **extra)
    await world.publish("c", 2)
    world.broker.gates.shut("history_answer")
    await go_on(world, "broker", "history")
    await world.publish("c", 3)
    await world.publish("c", 4)
    await go_on(world, "broker", "history_answer")
    await world.publish("c", 5)
    reply, *pushes = client.news()
    result = reply["subscribe"]
    recovered = [found["offset"] for found in result.get("publications", [])]
    pushed = [one["push"]["pub"]["offset"] for one in pushes if "pub" in one["push"]]
    if recovering:
        assert recovered + pushed == [1, 2, 3, 4, 5]
        assert "offset" not in result
    else:
        assert (result["offset"], recovered, pushed) == (2, [], [3, 4, 5])


async def test_publications_without_offset_during_a_subscribe_are_not_lost(make_world: MakeWorld):
    world = await make_world(**SLOW)
    client = await pending(world, "broker", "history", **RECOVERING)
    await world.publish("c", "passing", skip_history=True)
    await go_on(world, "broker", "history")
    reply, *pushes = client.news()
    assert reply["subscribe"]["recovered"]
    assert [one["push"]["pub"]["data"] for one in pushes if "pub" in one["push"]] == ["passing"]


async def test_a_hole_during_a_recovering_subscribe_ends_the_connection(make_world: MakeWorld):
    world = await make_world(**SLOW)
    client = await pending(world, "broker", "history_answer", **RECOVERING)
    world.broker.line.lose = 1
    for number in (1, 2):
        await world.publish("c", number)
    await go_on(world, "broker", "history_answer")
    assert client.code == 3010


async def test_a_hole_during_a_positioned_subscribe_is_insufficient_state(make_world: MakeWorld):
    """The reply has a position that does not join what came after it."""
    world = await make_world(**SLOW)
    client = await pending(world, "broker", "history_answer")
    world.broker.line.lose = 1
    for number in (1, 2):
        await world.publish("c", number)
    await go_on(world, "broker", "history_answer")
    reply, push = client.news()
    assert reply["subscribe"]["positioned"]
    assert push["push"]["unsubscribe"]["code"] == 2500
    await world.turn()
    assert client.connection.subscriptions == {}


async def test_a_subscriber_ahead_of_its_channel_sees_nothing_twice(make_world: MakeWorld):
    """The read showed publications whose delivery to the node is still under way."""
    world = await make_world(**SLOW)
    other = await world.connected("bob")
    await other.subscribe("c", positioned=True)
    world.broker.line.held = True
    for number in (1, 2):
        await world.publish("c", number)
    client = await world.connected()
    result = await client.subscribe("c", positioned=True)
    assert result["offset"] == 2
    other.news()
    client.news()
    world.broker.line.release()
    await world.turn()
    for number in (3, 4):
        await world.publish("c", number)
    assert [found["offset"] for found in client.pushes("pub")] == [3, 4]
    assert [found["offset"] for found in other.pushes("pub")] == [1, 2, 3, 4]


async def test_filtered_subscribers_get_only_what_they_want_while_they_subscribe(
    make_world: MakeWorld,
):
    world = await make_world(**SLOW)
    wanted = {"tf": {"key": "k", "cmp": "eq", "val": "yes"}}
    client = await pending(world, "broker", "history_answer", **wanted)
    await world.publish("c", 1, tags={"k": "no"})
    await world.publish("c", 2, tags={"k": "yes"})
    await go_on(world, "broker", "history_answer")
    await world.publish("c", 3, tags={"k": "no"})
    await world.publish("c", 4, tags={"k": "yes"})
    assert [found["data"] for found in client.pushes("pub")] == [2, 4]


async def test_an_unsubscribe_waits_for_the_subscribe_before_it(make_world: MakeWorld):
    world = await make_world(**SLOW)
    client = await pending(world, "broker", "subscribe")
    client.send({"id": 3, "unsubscribe": {"channel": "c"}})
    await world.turn()
    assert client.news() == []
    await go_on(world, "broker", "subscribe")
    assert [one["id"] for one in client.news() if "id" in one] == [2, 3]
    assert client.connection.subscriptions == {}


async def test_a_channel_is_listened_to_again_when_somebody_returns(make_any_world: MakeWorld):
    """Before and after the broker was told that nobody listens."""
    world = await make_any_world()
    client = await world.connected()
    for pause in (0.0, 0.9, 1.1, 5.0):
        await client.subscribe("c")
        client.news()
        await world.publish("c", pause)
        assert [found["data"] for found in client.pushes("pub")] == [pause]
        await client.ask(unsubscribe={"channel": "c"})
        await world.advance(pause)
    await world.advance(3)
    assert world.node.hub.channels == {}
    assert getattr(world.broker, "memory", world.broker)._subscribed == set()


async def test_auto_cache_recovery_reads_the_newest(make_any_world: MakeWorld):
    """Without being asked; section 6.4."""
    cached = namespace(
        "cache", force_recovery=True, force_recovery_mode="cache", auto_cache_recover=True
    )
    world = await make_any_world(rules=open_rules(cached))
    for number in (1, 2):
        await world.publish("cache:c", number)
    client = await world.connected()
    result = await client.subscribe("cache:c")
    assert result["recovered"]
    assert result["was_recovering"]
    assert [found["data"] for found in result["publications"]] == [2]
