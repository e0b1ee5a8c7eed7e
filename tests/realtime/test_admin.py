"""What a server program does to connections and channels."""

from __future__ import annotations

from typing import Any

import pytest

from cadenza.protocol import codes
from cadenza.realtime import (
    CommandError,
    HistoryFilter,
    Override,
    StreamPosition,
    SubscriptionGrant,
)
from cadenza.realtime.controller import (
    DisconnectUser,
    NodeState,
    RefreshUser,
    SubscribeUser,
    Target,
    UnsubscribeUser,
)
from support.realtime.engine_world import Client, MakeWorld, World, namespace, open_rules


async def refused(work: Any) -> int:
    with pytest.raises(CommandError) as refusal:
        await work
    return refusal.value.error.code


async def three(world: World) -> list[Client]:
    return [await world.connected(user) for user in ("ann", "ann", "bob")]


async def test_targets(make_world: MakeWorld):
    """All connections of a user, or one of them by its id or session; never somebody else's."""
    world = await make_world()
    one, two, bob = await three(world)
    emulated = await world.connected("cyd", transport={"emulated": True})
    hub = world.node.hub

    def found(*target: Any) -> set[str]:
        return {connection.client for connection in hub.find(*target)}

    ids = [client.connection.client for client in (one, two, bob, emulated)]
    assert found("ann") == set(ids[:2])
    assert found("ann", ids[0]) == {ids[0]}
    assert found("ann", ids[2]) == set()
    assert found(None, ids[2]) == {ids[2]}
    assert found(None, "", emulated.connection.session) == {ids[3]}
    assert found("cyd", "", emulated.connection.session) == {ids[3]}
    assert found("cyd", "", "other") == set()
    assert found("", "") == set()
    assert found(None) == set()


async def test_subscribe_and_unsubscribe(make_any_world: MakeWorld):
    world = await make_any_world(rules=open_rules(namespace("p", allow_subscribe_for_client=False)))
    one, two, bob = await three(world)
    grant = SubscriptionGrant(
        info=b'"i"', data=b'"d"', override=Override(force_recovery=True, force_push_join_leave=True)
    )
    order = SubscribeUser(target=Target(user="ann"), channel="p:c", grant=grant)
    await world.node.admin.subscribe(order)
    await world.turn()
    for client in (one, two):
        push = client.pushes("subscribe")[0]
        assert push["data"] == "d"
        assert (push["positioned"], push["recoverable"]) == (True, True)
        assert push["epoch"]
    assert bob.news() == []
    presence = await world.node.admin.presence("p:c")
    assert {bytes(info.chan_info) for info in presence.values()} == {b'"i"'}
    assert await world.node.admin.presence_stats("p:c") == (2, 1)
    target = Target(user="ann", client=one.connection.client)
    await world.node.admin.unsubscribe(UnsubscribeUser(target=target, channel="p:c"))
    await world.turn()
    assert one.pushes("unsubscribe")[-1] == {"code": 2000, "reason": "server unsubscribe"}
    assert "p:c" in two.connection.subscriptions
    assert await world.node.admin.presence_stats("p:c") == (1, 1)


async def test_subscribing_again_is_pushed_again(make_any_world: MakeWorld):
    """Also on top of the client's own; joins and presence stay right."""
    world = await make_any_world()
    client = await world.connected()
    await client.subscribe("c", join_leave=True)
    client.news()
    order = SubscribeUser(target=Target(user="ann"), channel="c")
    for _ in range(2):
        await world.node.admin.subscribe(order)
        await world.turn()
    assert len([one for one in client.news() if "subscribe" in one.get("push", {})]) == 2
    assert world.node.hub.num_subscriptions == 1
    assert await world.node.admin.presence_stats("c") == (1, 1)


async def test_a_subscribe_may_say_where_it_recovers_from(make_any_world: MakeWorld):
    world = await make_any_world(rules=open_rules(namespace("r", force_recovery=True)))
    client = await world.connected()
    for number in range(3):
        await world.publish("r:c", number)
    top = (await world.node.admin.history("r:c", HistoryFilter())).top
    order = SubscribeUser(
        target=Target(user="ann"), channel="r:c", recover_since=StreamPosition(1, top.epoch)
    )
    await world.node.admin.subscribe(order)
    await world.turn()
    await world.publish("r:c", 3)
    news = [one["push"] for one in client.news()]
    assert news[0]["subscribe"]["offset"] == 1
    assert news[-1]["pub"]["offset"] == 4


