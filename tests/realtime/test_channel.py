"""A channel's subscribers in groups: who is pushed what, and who has missed something."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cadenza.protocol.messages import Publication, payload
from cadenza.realtime import ConnectReply, Handlers, Override, SubscriptionGrant
from cadenza.realtime.broker import Delivery
from cadenza.realtime.channel import Channel
from cadenza.realtime.controller import SubscribeUser, Target
from support.realtime.engine_world import (
    JSON_WIRE,
    PROTOBUF_WIRE,
    Client,
    MakeWorld,
    World,
    namespace,
    open_rules,
)


def deliver(world: World, offset: int, epoch: str = "", *, data: object = None) -> None:
    """As if a broker had delivered this to the node."""
    publication = Publication(data=payload(json.dumps(data or offset).encode()), offset=offset)
    epoch = epoch or world.node.hub.channels["c"].position.epoch
    world.node.on_publication("c", Delivery(publication, epoch if offset else ""))


async def subscriber(world: World, user: str = "ann", wire: Any = JSON_WIRE, **more: Any) -> Client:
    client = await world.connected(user, wire)
    await client.subscribe("c", **more)
    client.news()
    return client


def seen(client: Client) -> list[int]:
    return [one["data"] for one in client.pushes("pub")]


def channel(world: World) -> Channel:
    return world.node.hub.channels["c"]


async def test_those_who_agree_share_a_group(make_world: MakeWorld):
    world = await make_world()
    for wire in (JSON_WIRE, PROTOBUF_WIRE):
        for positioned in (False, True):
            for _ in range(2):
                await subscriber(world, wire=wire, positioned=positioned)
    assert sorted(len(group.members) for group in channel(world)._groups.values()) == [2, 2, 2, 2]
    for client in world.clients[:2]:
        await client.ask(unsubscribe={"channel": "c"})
    assert len(channel(world)._groups) == 3


async def test_late_and_doubled_publications_are_dropped_where_positions_are_watched(
    make_world: MakeWorld,
):
    world = await make_world()
    watched = await subscriber(world, positioned=True)
    other = await subscriber(world, "bob")
    for offset in (1, 2, 2, 1, 3):
        deliver(world, offset)
        await world.turn()
    assert seen(watched) == [1, 2, 3]
    assert seen(other) == [1, 2, 2, 1, 3]


async def test_a_gap_ends_watched_subscriptions_only(make_world: MakeWorld):
    """And no publication is sent to them first."""
    world = await make_world()
    watched = await subscriber(world, positioned=True)
    other = await subscriber(world, "bob")
    for offset in (1, 3):
        deliver(world, offset)
        await world.turn()
    news = watched.news()
    assert news[0]["push"]["pub"]["data"] == 1
    assert [one["push"].get("unsubscribe", {}).get("code") for one in news[1:]] == [2500]
    assert seen(other) == [1, 3]
    result = await watched.subscribe("c", positioned=True)
    assert result["positioned"]


async def test_another_epoch_is_insufficient_state(make_world: MakeWorld):
    world = await make_world()
    watched = await subscriber(world, positioned=True)
    filtered = await subscriber(world, "bob", positioned=True, tf={"key": "k", "cmp": "nex"})
    deliver(world, 1)
    deliver(world, 2, "another")
    await world.turn()
    for client in (watched, filtered):
        kinds = [next(iter(one["push"].keys() - {"channel"})) for one in client.news()]
        assert kinds == ["pub", "unsubscribe"]


async def test_publications_without_offset_move_nothing(make_world: MakeWorld):
    world = await make_world()
    watched = await subscriber(world, positioned=True)
    deliver(world, 1)
    deliver(world, 0, data="passing")
    deliver(world, 2)
    await world.turn()
    assert seen(watched) == [1, "passing", 2]


async def test_a_filtered_subscriber_keeps_its_place_over_what_it_does_not_want(
    make_world: MakeWorld,
):
    world = await make_world()
    wanted = {"key": "k", "cmp": "in", "vals": ["1", "2"]}
    client = await subscriber(world, positioned=True, tf=wanted)
    for value in ("0", "1", "0", "2", "0"):
        await world.publish("c", int(value), tags={"k": value})
    assert seen(client) == [1, 2]
    deliver(world, 7)
    await world.turn()
    assert [one["code"] for one in client.pushes("unsubscribe")] == [2500]


async def test_binary_payloads_end_json_subscribers_only(make_world: MakeWorld):
    world = await make_world()
    text, binary = await subscriber(world), await subscriber(world, "bob", PROTOBUF_WIRE)
    await world.publish("c", b"\xff\x00")
    assert (text.code, binary.code) == (3506, None)
    assert [bytes(found.data) for found in binary.publications("c")] == [b"\xff\x00"]
    assert list(channel(world).subscriptions) == [binary.connection]


async def test_recovering_a_binary_payload_on_json_is_an_inappropriate_protocol(
    make_world: MakeWorld,
):
    world = await make_world()
    await world.publish("c", b"\xff")
    client = await world.connected()
    client.send({"id": 9, "subscribe": {"channel": "c", "recover": True, "recoverable": True}})
    await world.turn()
    assert (client.news(), client.code) == ([], 3506)


async def test_an_empty_payload_is_left_out(make_world: MakeWorld):
    world = await make_world()
    client = await subscriber(world)
    await world.publish("c", b"")
    assert [one.get("data") for one in client.pushes("pub")] == [None]
    assert client.code is None


async def test_newlines_in_payloads_never_break_the_framing(make_world: MakeWorld):
    """Publications, infos of clients, and the data of connect and subscribe."""
    pretty = b'{\n"a":1\n}'
    grant = SubscriptionGrant(info=pretty, data=pretty, override=Override(join_leave=True))
    reply = ConnectReply(user="ann", info=pretty, data=pretty, subs={"s": grant})
    world = await make_world(handlers=Handlers(connect=lambda _: reply))
    client = world.open()
    connected = (await client.ask(connect={}))["connect"]
    assert connected["data"] == connected["subs"]["s"]["data"] == {"a": 1}
    await client.subscribe("c", join_leave=True)
    assert client.pushes("join")[-1]["info"]["conn_info"] == {"a": 1}
    await world.publish("c", pretty)
    assert client.pushes("pub")[0]["data"] == {"a": 1}
    presence = await client.ask(presence={"channel": "c"})
    assert presence["presence"]["presence"][client.connection.client]["conn_info"] == {"a": 1}


async def test_a_binary_info_reaches_only_those_who_can_read_it(make_world: MakeWorld):
    reply = {"ann": None, "bob": b"\xff"}
    world = await make_world(
        handlers=Handlers(connect=lambda event: ConnectReply(info=reply[event.name], user="u"))
    )
    text = await subscriber(world, "ann", join_leave=True)
    binary = await subscriber(world, "bob", PROTOBUF_WIRE)
    assert text.code == 3506
    assert binary.code is None


async def test_joins_and_leaves_go_to_those_who_asked(make_any_world: MakeWorld):
    """The own join too, right after the reply; never the own leave."""
    world = await make_any_world()
    asked, silent = await world.connected("ann"), await subscriber(world, "bob")
    await asked.subscribe("c", join_leave=True)
    news = asked.news()
    assert "subscribe" in news[0]
    assert news[1]["push"]["join"]["info"]["user"] == "ann"
    third = await subscriber(world, "cyd")
    await third.ask(unsubscribe={"channel": "c"})
    fourth = await subscriber(world, "dan")
    fourth.connection.lost()
    await world.turn()
    kinds = [
        (kind, one["push"][kind]["info"]["user"])
        for one in asked.news()
        for kind in ("join", "leave")
        if kind in one["push"]
    ]
    assert kinds == [("join", "cyd"), ("leave", "cyd"), ("join", "dan"), ("leave", "dan")]
    assert [one for one in silent.news() if "push" in one] == []


async def test_forced_joins_go_to_everybody(make_world: MakeWorld):
    world = await make_world(rules=open_rules(namespace("f", force_push_join_leave=True)))
    client = await world.connected()
    await client.subscribe("f:c")
    assert [one["info"]["user"] for one in client.pushes("join")] == ["ann"]


async def test_a_change_of_dialect_moves_every_subscription(make_world: MakeWorld):
    """Plain, watched, delta with a base, filtered and listening: nothing lost, nothing doubled."""
    rules = open_rules(namespace("f", force_push_join_leave=True))
    world = await make_world(rules=rules)
    client, other = await world.connected(), await world.connected("bob")
    requests: dict[str, dict[str, Any]] = {
        "f:plain": {},
        "f:watched": {"positioned": True},
        "f:delta": {"positioned": True, "delta": "fossil"},
        "f:filtered": {"tf": {"key": "k", "cmp": "nex"}},
    }
    for name, request in requests.items():
        await client.subscribe(name, **request)
        await other.subscribe(name, **request)
        await world.publish(name, "before" * 10, delta=True)
    for one in (client, other):
        one.news()
    reply = await client.ask(presenceStats={"channel": "f:plain"})
    assert reply["presenceStats"] == {"numClients": 2, "numUsers": 2}
    client.news()
    third = await world.connected("cyd")
    for name in requests:
        await world.publish(name, "before" * 9 + "after", delta=True)
        await third.subscribe(name)
    news, plain_news = client.news(), other.news()
    for name in requests:
        mine = [one["push"] for one in news if one["push"]["channel"] == name]
        theirs = [one["push"] for one in plain_news if one["push"]["channel"] == name]
        assert [sorted(push) for push in mine] == [sorted(push) for push in theirs]
        assert [push["pub"] for push in mine if "pub" in push] == [
            push["pub"] for push in theirs if "pub" in push
        ]
        assert [list(push["join"]["info"]) for push in mine if "join" in push] == [
            ["user", "client"]
        ]
    wires = {
        wire.name: len(group.members)
        for wire, group in world.node.hub.channels["f:filtered"]._listeners.items()
        if group.members
    }
    assert wires == {"json-camel": 1, "json": 2}


async def test_subscribing_from_the_server_while_others_listen(make_any_world: MakeWorld):
    world = await make_any_world()
    client = await world.connected()
    order = SubscribeUser(target=Target(user="ann"), channel="c", grant=SubscriptionGrant())
    await world.node.admin.subscribe(order)
    await world.publish("c", 1)
    kinds = [next(iter(one["push"].keys() - {"channel"})) for one in client.news()]
    assert kinds == ["subscribe", "pub"]
    assert (await client.ask(subscribe={"channel": "c"}))["error"]["code"] == 105
    assert await client.ask(unsubscribe={"channel": "c"}) == {"unsubscribe": {}}


@pytest.mark.parametrize("positioned", [False, True])
async def test_publications_come_after_the_subscribe_reply(
    make_any_world: MakeWorld, positioned: bool
):
    world = await make_any_world()
    client = await world.connected()
    client.send(
        {"id": 2, "subscribe": {"channel": "c", "positioned": positioned}},
        {"id": 3, "publish": {"channel": "c", "data": 1}},
    )
    await world.turn()
    news = client.news()
    assert "subscribe" in news[0]
    assert {"pub", "channel"} in [set(one.get("push", {})) for one in news[1:]]
    assert client.code is None


async def test_a_transport_that_fails_is_dropped_and_its_subscriptions_with_it(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
):
    """The failed write ends that connection as 3009; the others get the publication."""
    world = await make_world()
    broken, whole = await world.connected("ann"), await world.connected("bob")
    for client in (broken, whole):
        await client.ask(subscribe={"channel": "c"})

    def fail() -> None:
        raise OSError("no such transport")

    broken.transport.on_write = fail
    await world.publish("c", {"n": 1})
    assert broken.transport.aborted
    assert not broken.connection.is_open
    assert world.node.disconnect_counts[3009] == 1
    pushed = [message["push"] for message in whole.news() if "push" in message]
    assert [push["pub"]["data"] for push in pushed if "pub" in push] == [{"n": 1}]
    assert "writing to client" in caplog.text