async def test_disconnect_spares_the_whitelist(make_world: MakeWorld):
    world = await make_world()
    one, two, bob = await three(world)
    anonymous = await world.connected("")
    order = DisconnectUser(
        target=Target(user="ann"),
        disconnect=codes.FORCE_DISCONNECT,
        whitelist=(two.connection.client,),
    )
    await world.node.admin.disconnect(order)
    assert [client.code for client in (one, two, bob)] == [3503, None, None]
    await world.node.admin.disconnect(
        DisconnectUser(target=Target(user=""), disconnect=codes.Disconnect(4000, "mine"))
    )
    assert anonymous.transport.closed == (4000, "mine")
    assert [client.code for client in (two, bob)] == [None, None]


async def test_unknown_namespaces_and_switched_off_features(make_world: MakeWorld):
    world = await make_world()
    admin = world.node.admin
    assert await refused(admin.presence("none:c")) == 102
    assert await refused(admin.history("none:c", HistoryFilter())) == 102
    assert await refused(admin.history_remove("none:c")) == 102
    order = SubscribeUser(target=Target(user="ann"), channel="none:c")
    assert await refused(admin.subscribe(order)) == 102
    assert await refused(world.node.publish("none:c", b"1")) == 102
    assert await refused(admin.presence("plain:c")) == 108
    assert await refused(admin.presence_stats("plain:c")) == 108
    assert await refused(admin.history("plain:c", HistoryFilter())) == 108
    assert await refused(admin.history_remove("plain:c")) == 108


async def test_history(make_world: MakeWorld):
    world = await make_world()
    admin = world.node.admin
    for number in range(3):
        await world.publish("c", number)
    page = await admin.history("c", HistoryFilter(-1))
    assert [found.offset for found in page.publications] == [1, 2, 3]
    assert (await admin.history("c", HistoryFilter())).publications == []
    wrong = HistoryFilter(1, StreamPosition(0, page.top.epoch), reverse=True)
    assert await refused(admin.history("c", wrong)) == 107
    assert await refused(admin.history("c", HistoryFilter(1, StreamPosition(1, "x")))) == 112
    await admin.history_remove("c")
    assert await admin.history("c", HistoryFilter(-1)) == ([], page.top)


async def test_a_refresh_of_many(make_world: MakeWorld):
    world = await make_world()
    one, two, bob = await three(world)
    await world.node.admin.refresh(RefreshUser(target=Target(user="ann"), expired=True))
    assert [client.code for client in (one, two, bob)] == [3005, 3005, None]


async def test_a_survey_counts(make_world: MakeWorld):
    world = await make_world(name="here")
    one, _, bob = await three(world)
    for client in (one, bob):
        await client.subscribe("c")
    await bob.subscribe("d")
    await bob.ask(unsubscribe={"channel": "d"})
    await world.advance(5)
    (state,) = await world.node.admin.survey()
    assert isinstance(state, NodeState)
    info = state.info
    assert (info.name, info.version, info.uptime) == ("here", "test", 5)
    counted = (info.num_clients, info.num_users, info.num_subs, info.num_channels)
    assert counted == (3, 2, 2, 1)
    assert state.channels == {"c": 2}


async def test_emulated_frames_reach_their_session_only(make_world: MakeWorld):
    world = await make_world()
    node = world.node
    client = await world.connected("ann", transport={"emulated": True})
    session = client.connection.session
    frame = b'{"id":5,"presence":{"channel":"c"}}'
    assert await node.admin.emulate(node.uid, session, frame)
    await world.turn()
    assert [one["id"] for one in client.news()] == [5]
    assert await node.admin.emulate(node.uid, "no such session", frame)
    assert not await node.admin.emulate("no such node", session, frame)
    await world.turn()
    assert client.news() == []


async def test_idempotency_and_versions_through_the_node(make_any_world: MakeWorld):
    world = await make_any_world()
    client = await world.connected()
    await client.subscribe("c", positioned=True)
    client.news()
    for key in ("k", "k", "l"):
        await world.publish("c", key, idempotency_key=key)
    for version in (3, 2, 4):
        await world.publish("c", version, version=version)
    assert [one["data"] for one in client.pushes("pub")] == ["k", "l", 3, 4]
    assert "c" in client.connection.subscriptions


async def test_options_of_a_publication_do_not_stick(make_world: MakeWorld):
    world = await make_world()
    await world.publish("c", 1, skip_history=True)
    await world.publish("c", 2)
    page = await world.node.admin.history("c", HistoryFilter(-1))
    assert [bytes(found.data) for found in page.publications] == [b"2"]
